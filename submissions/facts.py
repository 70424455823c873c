"""The facts of a claim beside what its files say, as a reviewer reads them: found, something else, or not found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from activities import comparison
from activities.comparison import Check
from activities.models import Activity, Evidence
from submissions.rules import show_points

MOST = 3  # of what the files say, shown


@dataclass(frozen=True)
class Fact:
    """One fact of a claim, with the mark and the words for what the files say of it."""

    label: str
    claimed: str
    tone: str
    shape: str
    words: str


def facts_of(activity: Activity, holder: str) -> list[Fact]:
    """Name, day and, where the points come from them, hours; nothing where no file can be looked at."""
    files = [evidence for evidence in activity.evidence_files.all() if evidence.is_showable]
    if not files:
        return []
    hours = comparison.check_hours(files, activity)
    found = [
        _fact(_("Name"), comparison.check_name(files, holder), str, files),
        _fact(_("Date"), comparison.check_day(files, activity.completed_on), date_format, files),
    ]
    return [*found, _fact(_("Hours"), hours, show_points, files)] if hours else found


def _fact(label: str, check: Check[Any], show: Callable[[Any], str], files: Sequence[Evidence]) -> Fact:
    return Fact(label, show(check.claimed), *_mark(check, show, files))


def _mark(check: Check[Any], show: Callable[[Any], str], files: Sequence[Evidence]) -> tuple[str, str, str]:
    if check.agrees:
        return "good", "✓", _("found in the document")
    if check.differs:
        return "soon", "?", _("the document says %(found)s") % {"found": _listed([show(f.value) for f in check.found])}
    if any(evidence.text.strip() for evidence in files):
        return "quiet", "?", _("not found")
    return "quiet", "–", _("no text to read, please look")


def _listed(said: Sequence[str]) -> str:
    return ", ".join(said[:MOST]) + (" …" if len(said) > MOST else "")
