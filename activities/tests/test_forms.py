"""What the log form offers, and what it says at which field."""

from datetime import date
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from activities.fields import KeysField, row_id
from activities.forms import ActivityForm
from activities.models import ActivityType
from onepoints.tests.factories import NOW, TODAY, make_activity, make_holder

pytestmark = pytest.mark.usefixtures("program")


def form_with(user=None, **said):
    data = QueryDict(mutable=True)
    data.update({"type": "ILT-1D", "title": "Rules in depth", "completed_on": "2026-03-02", **said})
    return ActivityForm(user or make_holder(), data, MultiValueDict(), at=NOW, today=TODAY)


def empty_form(user=None):
    return ActivityForm(user or make_holder(), at=NOW, today=TODAY)


def problems(**said):
    form = form_with(**said)
    form.is_valid()
    return {name: list(sentences) for name, sentences in form.errors.items()}


def kinds(form):
    return {group: [code for code, _name in options] for group, options in form.fields["type"].choices[1:]}


def test_a_complete_form_has_no_problem():
    assert problems() == {}


@pytest.mark.parametrize(
    ("said", "field", "sentence"),
    [
        ({"type": ""}, "type", "Choose the kind of activity."),
        ({"title": "  "}, "title", "Give it a title, so that you and the team recognise it."),
        ({"completed_on": ""}, "completed_on", "On which day was it, or did it end?"),
        ({"completed_on": "soon"}, "completed_on", "Write the day as year-month-day, such as 2026-11-24."),
        (
            {"completed_on": "2026-11-25"},
            "completed_on",
            "25 November 2026 has not come yet. Log the activity once it is over.",
        ),
        ({"started_on": "2026-03-03"}, "started_on", "The first day comes after the last day. Please check both."),
        ({"type": "ILT-HR"}, "quantity", "How many was it? Quarters are fine, such as 1.5."),
        ({"type": "ILT-HR", "quantity": "many"}, "quantity", "Write a number, such as 2 or 1.5."),
        ({"type": "TT-ATT", "held_at": "noon"}, "held_at", "Write the time as hours and minutes, such as 14:30."),
        (
            {"completed_on": "2021-12-31"},
            "type",
            "Activities of this kind did not earn points on 31 December 2021. Check the date, or choose another kind.",
        ),
    ],
)
def test_each_error_stands_at_its_field_and_says_what_to_do(said, field, sentence):
    assert problems(**said) == {field: [sentence]}


@pytest.mark.parametrize("quantity", ["0", "-1", "NaN", "Infinity", "1e9", "0.1", "501"])
def test_a_quantity_that_cannot_be_is_refused(quantity):
    assert list(problems(type="ILT-HR", quantity=quantity)) == ["quantity"]


def test_a_quantity_is_not_asked_where_the_unit_has_none():
    assert problems(type="ILT-1D", quantity="") == {}


def test_today_is_the_last_day_that_can_be_logged():
    assert problems(completed_on=TODAY.isoformat()) == {}


def test_titles_lose_needless_space():
    form = form_with(title="  Rules \t in   depth ")
    assert form.is_valid()
    assert form.entry.title == "Rules in depth"


def test_only_what_ever_earned_points_is_offered_by_category():
    offered = kinds(empty_form())
    assert offered["Tech Talks"] == ["TT-ATT"]
    assert "UG-ATT" not in {code for codes in offered.values() for code in codes}


def test_a_kind_that_has_ended_is_still_offered_for_days_before():
    was = ActivityType.objects.get(code="TT-ATT")
    ActivityType.objects.create(
        code="TT-ATT",
        valid_from=date(2026, 6, 1),
        name=was.name,
        category=was.category,
        unit=was.unit,
        points=1,
        evidence=was.evidence,
        is_eligible=False,
    )
    assert kinds(empty_form())["Tech Talks"] == ["TT-ATT"]
    assert problems(type="TT-ATT", completed_on="2026-05-31") == {}
    assert list(problems(type="TT-ATT", completed_on="2026-06-01")) == ["type"]


def test_the_three_kinds_used_last_come_first():
    user = make_holder()
    for code in ("ILT-1D", "ILT-2D", "TT-ATT", "ILT-2D", "WAV-ATT"):
        make_activity(user, code)
    offered = kinds(empty_form(user))
    assert next(iter(offered)) == "Used last"
    assert len(offered["Used last"]) == 3


def test_nobody_elses_kinds_come_first():
    make_activity(make_holder())
    assert "Used last" not in kinds(empty_form())


def test_each_kind_says_which_questions_it_asks():
    form = empty_form()
    assert form.fields["quantity"].help_text.startswith("Only for: Instructor-led course, other length;")
    assert "Tech Talk, attended live" in form.fields["held_at"].help_text


def test_options_carry_what_the_script_needs():
    html = str(empty_form()["type"])
    assert 'data-versions="[[&quot;2022-01-01&quot;, 1.0, true]]"' in html
    assert 'data-unit="hour"' in html


def test_without_a_quantity_an_activity_counts_once():
    form = form_with()
    assert form.is_valid()
    assert form.entry.quantity == Decimal(1)


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "²", str(2**63), "9" * 5000])
def test_what_no_row_can_be_named_is_passed_over(text):
    assert KeysField(row_id).clean([text, "7"]) == [7]
