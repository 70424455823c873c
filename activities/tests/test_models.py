"""The catalogue by day, and the words in which activities and evidence are asked for."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import ProtectedError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.models import Activity, ActivityType, Evidence
from onepoints.tests.factories import (
    MORNING,
    NOW,
    TODAY,
    make_activity,
    make_evidence,
    make_holder,
    make_points,
    make_reviewer,
)

pytestmark = pytest.mark.usefixtures("program")


def version(code, valid_from, **fields):
    return ActivityType.objects.create(
        **{
            "code": code, "valid_from": valid_from, "name": code, "category": "course", "unit": "course",
            "points": 1, "evidence": "Certificate", **fields,
        }
    )  # fmt: skip


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.tuples(st.sampled_from("AB"), st.integers(0, 20)), max_size=8), st.integers(-1, 21))
def test_on_a_day_each_code_has_the_last_version_that_began(program, versions, offset):
    ActivityType.objects.all().delete()
    start = date(2026, 1, 1)
    for code, days in versions:
        version(code, start + timedelta(days=days))
    expected = {code: max((d for c, d in versions if c == code and d <= offset), default=None) for code in "AB"}
    found = {t.code: (t.valid_from - start).days for t in ActivityType.objects.valid_on(start + timedelta(days=offset))}
    assert found == {code: days for code, days in expected.items() if days is not None}


def test_a_version_that_is_not_eligible_hides_the_eligible_one_before_it():
    version("ILT-1D", date(2026, 6, 1), is_eligible=False)
    before, after = date(2026, 5, 31), date(2026, 6, 1)
    assert ActivityType.objects.valid_on(before).eligible().filter(code="ILT-1D").exists()
    assert not ActivityType.objects.valid_on(after).eligible().filter(code="ILT-1D").exists()


def test_hours_and_days_are_counted_and_courses_are_one():
    asks = {t.code for t in ActivityType.objects.all() if t.asks_quantity}
    assert asks == {"ILT-HR", "TW-ATT", "WAV-ATT", "SPL-ATT", "ILT-TEACH", "OD-CRS", "UG-ATT", "EXM-SME"}


def test_a_kind_that_was_used_stays():
    with pytest.raises(ProtectedError):
        make_activity(make_holder()).type.delete()


def test_activities_between_two_days_with_both_ends():
    holder = make_holder()
    days = [date(2026, 3, n) for n in (1, 2, 3, 4)]
    activities = [make_activity(holder, completed_on=day) for day in days]
    assert set(Activity.objects.done_between(days[1], days[2])) == set(activities[1:3])


def test_points_are_summed_and_none_are_zero():
    holder = make_holder()
    assert Activity.objects.of(holder).points() == 0
    make_points(holder, "1.25")
    make_points(holder, "2.5")
    make_points(make_holder(), 8)
    assert Activity.objects.of(holder).points() == Decimal("3.75")


def test_a_lock_names_the_request_and_a_second_lock_changes_nothing():
    activity = make_activity(make_holder())
    row = Activity.objects.filter(pk=activity.pk)
    assert row.lock(at=NOW, by="SUB-00001") == 1
    assert row.lock(at=NOW, by="SUB-00002") == 0
    assert row.get().locked_by == "SUB-00001"
    assert row.get().is_locked
    assert not Activity.objects.unlocked().exists()
    row.unlock()
    assert (row.get().locked_by, row.get().is_locked) == ("", False)
    assert list(Activity.objects.unlocked()) == [activity]


@pytest.mark.parametrize(
    ("code", "held_at", "is_one"), [("TT-ATT", MORNING, True), ("TT-ATT", None, False), ("ILT-1D", MORNING, False)]
)
def test_a_statement_stands_for_a_file_where_the_kind_allows_it(code, held_at, is_one):
    assert make_activity(make_holder(), code, evidence=False, held_at=held_at).statement is is_one


def test_only_files_kept_aside_are_attached_and_only_to_their_holders_activity():
    holder = make_holder()
    activity, other = make_activity(holder, evidence=False), make_activity(holder, evidence=False)
    aside, taken, foreign = make_evidence(holder), make_evidence(holder, other), make_evidence(make_holder())
    assert Evidence.objects.all().attach(activity) == 1
    assert set(Evidence.objects.filter(activity=activity)) == {aside}
    assert set(Evidence.objects.kept_aside()) == {foreign}
    assert set(Evidence.objects.filter(activity=other)) == {taken}


def test_nobody_sees_a_strangers_evidence_and_the_team_only_what_was_sent():
    holder, reviewer = make_holder(), make_reviewer()
    private, sent = make_activity(holder), make_activity(holder)
    aside = make_evidence(holder)
    Activity.objects.filter(pk=sent.pk).lock(at=NOW, by="SUB-00001")
    assert not Evidence.objects.visible_to(make_holder()).exists()
    assert {e.activity for e in Evidence.objects.visible_to(reviewer)} == {sent}
    assert {e.activity for e in Evidence.objects.visible_to(holder)} == {private, sent, None}
    assert aside in Evidence.objects.visible_to(holder)


def test_a_reviewer_sees_their_own_evidence_too():
    reviewer = make_reviewer()
    mine = make_evidence(reviewer, make_activity(reviewer, evidence=False))
    assert list(Evidence.objects.visible_to(reviewer)) == [mine]


def test_a_person_with_a_log_stays():
    with pytest.raises(ProtectedError):
        make_activity(make_holder(), completed_on=TODAY).holder.delete()
