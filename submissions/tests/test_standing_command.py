"""`manage.py standing`: for scripts as JSON, for support as a table."""

import json
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.clock import program_today
from onepoints.tests.factories import TODAY, make_activity, make_credential, make_holder, make_points, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("program")]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("standing", *arguments, stdout=out)
    return out.getvalue()


def as_json(*arguments: str):
    return json.loads(run(*arguments, "--json"))


@pytest.fixture
def holder():
    return make_holder(email="ada@example.com")


def test_json_says_everything_of_a_credential_and_its_activities(holder):
    credential = make_credential(holder, date(2027, 5, 12), candidate_id="OS1")
    counts = make_activity(holder, "WAV-ATT", date(2026, 3, 2), title="WAVE", quantity=Decimal("6.25"))
    lacks = make_activity(holder, "ILT-1D", date(2026, 2, 2), title="Course", evidence=False)
    (facts,) = as_json("ADA@example.com", "--on", "2026-11-24")
    activities = facts.pop("activities")
    assert facts == {
        "certification": "OCA Administration R2",
        "candidate_id": credential.candidate_id,
        "on": "2026-11-24",
        "expires_on": "2027-05-12",
        "advised_by": "2027-04-12",
        "last_day": "2027-05-12",
        "points": 6.25,
        "needed": 40.0,
        "can_submit": False,
        "reasons": ["33.75 more points are needed."],
    }
    assert activities == [
        {
            "id": counts.pk,
            "code": "WAV-ATT",
            "title": "WAVE",
            "completed_on": "2026-03-02",
            "points": 6.25,
            "counted_points": 6.25,
            "counts": True,
            "why_not": "",
            "counts_until": "2028-03-02",
        },
        {
            "id": lacks.pk,
            "code": "ILT-1D",
            "title": "Course",
            "completed_on": "2026-02-02",
            "points": 8.0,
            "counted_points": 0.0,
            "counts": False,
            "why_not": "No evidence yet: add it and this counts.",
            "counts_until": "2028-02-02",
        },
    ]


def test_the_day_decides(holder):
    make_credential(holder, date(2027, 5, 12))
    make_points(holder, 40, date(2025, 3, 3))
    assert [as_json("ada@example.com", "--on", day)[0]["can_submit"] for day in ("2027-03-03", "2027-03-04")] == [
        True,
        False,
    ]


def test_without_a_day_it_is_the_programmes_today(holder):
    make_credential(holder)
    assert as_json("ada@example.com")[0]["on"] == program_today().isoformat()


def test_the_most_urgent_credential_comes_first_and_a_spent_activity_names_its_request(holder):
    make_points(holder, 40)
    make_credential(holder, date(2028, 5, 12), code="OCA-IMP")
    submission = send(make_credential(holder, date(2027, 5, 12)))
    facts = as_json("ada@example.com", "--on", TODAY.isoformat())
    assert [f["expires_on"] for f in facts] == ["2027-05-12", "2028-05-12"]
    assert facts[0]["reasons"] == [f"{submission} is open for this certification already."]
    assert facts[1]["activities"][0]["why_not"] == f"Already spent on {submission}."


def test_a_person_who_holds_nothing_is_an_empty_list(holder):
    assert as_json("ada@example.com") == []
    assert "holds no certification here" in run("ada@example.com")


def test_the_table_reads_well(holder):
    make_credential(holder, date(2027, 5, 12), candidate_id="OS1")
    make_points(holder, 34)
    said = run("ada@example.com", "--on", "2026-11-24")
    assert "OCA Administration R2 (OS1) until 2027-05-12, seen on 2026-11-24" in said
    assert "34 of 40 points" in said
    assert "cannot ask: 6 more points are needed." in said
    make_points(holder, 6)
    assert "can ask now" in run("ada@example.com", "--on", "2026-11-24")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eve@example.com"], "There is nobody with the address eve@example.com."),
        (["ada@example.com", "--on", "2021-12-31"], "No policy was in force on 2021-12-31."),
        (["ada@example.com", "--on", "soon"], "--on"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(holder, arguments, message):
    make_credential(holder)
    with pytest.raises(CommandError, match=message):
        run(*arguments)
