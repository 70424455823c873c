"""Whose today: the programme's."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.clock import program_today


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 25, 4, 59, 59, tzinfo=UTC), date(2026, 11, 24)),  # 23:59:59 in Detroit
        (datetime(2026, 11, 25, 5, 0, tzinfo=UTC), date(2026, 11, 25)),
        (datetime(2026, 7, 1, 3, 59, 59, tzinfo=UTC), date(2026, 6, 30)),  # summer time
        (datetime(2026, 7, 1, 4, 0, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 11, 25, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo")), date(2026, 11, 24)),
    ],
)
def test_the_programmes_zone_says_which_day_a_moment_is(moment, day):
    assert program_today(moment) == day


def test_the_zone_is_a_setting(settings):
    settings.PROGRAM_TIME_ZONE = "Pacific/Auckland"
    assert program_today(datetime(2026, 11, 24, 12, 0, tzinfo=UTC)) == date(2026, 11, 25)


def test_without_a_moment_it_is_now():
    with time_machine.travel(datetime(2026, 11, 25, 4, 30, tzinfo=UTC), tick=False):
        assert program_today() == date(2026, 11, 24)
