"""Reminders rest while a request is open, and are looked at once more before they leave."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.clock import program_today
from accounts.models import User
from certifications.models import Credential, Reminder
from onepoints.tests.factories import (
    NOW,
    TODAY,
    approve,
    make_credential,
    make_holder,
    make_points,
    make_reviewer,
    send,
)
from submissions import reminders, workflow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("program")]


@pytest.fixture
def credential():
    """Ends in 30 days; its holder has enough points."""
    holder = make_holder()
    make_points(holder, 40)
    return make_credential(holder, expires_on=TODAY + timedelta(days=30))


def plan(on=TODAY) -> list[int]:
    reminders.plan(on, at=NOW)
    return list(Reminder.objects.order_by("pk").values_list("days_before", flat=True))


def test_while_a_request_is_open_nothing_is_planned(credential):
    submission = send(credential)
    assert plan() == []
    assert list(reminders.due(TODAY)) == []
    workflow.withdraw(submission, by=credential.holder, at=NOW)
    assert plan() == [30]


def test_a_returned_request_is_open_too(credential):
    submission = send(credential)
    reviewer = make_reviewer()
    workflow.take(submission, by=reviewer, at=NOW)
    workflow.return_for_more(submission, "One thing is missing.", by=reviewer, at=NOW, on=TODAY)
    assert plan() == []


def test_a_request_for_one_certification_silences_no_other(credential):
    make_credential(credential.holder, expires_on=credential.expires_on, code="OCA-IMP")
    send(credential)
    assert plan() == [30]


def test_a_planned_reminder_is_not_due_once_a_request_is_open(credential):
    plan()
    reminder = Reminder.objects.get()
    assert reminders.is_still_due(reminder, TODAY)
    send(credential)
    assert not reminders.is_still_due(reminder, TODAY)


def test_after_an_extension_the_old_reminder_is_void_and_the_new_date_starts_again(credential):
    plan()
    approve(send(credential), make_reviewer())
    assert not reminders.is_still_due(Reminder.objects.get(), TODAY)
    assert plan() == [30]
    assert plan(Credential.objects.get().expires_on - timedelta(days=180)) == [30, 180]


@pytest.mark.parametrize(
    ("moment", "steps"),
    [
        (datetime(2026, 11, 25, 4, 59, tzinfo=UTC), []),  # still 24 November in Detroit, 37 days are 38 there
        (datetime(2026, 11, 25, 5, 0, tzinfo=UTC), [37]),
    ],
)
def test_midnight_is_the_programmes(moment, steps):
    holder = make_holder(time_zone="Pacific/Auckland")
    make_credential(holder, expires_on=datetime(2026, 11, 25, tzinfo=UTC).date() + timedelta(days=37))
    Reminder.objects.create(
        reference="sent before",
        credential=Credential.objects.get(),
        expires_on=Credential.objects.get().expires_on,
        days_before=45,
        planned_at=NOW,
        next_attempt_at=NOW,
    )
    assert plan(program_today(moment))[1:] == steps


def test_nobody_who_wants_none_is_sent_one_that_was_planned_before(credential):
    plan()
    User.objects.update(reminders=User.Reminders.NONE)
    assert not reminders.is_still_due(Reminder.objects.get(), TODAY)
