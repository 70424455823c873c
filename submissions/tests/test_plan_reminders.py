"""`manage.py plan_reminders`: who gets what on a day; with --apply it is planned."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.clock import program_today
from certifications.models import Reminder
from onepoints.tests.factories import make_credential, make_holder, make_points, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("program")]


def run(on: date, **options) -> str:
    out = StringIO()
    call_command("plan_reminders", on=on, stdout=out, **options)
    return out.getvalue()


def test_it_shows_who_gets_what_and_plans_nothing():
    nearly = make_holder(email="ada@example.com")
    make_points(nearly, 34)
    make_credential(nearly, date(2027, 5, 12))
    make_credential(make_holder(email="bob@example.com"), date(2027, 4, 26))
    said = run(date(2027, 4, 12)).splitlines()
    assert said == [
        "  30  ada@example.com  6 points to go: Administration R2 ends on 12 May 2027",
        "  14  bob@example.com  40 points to go: Administration R2 ends on 26 April 2027",
        "2 due on 2027-04-12; nothing planned, --apply does that.",
    ]
    assert not Reminder.objects.exists()


def test_apply_plans_once():
    make_credential(make_holder(), program_today() + timedelta(days=30))
    assert "1 due" in run(program_today(), apply=True)
    assert "0 due" in run(program_today(), apply=True)
    assert Reminder.objects.get().next_attempt_at <= timezone.now()


def test_what_is_planned_for_a_day_to_come_waits_for_its_morning():
    day = date(2099, 4, 12)
    make_credential(make_holder(), date(2099, 5, 12))
    run(day, apply=True)
    assert Reminder.objects.get().next_attempt_at == datetime(2099, 4, 12, 12, tzinfo=UTC)  # 8 in Detroit
    assert not Reminder.objects.due(timezone.now()).exists()


def test_an_open_request_is_left_in_peace():
    holder = make_holder()
    make_points(holder, 40)
    send(make_credential(holder, date(2027, 5, 12)))
    assert run(date(2027, 4, 12)) == "0 due on 2027-04-12; nothing planned, --apply does that.\n"
