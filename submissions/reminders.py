"""Which reminders go out: those of `certifications.reminders`, resting while a request is open."""

from collections.abc import Iterator
from datetime import date, datetime

from django.db import models

from certifications import reminders
from certifications.models import Reminder
from submissions.models import Submission


def due(on: date) -> Iterator[Reminder]:
    """The reminders that have come by that day and are not planned yet, unsaved."""
    return reminders.due(on, except_for=_resting())


def plan(on: date, *, at: datetime) -> int:
    """Write a row for each due reminder, to be sent from `at` on; returns how many. Safe to repeat and to race."""
    return reminders.plan(on, at=at, except_for=_resting())


def is_still_due(reminder: Reminder, on: date) -> bool:
    """Whether a planned reminder is still to be sent, or a request, the person or the registry came in between."""
    return reminders.is_still_due(reminder, on, except_for=_resting())


def _resting() -> models.QuerySet[Submission, int]:
    return Submission.objects.open().values_list("credential_id", flat=True)
