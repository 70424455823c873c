"""A claim beside what its files say."""

from datetime import date
from decimal import Decimal

import pytest

from activities import comparison
from activities.models import Activity, ActivityType, Evidence

DAY = date(2026, 3, 2)
Unit = ActivityType.Unit


def file(name="certificate.pdf", text="", **facts):
    return Evidence(shown_name=name, text=text, facts=facts)


def values(found):
    return [(f.value, f.file) for f in found]


def activity(unit, points=1, quantity=1):
    return Activity(type=ActivityType(unit=unit, points=Decimal(points)), quantity=Decimal(quantity))


def test_each_value_is_found_once_in_the_first_file_that_says_it():
    files = [file("a.pdf", dates=["2026-03-02", "2026-03-05"]), file("b.pdf", dates=["2026-03-05", "2026-03-09"])]
    assert values(comparison.days(files)) == [
        (date(2026, 3, 2), "a.pdf"),
        (date(2026, 3, 5), "a.pdf"),
        (date(2026, 3, 9), "b.pdf"),
    ]


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "<b>"])
def test_what_is_no_day_is_passed_over(text):
    assert values(comparison.days([file(dates=[text, "2026-03-02"])])) == [(DAY, "certificate.pdf")]


@pytest.mark.parametrize("text", ["", "many", "0", "-8", "NaN", "Infinity", "1e9", "501"])
def test_what_can_be_no_hours_is_passed_over(text):
    assert values(comparison.hours([file(hours=[text, "7.5"])])) == [(Decimal("7.5"), "certificate.pdf")]


def test_eight_and_eight_point_zero_hours_are_found_once():
    assert len(comparison.hours([file(hours=["8", "8.0"])])) == 1


def test_a_file_without_facts_says_nothing():
    assert comparison.titles([file()]) == comparison.names([Evidence()]) == []


@pytest.mark.parametrize(
    ("days", "agrees", "differs"),
    [
        (["2026-03-02"], True, False),
        (["2026-03-01", "2026-03-02"], True, False),
        (["2026-03-01"], False, True),
        ([], False, False),
    ],
)
def test_a_day_agrees_with_any_of_the_files_days_and_differs_only_from_some(days, agrees, differs):
    check = comparison.check_day([file(dates=days)], DAY)
    assert (check.agrees, check.differs) == (agrees, differs)


@pytest.mark.parametrize(
    ("claim", "hours"),
    [
        (activity(Unit.HOUR, 1, "2.5"), Decimal("2.5")),
        (activity(Unit.HOUR, 3, 2), Decimal(2)),
        (activity(Unit.COURSE, 24), Decimal(24)),
        (activity(Unit.WORKSHOP, 8), Decimal(8)),
        (activity(Unit.SESSION, 3), None),
        (activity(Unit.BOOK, 40), None),
        (activity(Unit.DAY, 8, 2), None),
    ],
)
def test_hours_are_claimed_where_the_points_come_from_them(claim, hours):
    check = comparison.check_hours([], claim)
    assert (check and check.claimed) == hours


def test_hours_are_set_against_the_files():
    claim = activity(Unit.COURSE, 24)
    assert comparison.check_hours([file(hours=["24.0"])], claim).agrees
    assert comparison.check_hours([file(hours=["22"])], claim).differs
    assert not comparison.check_hours([file()], claim).differs


def test_another_name_is_found_and_said_with_its_file():
    assert values(comparison.other_names([file(names=["Robin Rivera"])], "Alex Kim")) == [
        ("Robin Rivera", "certificate.pdf")
    ]


@pytest.mark.parametrize("name", ["Alex Kim", "KIM, Alex", "Dr. Alex B. Kim", "A. Kim"])
def test_a_name_in_another_order_or_form_is_no_other(name):
    assert not comparison.other_names([file(names=[name])], "Alex Kim")


def test_a_file_that_names_several_people_is_of_each_of_them():
    assert not comparison.other_names([file(names=["Robin Rivera", "Alex Kim"])], "Alex Kim")


def test_a_file_that_mentions_the_person_anywhere_is_theirs():
    mail = file("mail.eml", text="From: Robin Rivera\nTo: Alex Kim <alex@example.com>", names=["Robin Rivera"])
    assert not comparison.other_names([mail], "Alex Kim")
    assert comparison.check_name([mail], "Alex Kim").agrees


def test_a_file_without_a_name_is_nobody_elses_and_proves_no_name():
    check = comparison.check_name([file(text="Certificate of completion")], "Alex Kim")
    assert not check.differs
    assert not check.agrees


def test_one_wrong_file_among_good_ones_is_pointed_out():
    files = [file("mine.pdf", names=["Alex Kim"]), file("theirs.pdf", names=["Robin Rivera"])]
    check = comparison.check_name(files, "Alex Kim")
    assert values(check.found) == [("Robin Rivera", "theirs.pdf")]
    assert check.differs
