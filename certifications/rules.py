"""How far an extension reaches, and which reminder is due. No queries, no clock."""

import calendar
from collections.abc import Sequence
from datetime import date, timedelta

# The steps a person still gets who asked for only the important reminders.
IMPORTANT_DAYS = (90, 30, 7, 1)
# For so many days after its day the last step is still sent, should the portal have stood still.
LATE_DAYS = 7


def add_months(day: date, months: int) -> date:
    """The day so many calendar months later, clamped at the month's end: 29 Feb 2028 + 24 = 28 Feb 2030.

    Always forward from a stored date: adding months is not reversible (handbook, "adding months"). Raises ValueError
    for negative months, OverflowError beyond the year 9999.
    """
    if months < 0:
        raise ValueError("add_months only goes forward; subtracting is not its inverse.")
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if year > date.max.year:
        raise OverflowError("The day lies beyond the year 9999.")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def extended_until(day: date, months: int) -> date:
    """The expiry date an extension sets: so many months later, or the last day there is, which means never."""
    try:
        return add_months(day, months)
    except OverflowError:
        return date.max


def step_windows(on: date, steps: Sequence[int]) -> list[tuple[int, date, date]]:
    """For each reminder step the expiry dates, first and last, for which it is the latest that has come on that day.

    Steps are days before the expiry date, negative ones after it. Only the latest counts, so that an outage sends one
    mail, not many; the very last step stays due for LATE_DAYS, so that ended certifications then keep quiet.
    """
    ordered = sorted(set(steps), reverse=True)
    following = [*ordered[1:], ordered[-1] - 1 - LATE_DAYS] if ordered else []
    return [
        (step, on + timedelta(days=after + 1), on + timedelta(days=step))
        for step, after in zip(ordered, following, strict=True)
    ]


def advised_by(expires_on: date, days: int) -> date:
    """The day by which a request should reach the team (rule 4)."""
    return expires_on - timedelta(days=days)
