"""What a file proposes for the log form, and how a difference is said."""

from datetime import date
from decimal import Decimal

import pytest

from activities import hints
from activities.hints import Hint
from activities.models import Activity, ActivityType, Evidence

TODAY = date(2026, 11, 24)
DAY = date(2026, 3, 2)


def file(name="certificate.pdf", **facts):
    return Evidence(shown_name=name, facts=facts)


def shown(hint):
    return [(p.value, p.shown, p.file) for p in hint.proposals]


def kind(unit="course", points=24):
    return ActivityType(unit=unit, points=Decimal(points))


def test_an_empty_field_gets_proposals_and_no_difference():
    hint = hints.for_day([file(dates=["2026-03-02", "2026-03-04"])], None, TODAY)
    assert hint.difference == ""
    assert shown(hint) == [
        ("2026-03-02", "2 March 2026", "certificate.pdf"),
        ("2026-03-04", "4 March 2026", "certificate.pdf"),
    ]


def test_what_was_typed_and_is_found_needs_no_hint():
    files = [file(dates=["2026-03-01", "2026-03-02"], hours=["8"], titles=["Rules in depth"])]
    assert hints.for_day(files, DAY, TODAY) == Hint()
    assert hints.for_hours(files, Decimal("8.0")) == Hint()
    assert hints.for_title(files, "rules  in Depth") == Hint()


@pytest.mark.parametrize("typed", ["Rules", "OneStream: Rules in depth (2026)"])
def test_a_title_cut_short_or_with_more_around_it_is_the_same(typed):
    assert hints.for_title([file(titles=["Rules in depth"])], typed) == Hint()


def test_a_difference_says_file_and_both_values():
    files = [file(dates=["2026-03-01"], hours=["22"], titles=["Rules in depth"])]
    assert hints.for_day(files, DAY, TODAY).difference == "certificate.pdf says 1 March 2026, you entered 2 March 2026."
    assert hints.for_hours(files, Decimal(24)).difference == "certificate.pdf says 22 hours, you entered 24 hours."
    assert hints.for_title(files, "Cubes").difference == "certificate.pdf says “Rules in depth”, you entered “Cubes”."


def test_one_hour_is_one_hour():
    assert hints.for_hours([file(hours=["1"])], Decimal("1.5")).difference == (
        "certificate.pdf says 1 hour, you entered 1.5 hours."
    )


def test_several_days_of_one_file_are_said_together():
    hint = hints.for_day([file(dates=["2026-03-01", "2026-03-03"]), file("b.pdf", dates=["2026-04-01"])], DAY, TODAY)
    assert hint.difference == "certificate.pdf says 1 March 2026 or 3 March 2026, you entered 2 March 2026."
    assert [p.file for p in hint.proposals] == ["certificate.pdf", "certificate.pdf", "b.pdf"]


def test_at_most_three_values_are_proposed():
    assert len(hints.for_hours([file(hours=["1", "2", "3", "4"])], None).proposals) == 3


def test_a_day_to_come_is_not_proposed():
    assert hints.for_day([file(dates=["2026-11-25"])], None, TODAY) == Hint()
    assert shown(hints.for_day([file(dates=["2026-11-24"])], None, TODAY))


def test_hours_are_proposed_as_the_field_takes_them():
    assert [p.value for p in hints.for_hours([file(hours=["40", "2.50"])], None).proposals] == ["40", "2.50"]


def test_a_kind_with_a_length_of_its_own_is_set_against_the_hours():
    assert hints.for_kind([file(hours=["22"])], kind()).difference == (
        "certificate.pdf says 22 hours, this kind counts 24 hours."
    )
    assert hints.for_kind([file(hours=["22", "24"])], kind()) == Hint()
    assert hints.for_kind([file()], kind()) == Hint()


@pytest.mark.parametrize("unit", ["hour", "session", "book", "day"])
def test_a_kind_without_a_length_of_its_own_is_not(unit):
    assert hints.for_kind([file(hours=["22"])], kind(unit)) == Hint()


def test_of_a_logged_activity_day_and_hours_are_compared_but_not_the_title():
    files = [file(dates=["2026-03-01"], hours=["22"], titles=["Rules in depth"])]
    course = Activity(type=kind(), title="Cubes", completed_on=DAY)
    hourly = Activity(type=kind("hour", 1), title="Cubes", completed_on=date(2026, 3, 1), quantity=Decimal(24))
    assert hints.differences(course, files) == [
        "certificate.pdf says 1 March 2026, you entered 2 March 2026.",
        "certificate.pdf says 22 hours, this kind counts 24 hours.",
    ]
    assert hints.differences(hourly, files) == ["certificate.pdf says 22 hours, you entered 24 hours."]
