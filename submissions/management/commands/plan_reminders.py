from argparse import ArgumentParser
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.clock import program_today
from submissions import emails, reminders


class Command(BaseCommand):
    help = "Show who gets which reminder on a day, with its subject; --apply plans them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--on", type=date.fromisoformat, metavar="DATE", required=True, help="such as 2027-04-12")
        parser.add_argument(
            "--apply",
            action="store_true",
            help="plan them: they go out with the next sweep, those of a day to come on its morning",
        )

    def handle(self, *args: Any, on: date, apply: bool, **options: Any) -> None:
        due = 0
        for reminder in reminders.due(on):
            due += 1
            message = emails.build_reminder(reminder, on=on)
            self.stdout.write(f"{reminder.days_before:>4}  {message.to[0]}  {message.subject}")
        if apply:
            reminders.plan(on, at=timezone.now() if on <= program_today() else _morning(on))
        self.stdout.write(f"{due} due on {on}; {'planned' if apply else 'nothing planned, --apply does that'}.")


def _morning(day: date) -> datetime:
    """A reminder of a day to come waits until then: sent earlier, it would not be due yet."""
    return datetime.combine(day, time(8), tzinfo=ZoneInfo(settings.PROGRAM_TIME_ZONE))
