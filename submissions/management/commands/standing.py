import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.clock import program_today
from accounts.models import User
from submissions import standing
from submissions.models import Policy
from submissions.rules import show_points
from submissions.standing import Line, Standing


class Command(BaseCommand):
    help = "Show where a person stands on a day: each certification, its points, and why something does not count."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the person's address")
        parser.add_argument(
            "--on", type=date.fromisoformat, metavar="DATE", help="such as 2027-05-12; today in the programme's zone"
        )
        parser.add_argument("--json", action="store_true", help="a list of objects; points are numbers, days ISO dates")

    def handle(self, *args: Any, email: str, on: date | None = None, json: bool = False, **options: Any) -> None:
        person = User.objects.filter(email=email.strip().lower()).first()
        if person is None:
            raise CommandError(f"There is nobody with the address {email}.")
        try:
            found = standing.standings(person, on or program_today())
        except Policy.DoesNotExist:
            raise CommandError(f"No policy was in force on {on}.") from None
        self.stdout.write(_as_json(found) if json else "\n".join(_as_text(person, found)))


def _as_json(found: list[Standing]) -> str:
    return json.dumps([_facts(stands) for stands in found], indent=2, ensure_ascii=False)


def _facts(stands: Standing) -> dict[str, object]:
    return {
        "certification": stands.credential.certification.title,
        "candidate_id": stands.credential.candidate_id,
        "on": stands.on.isoformat(),
        "expires_on": stands.expires_on.isoformat(),
        "advised_by": stands.advised_by.isoformat(),
        "last_day": stands.last_day.isoformat(),
        "points": float(stands.points),
        "needed": float(stands.needed),
        "can_submit": stands.can_submit,
        "reasons": stands.reasons,
        "activities": [_activity(line) for line in stands.lines],
    }


def _activity(line: Line) -> dict[str, object]:
    """`points` is what the activity is worth, `counted_points` what counts of it on that day."""
    return {
        "id": line.activity.pk,
        "code": line.activity.type.code,
        "title": line.activity.title,
        "completed_on": line.activity.completed_on.isoformat(),
        "points": float(line.activity.points),
        "counted_points": float(line.points),
        "counts": line.counts,
        "why_not": line.why_not,
        "counts_until": line.counts_until.isoformat(),
    }


def _as_text(person: User, found: list[Standing]) -> Iterator[str]:
    if not found:
        yield f"{person} holds no certification here."
    for stands in found:
        yield (
            f"{stands.credential.certification} ({stands.credential.candidate_id}) until {stands.expires_on}, "
            f"seen on {stands.on}"
        )
        yield f"  {show_points(stands.points)} of {show_points(stands.needed)} points"
        yield f"  ask by {stands.advised_by}, at the latest on {stands.last_day}"
        yield "  can ask now" if stands.can_submit else f"  cannot ask: {' '.join(stands.reasons)}"
        for line in stands.lines:
            why = line.why_not or f"counts until {line.counts_until}"
            yield f"  {line.activity.completed_on}  {show_points(line.points):>6}  {line.activity.title}: {why}"
