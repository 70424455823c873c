"""Which reminders are due: one per credential, expiry date and step, the latest only, and none that nobody wants."""

from datetime import date, timedelta

import pytest
from django.conf import settings

from accounts.models import User
from certifications import reminders
from certifications.models import Credential, Reminder
from onepoints.tests.factories import NOW, make_credential, make_holder
from onepoints.tests.races import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("program")]

EXPIRES = date(2027, 5, 12)
NOBODY = Credential.objects.none().values_list("pk")
FEW, NONE = User.Reminders.FEW, User.Reminders.NONE


def before(days: int) -> date:
    return EXPIRES - timedelta(days=days)


def plan(on: date) -> list[int]:
    """Plan that day; the steps of all rows there are afterwards, first to last."""
    reminders.plan(on, at=NOW, except_for=NOBODY)
    return list(Reminder.objects.order_by("pk").values_list("days_before", flat=True))


def days_around_the_steps() -> list[int]:
    """Each step with the days beside it, first to last, and long afterwards."""
    return sorted({step + beside for step in settings.REMINDER_DAYS for beside in (1, 0, -1)} | {-8, -9}, reverse=True)


def test_each_step_is_planned_once_on_its_day_and_then_all_is_quiet():
    make_credential(make_holder())
    for days in days_around_the_steps():
        assert (days in plan(before(days))) == (days in settings.REMINDER_DAYS)
    assert plan(before(-20)) == [180, 120, 90, 60, 45, 37, 30, 14, 7, 1, -1]


def test_the_important_ones_only():
    make_credential(make_holder(reminders=FEW))
    for days in days_around_the_steps():
        plan(before(days))
    assert plan(before(-20)) == [90, 30, 7, 1]


def test_whoever_wants_none_gets_none():
    make_credential(make_holder(reminders=NONE))
    assert plan(before(30)) == []


def test_nobody_without_an_account_or_with_a_closed_one_is_reminded():
    make_credential(make_holder(is_active=False))
    make_credential(None)
    assert plan(before(30)) == []


def test_planning_twice_plans_once():
    make_credential(make_holder())
    assert plan(before(30)) == plan(before(30)) == [30]


def test_after_three_dead_days_the_missed_step_goes_out_late():
    make_credential(make_holder())
    plan(before(31))
    assert plan(before(27)) == [37, 30]


def test_after_a_dead_fortnight_only_the_latest_step_goes_out():
    make_credential(make_holder())
    plan(before(46))
    assert plan(before(29)) == [60, 30], "45 and 37 were missed, and nobody needs them any more"


def test_a_certification_that_ended_long_ago_is_left_in_peace():
    make_credential(make_holder())
    assert plan(before(-8)) == [-1]
    Reminder.objects.all().delete()
    assert plan(before(-9)) == []


def test_a_new_expiry_date_starts_again():
    credential = make_credential(make_holder())
    plan(before(30))
    Credential.objects.filter(pk=credential.pk).update(expires_on=EXPIRES + timedelta(days=730))
    assert plan(before(29)) == [30]
    assert plan(EXPIRES + timedelta(days=730 - 30)) == [30, 30]


def test_what_rests_is_not_planned():
    credential = make_credential(make_holder())
    resting = Credential.objects.filter(pk=credential.pk).values_list("pk")
    assert reminders.plan(before(30), at=NOW, except_for=resting) == 0
    assert not Reminder.objects.exists()


def test_more_than_one_chunk_is_planned_whole(monkeypatch):
    monkeypatch.setattr(reminders, "CHUNK", 3)
    for _ in range(7):
        make_credential(make_holder())
    assert plan(before(30)) == [30] * 7


def test_the_number_of_queries_does_not_grow_with_the_credentials(django_assert_num_queries):
    def queries(number):
        for _ in range(number):
            make_credential(make_holder())
        with django_assert_num_queries(16):  # 11 steps for all, 4 for few, and one to write
            plan_only()

    def plan_only():
        reminders.plan(before(30), at=NOW, except_for=NOBODY)

    queries(1)
    queries(30)


# --- still due? -------------------------------------------------------------------------------------------------------


def planned(**fields) -> Reminder:
    make_credential(make_holder(**fields))
    plan(before(30))
    return Reminder.objects.get()


def is_still_due(reminder: Reminder, on: date | None = None) -> bool:
    return reminders.is_still_due(reminder, on or before(30), except_for=NOBODY)


def test_a_planned_reminder_is_due_until_the_next_step():
    reminder = planned()
    assert is_still_due(reminder)
    assert is_still_due(reminder, before(15))
    assert not is_still_due(reminder, before(14))


@pytest.mark.parametrize(
    ("person", "credential"),
    [
        ({"reminders": NONE}, {}),
        ({"is_active": False}, {}),
        ({}, {"expires_on": EXPIRES + timedelta(days=1)}),
        ({}, {"holder": None}),
    ],
)
def test_a_planned_reminder_is_not_due_any_more_when_its_ground_is_gone(person, credential):
    reminder = planned()
    User.objects.update(**(person or {"name": "Same"}))
    Credential.objects.update(**(credential or {"registry_name": "Same"}))
    assert not is_still_due(reminder)


def test_a_step_that_few_do_not_want_is_not_due_after_they_said_so():
    make_credential(make_holder())
    plan(before(37))
    reminder = Reminder.objects.get()
    assert is_still_due(reminder, before(37))
    User.objects.update(reminders=FEW)
    assert not is_still_due(reminder, before(37))


def test_the_last_step_of_few_stays_due_a_week_and_says_so():
    make_credential(make_holder(reminders=FEW))
    plan(before(1))
    reminder = Reminder.objects.get()
    assert is_still_due(reminder, before(-6))
    assert not is_still_due(reminder, before(-7))


# --- races ------------------------------------------------------------------------------------------------------------


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_eight_planners_at_once_plan_each_reminder_once():
    for _ in range(50):
        make_credential(make_holder())
    together(8, lambda _n: reminders.plan(before(30), at=NOW, except_for=NOBODY))
    assert Reminder.objects.count() == 50
    assert Reminder.objects.values("credential").distinct().count() == 50
