"""What a person says, set against what their files say (`Evidence.facts`). It points out; it decides nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

from activities import reading
from activities.models import Activity, ActivityType, Evidence

Value = TypeVar("Value")

MOST_HOURS = 500  # that one activity can have
# Of these one activity is worth as many points as it has hours (handbook, rule 9).
WORTH_THEIR_HOURS = {ActivityType.Unit.COURSE, ActivityType.Unit.WORKSHOP}


@dataclass(frozen=True)
class Found(Generic[Value]):
    """A value, and the name of the first file that says it."""

    value: Value
    file: str


@dataclass(frozen=True)
class Check(Generic[Value]):
    """What is claimed beside what the files say of it."""

    claimed: Value
    found: Sequence[Found[Value]]
    agrees: bool

    @property
    def differs(self) -> bool:
        return bool(self.found) and not self.agrees


def days(files: Iterable[Evidence]) -> list[Found[date]]:
    return _found(files, "dates", date.fromisoformat)


def hours(files: Iterable[Evidence]) -> list[Found[Decimal]]:
    return _found(files, "hours", _hours)


def titles(files: Iterable[Evidence]) -> list[Found[str]]:
    return _found(files, "titles", str)


def names(files: Iterable[Evidence]) -> list[Found[str]]:
    return _found(files, "names", str)


def other_names(files: Iterable[Evidence], name: str) -> list[Found[str]]:
    """Of each file that names somebody else and this person nowhere: whom."""
    return [found[0] for evidence in files if (found := names([evidence])) and not _is_of(evidence, name)]


def check_name(files: Sequence[Evidence], name: str) -> Check[str]:
    """One file that names somebody else is enough to ask."""
    others = other_names(files, name)
    return Check(name, others, not others and any(_is_of(evidence, name) for evidence in files))


def check_day(files: Iterable[Evidence], day: date) -> Check[date]:
    return _check(day, days(files))


def check_hours(files: Iterable[Evidence], activity: Activity) -> Check[Decimal] | None:
    """None where hours are not what the points come from."""
    claimed = hours_of(activity.type, activity.quantity)
    return None if claimed is None else _check(claimed, hours(files))


def hours_of(kind: ActivityType, quantity: Decimal) -> Decimal | None:
    """How many hours an activity of that kind claims to have had."""
    if kind.unit == ActivityType.Unit.HOUR:
        return quantity
    return kind.points if kind.unit in WORTH_THEIR_HOURS else None


def _is_of(evidence: Evidence, name: str) -> bool:
    """Whether a name found in the file is theirs or, which takes longer to see, its text mentions them."""
    is_named = any(reading.names_match(found.value, name) for found in names([evidence]))
    return is_named or reading.mentions(evidence.text, name)


def _check(claimed: Value, found: Sequence[Found[Value]]) -> Check[Value]:
    return Check(claimed, found, any(f.value == claimed for f in found))


def _found(files: Iterable[Evidence], fact: str, read: Callable[[str], Value]) -> list[Found[Value]]:
    """Each value once; what cannot be read is passed over: a stranger's file gave it."""
    found: dict[Value, Found[Value]] = {}
    for evidence in files:
        for text in evidence.facts.get(fact, []):
            try:
                value = read(text)
            except (ValueError, InvalidOperation):
                continue
            found.setdefault(value, Found(value, evidence.shown_name))
    return list(found.values())


def _hours(text: Any) -> Decimal:
    amount = Decimal(text)
    if not (amount.is_finite() and 0 < amount <= MOST_HOURS):
        raise ValueError(text)
    return amount
