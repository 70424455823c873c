"""Months forward, and the latest reminder step."""

from datetime import date, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from certifications.rules import IMPORTANT_DAYS, LATE_DAYS, add_months, advised_by, step_windows

DAYS = st.dates(date(1990, 1, 1), date(2200, 12, 31))
MONTHS = st.integers(0, 600)
STEPS = st.lists(st.integers(-30, 400), max_size=12)
THE_STEPS = [180, 120, 90, 60, 45, 37, 30, 14, 7, 1, -1]


@given(DAYS, MONTHS)
def test_months_are_added_as_another_library_adds_them(day, months):
    assert add_months(day, months) == day + relativedelta(months=months)


@given(DAYS, DAYS, MONTHS)
def test_a_later_day_never_reaches_less_far(one, other, months):
    first, second = sorted([one, other])
    assert add_months(first, months) <= add_months(second, months)


@pytest.mark.parametrize(
    ("day", "months", "until"),
    [
        (date(2028, 2, 29), 24, date(2030, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2024, 2, 29), 24, date(2026, 2, 28)),
        (date(2026, 2, 28), 24, date(2028, 2, 28)),
        (date(2026, 8, 31), 24, date(2028, 8, 31)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 31), 24, date(2028, 12, 31)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 12, 31), 0, date(2026, 12, 31)),
    ],
)
def test_months_are_clamped_at_the_end_of_the_month(day, months, until):
    assert add_months(day, months) == until


def test_adding_months_is_not_reversible():
    assert add_months(date(2028, 2, 29), 24) == add_months(date(2028, 2, 28), 24) == date(2030, 2, 28)


def test_months_are_never_subtracted():
    with pytest.raises(ValueError, match="forward"):
        add_months(date(2026, 5, 12), -1)


def test_the_calendar_ends_in_9999():
    assert add_months(date(9997, 12, 31), 24) == date(9999, 12, 31)
    with pytest.raises(OverflowError):
        add_months(date(9998, 1, 1), 24)


def test_a_request_is_advised_thirty_days_before():
    assert advised_by(date(2027, 5, 12), 30) == date(2027, 4, 12)
    assert advised_by(date(2028, 3, 30), 30) == date(2028, 2, 29)


# --- the latest step that has come ----------------------------------------------------------------------------------


def latest_step(on, expires_on, steps):
    """One day after the other, as a person would: the last step whose day has come, unless that is long past."""
    latest = None
    for step in sorted(set(steps), reverse=True):
        if expires_on - timedelta(days=step) <= on:
            latest = step
    if latest is not None and latest == min(steps) and (on - expires_on).days > -latest + LATE_DAYS:
        return None
    return latest


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(-60, 450), STEPS)
def test_exactly_the_latest_step_that_has_come_is_due(on, days_left, steps):
    expires_on = on + timedelta(days=days_left)
    due = [step for step, first, last in step_windows(on, steps) if first <= expires_on <= last]
    expected = latest_step(on, expires_on, steps)
    assert due == ([] if expected is None else [expected])


@pytest.mark.parametrize("steps", [THE_STEPS, IMPORTANT_DAYS])
def test_each_step_comes_once_on_its_way_to_the_expiry_date(steps):
    expires_on, seen = date(2028, 2, 29), []
    for days in range(-200, 30):
        on = expires_on + timedelta(days=days)
        seen += [s for s, first, last in step_windows(on, steps) if first <= expires_on <= last and s not in seen]
    assert seen == sorted(steps, reverse=True)


def test_after_a_week_an_ended_certification_keeps_quiet():
    def due(on):
        return [s for s, first, last in step_windows(on, THE_STEPS) if first <= date(2027, 5, 12) <= last]

    assert due(date(2027, 5, 20)) == [-1]
    assert due(date(2027, 5, 21)) == []


def test_no_steps_no_reminders():
    assert step_windows(date(2027, 5, 12), []) == []
