"""Plan reminders: exactly one per credential, expiry date and step; a constraint has the last word."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import models

from accounts.models import User
from certifications import rules
from certifications.models import Credential, Reminder

# Rows written at once: memory stays flat however many are due.
CHUNK = 2000


def due(on: date, *, except_for: models.QuerySet[Any]) -> Iterator[Reminder]:
    """The reminders that have come by that day and are not planned yet, unsaved.

    `except_for` is a query of credential ids whose reminders rest, because a request is open.
    """
    for choice, steps in _steps().items():
        for step, first, last in rules.step_windows(on, steps):
            planned = Reminder.objects.filter(
                credential=models.OuterRef("pk"), expires_on=models.OuterRef("expires_on"), days_before=step
            )
            found = (
                _reminded([choice], except_for)
                .filter(~models.Exists(planned), expires_on__range=(first, last))
                .select_related("holder", "certification")
                .order_by("expires_on", "pk")
            )
            for credential in found.iterator(CHUNK):
                yield _reminder(credential, step)


def plan(on: date, *, at: datetime, except_for: models.QuerySet[Any]) -> int:
    """Write a row for each due reminder, to be sent from `at` on. Safe to repeat and to race.

    Returns how many were due; one that another planner writes at the same moment counts for both.
    """
    planned, chunk = 0, []
    for reminder in due(on, except_for=except_for):
        reminder.planned_at = reminder.next_attempt_at = at
        chunk.append(reminder)
        if len(chunk) == CHUNK:
            planned += len(Reminder.objects.bulk_create(chunk, ignore_conflicts=True))
            chunk = []
    return planned + len(Reminder.objects.bulk_create(chunk, ignore_conflicts=True))


def is_still_due(reminder: Reminder, on: date, *, except_for: models.QuerySet[Any]) -> bool:
    """Whether a planned reminder is still to be sent: in an hour, or in an outage, everything may have changed."""
    choices = [
        choice
        for choice, steps in _steps().items()
        for step, first, last in rules.step_windows(on, steps)
        if step == reminder.days_before and first <= reminder.expires_on <= last
    ]
    reminded = _reminded(choices, except_for)
    return reminded.filter(pk=reminder.credential_id, expires_on=reminder.expires_on).exists()


def _steps() -> dict[str, Sequence[int]]:
    """The steps of each choice a person has; "no reminders" has none."""
    few = [step for step in settings.REMINDER_DAYS if step in rules.IMPORTANT_DAYS]
    return {User.Reminders.ALL: settings.REMINDER_DAYS, User.Reminders.FEW: few}


def _reminded(choices: Sequence[str], except_for: models.QuerySet[Any]) -> models.QuerySet[Credential]:
    """The credentials of active people with one of these choices, without those whose reminders rest."""
    return Credential.objects.filter(holder__is_active=True, holder__reminders__in=choices).exclude(pk__in=except_for)


def _reminder(credential: Credential, step: int) -> Reminder:
    return Reminder(
        reference=f"reminder-{credential.pk}-{credential.expires_on:%Y%m%d}-{step}",
        credential=credential,
        expires_on=credential.expires_on,
        days_before=step,
    )
