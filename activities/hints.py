"""What files say about an activity, in words for the person who logs it: values to use, and differences."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities import comparison
from activities.comparison import Found
from activities.models import Activity, ActivityType, Evidence

MOST = 3  # values a field


@dataclass(frozen=True)
class Proposal:
    """A value from a file, as the field takes it and as people read it."""

    value: str
    shown: str
    file: str


@dataclass(frozen=True)
class Hint:
    """What the files say of one field of the form."""

    difference: str = ""
    proposals: Sequence[Proposal] = ()


def for_title(files: Iterable[Evidence], typed: str) -> Hint:
    return _hint(comparison.titles(files), typed, _is_same_title, str, _quoted)


def for_day(files: Iterable[Evidence], typed: date | None, today: date) -> Hint:
    """Days to come are left out: nothing can be logged for them."""
    days = [found for found in comparison.days(files) if found.value <= today]
    return _hint(days, typed, date.__eq__, date.isoformat, date_format)


def for_hours(files: Iterable[Evidence], typed: Decimal | None) -> Hint:
    return _hint(comparison.hours(files), typed, Decimal.__eq__, "{:f}".format, _in_hours)


def for_kind(files: Iterable[Evidence], kind: ActivityType) -> Hint:
    """A kind that has its length in its name: the files may say another one."""
    claimed = None if kind.asks_quantity else comparison.hours_of(kind, Decimal(1))
    found = comparison.hours(files)
    if claimed is None or not found or any(f.value == claimed for f in found):
        return Hint()
    words = {"file": found[0].file, "found": _all_of_first(found, _in_hours), "claimed": _in_hours(claimed)}
    return Hint(_("%(file)s says %(found)s, this kind counts %(claimed)s.") % words)


def differences(activity: Activity, files: Sequence[Evidence]) -> list[str]:
    """Where the files of a logged activity say something else than its owner; day and hours only, titles vary."""
    found = [for_day(files, activity.completed_on, date.max), for_kind(files, activity.type)]
    if activity.type.unit == ActivityType.Unit.HOUR:
        found.append(for_hours(files, activity.quantity))
    return [hint.difference for hint in found if hint.difference]


def _hint(
    found: Sequence[Found[Any]],
    typed: Any,
    is_same: Callable[[Any, Any], bool],
    as_typed: Callable[[Any], str],
    as_read: Callable[[Any], str],
) -> Hint:
    if not found or (typed and any(is_same(typed, f.value) for f in found)):
        return Hint()
    words = {"file": found[0].file, "found": _all_of_first(found, as_read), "typed": as_read(typed) if typed else ""}
    return Hint(
        _("%(file)s says %(found)s, you entered %(typed)s.") % words if typed else "",
        [Proposal(as_typed(f.value), as_read(f.value), f.file) for f in found[:MOST]],
    )


def _all_of_first(found: Sequence[Found[Any]], as_read: Callable[[Any], str]) -> str:
    """What the first of the files says."""
    said = [as_read(f.value) for f in found if f.file == found[0].file]
    return get_text_list(said[:MOST], _("or"))


def _is_same_title(typed: str, found: str) -> bool:
    """A title may be cut short or have more around it."""
    one, other = sorted((" ".join(title.casefold().split()) for title in (typed, found)), key=len)
    return one in other


def _quoted(title: str) -> str:
    return _("“%(title)s”") % {"title": title}


def _in_hours(hours: Decimal) -> str:
    return ngettext("%(hours)s hour", "%(hours)s hours", 1 if hours == 1 else 2) % {
        "hours": number_format(hours.normalize() if hours % 1 else hours.to_integral_value())
    }
