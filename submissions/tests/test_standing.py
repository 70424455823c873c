"""What a person holds, lacks and may do on a day, and why."""

import itertools
from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.models import Activity, ActivityType
from certifications.models import Certification, Credential, Extension
from certifications.rules import add_months
from onepoints.tests.factories import (
    MORNING,
    NOW,
    TODAY,
    approve,
    make_activity,
    make_credential,
    make_evidence,
    make_holder,
    make_points,
    make_reviewer,
    send,
)
from submissions import workflow
from submissions.models import Policy
from submissions.standing import Standing, ledger, lines_for, standing_of, standings

pytestmark = pytest.mark.usefixtures("program")


@pytest.fixture
def holder(program):
    return make_holder()


@pytest.fixture
def credential(holder):
    return make_credential(holder)


def line_of(activity, credential, on=TODAY):
    return next(line for line in standing_of(credential, on).lines if line.activity == activity)


# --- why not ----------------------------------------------------------------------------------------------------------


def test_an_activity_with_a_file_counts_until_24_months_later(holder, credential):
    line = line_of(make_activity(holder, "ILT-2D", date(2026, 3, 2)), credential)
    assert (line.counts, line.points, line.why_not, line.counts_until) == (True, 16, "", date(2028, 3, 2))


def test_each_reason_is_given_for_its_activity(holder, credential):
    ActivityType.objects.filter(code__in=["ILT-HALF", "ILT-HR"]).update(valid_from=date(2020, 1, 1))
    spent = make_points(holder, 40)
    sent = send(make_credential(holder, code="OCP-LA"), [spent])
    early = make_activity(holder, "ILT-HALF", date(2021, 12, 31))
    lapsed = make_activity(holder, "ILT-1D", date(2024, 11, 23))
    bare = make_activity(holder, "ILT-1D", evidence=False)
    small = make_activity(holder, "ILT-HR", quantity=Decimal("0.2"))
    uneligible = make_activity(holder, "WAV-ATT")
    ActivityType.objects.filter(code="WAV-ATT").update(is_eligible=False)
    said = {line.activity: line.why_not for line in standing_of(credential, TODAY).lines}
    assert said == {
        spent: f"Already spent on {sent}.",
        early: "Completed before 1 January 2022; activities count from that day on.",
        lapsed: "Stopped counting after 23 November 2026, 24 months after you completed it.",
        bare: "No evidence yet: add it and this counts.",
        small: "Brings no points: it is worth less than a quarter of one.",
        uneligible: "This kind of activity did not earn points on 2 March 2026.",
    }
    assert standing_of(credential, TODAY).points == 0


def test_what_lies_ahead_counts_from_its_day_on(holder, credential):
    activity = make_points(holder, 8, TODAY)
    yesterday = TODAY - timedelta(days=1)
    assert line_of(activity, credential, yesterday).why_not.startswith("Counts from 24 November 2026 on")
    assert line_of(activity, credential).counts


def test_spent_is_said_before_anything_else(holder, credential):
    activity = make_points(holder, 40, date(2024, 11, 24))
    sent = send(credential, [activity])
    assert line_of(activity, credential, TODAY + timedelta(days=400)).why_not == f"Already spent on {sent}."


@pytest.mark.parametrize("ending", ["open", "returned", "approved", "withdrawn", "rejected", "lapsed"])
def test_open_and_approved_requests_spend_and_the_others_do_not(ending, holder, credential):
    reviewer, activity = make_reviewer(), make_points(holder, 40)
    submission = send(credential, [activity])
    if ending == "approved":
        approve(submission, reviewer)
    elif ending == "withdrawn":
        workflow.withdraw(submission, by=holder, at=NOW)
    elif ending != "open":
        workflow.take(submission, by=reviewer, at=NOW)
        if ending == "rejected":
            workflow.reject(submission, "No", by=reviewer, at=NOW)
        else:
            workflow.return_for_more(submission, "More", by=reviewer, at=NOW, on=TODAY)
    if ending == "lapsed":
        workflow.lapse_unanswered(at=NOW, on=TODAY + timedelta(days=31))
    spent = ending in ("open", "returned", "approved")
    assert line_of(activity, credential).why_not == (f"Already spent on {submission}." if spent else "")


def test_another_persons_request_spends_nothing_of_mine(holder, credential):
    stranger = make_holder()
    send(make_credential(stranger), [make_points(stranger, 40)])
    assert line_of(make_points(holder, 40), credential).counts


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_a_file_kept_aside_proves_nothing(holder, credential):
    activity = make_activity(holder, evidence=False)
    make_evidence(holder)
    assert "No evidence" in line_of(activity, credential).why_not


@pytest.mark.parametrize(
    ("code", "held_at", "title", "counts"),
    [
        ("TT-ATT", MORNING, "Rules and forms", True),
        ("TW-ATT", MORNING, "Rules and forms", True),
        ("TT-ATT", time(0, 0), "At midnight", True),
        ("TT-ATT", None, "Rules and forms", False),
        ("TT-ATT", MORNING, "   ", False),
        ("TW-FAC", MORNING, "Rules and forms", False),
        ("ILT-1D", MORNING, "Rules and forms", False),
    ],
)
def test_for_live_events_date_time_and_title_prove_them(holder, credential, code, held_at, title, counts):
    activity = make_activity(holder, code, evidence=False, held_at=held_at, title=title)
    assert line_of(activity, credential).counts is counts


# --- sums -------------------------------------------------------------------------------------------------------------


def test_points_missing_and_what_is_left(holder, credential):
    make_points(holder, "20.25")
    make_points(holder, "10.5")
    make_activity(holder, evidence=False)
    standing = standing_of(credential, TODAY)
    assert (standing.points, standing.needed, standing.missing) == (Decimal("30.75"), 40, Decimal("9.25"))
    assert (len(standing.counting), len(standing.not_counting)) == (2, 1)
    assert standing.days_left == 169


def test_more_than_forty_leave_nothing_missing(holder, credential):
    make_activity(holder, "OSP-LEAD")
    make_activity(holder, "ILT-1D")
    standing = standing_of(credential, TODAY)
    assert (standing.points, standing.missing, standing.reasons) == (48, 0, [])


def test_what_lapses_next_is_known_with_its_day_and_points(holder, credential):
    soon = {make_points(holder, 5, date(2025, 1, 10)), make_points(holder, 3, date(2025, 1, 10))}
    make_points(holder, 40, date(2025, 1, 11))
    make_points(holder, 40, date(2024, 1, 1))  # lapsed long ago
    lapse = standing_of(credential, TODAY).next_lapse
    assert (lapse.day, lapse.points, {line.activity for line in lapse.lines}) == (date(2027, 1, 10), 8, soon)


def test_the_day_of_the_next_lapse_is_the_last_on_which_it_counts(holder, credential):
    make_points(holder, 5, date(2025, 1, 10))
    day = standing_of(credential, TODAY).next_lapse.day
    assert standing_of(credential, day).points == 5
    assert standing_of(credential, day + timedelta(days=1)).points == 0


def test_days_that_end_in_february_lapse_together(holder):
    credential = make_credential(holder, expires_on=date(2030, 5, 1))
    for day in (date(2028, 2, 28), date(2028, 2, 29)):
        make_points(holder, 4, day)
    lapse = standing_of(credential, date(2029, 1, 1)).next_lapse
    assert (lapse.day, lapse.points) == (date(2030, 2, 28), 8)


def test_nothing_counts_nothing_lapses(credential):
    standing = standing_of(credential, TODAY)
    assert (standing.next_lapse, standing.points, standing.proposal) == (None, 0, [])


# --- may I ask --------------------------------------------------------------------------------------------------------


ENDED = "This certification ended on 12 May 2027. The request had to reach the team by then; an exam renews it."


@pytest.mark.parametrize(
    ("days", "points", "reasons"),
    [
        (0, 40, []),
        (0, "39.75", ["0.25 more points are needed."]),
        (
            1,
            40,
            [ENDED],
        ),
        (
            1,
            39,
            [
                ENDED,
                "1 more point is needed.",
            ],
        ),
    ],
)
def test_on_the_last_day_one_may_ask_and_the_day_after_not(holder, credential, days, points, reasons):
    make_points(holder, points)
    standing = standing_of(credential, credential.expires_on + timedelta(days=days))
    assert standing.reasons == reasons
    assert standing.can_submit is (not reasons)


def test_an_open_request_is_the_only_reason_while_it_lasts(holder, credential):
    submission = send(credential, [make_points(holder, 40)])
    standing = standing_of(credential, TODAY + timedelta(days=1000))
    assert standing.reasons == [f"{submission} is open for this certification already."]
    assert standing.open_request == submission


def test_what_the_standing_says_is_what_sending_does(holder, credential):
    """On every day around both edges, with points around forty."""
    for points in ("39.75", "0.25"):
        make_points(holder, points, date(2025, 5, 11))
    activities = list(Activity.objects.of(holder))
    for offset in range(-3, 4):
        day = date(2027, 5, 11) + timedelta(days=offset)
        possible = standing_of(credential, day).can_submit
        try:
            workflow.withdraw(send(credential, activities, on=day), by=holder, at=NOW)
        except workflow.NotAllowed:
            assert not possible
        else:
            assert possible


def test_the_open_request_of_a_former_holder_is_known_to_the_next(holder, credential):
    submission = send(credential, [make_points(holder, 40)])
    heir = make_holder()
    make_points(heir, 40)
    Credential.objects.update(holder=heir)
    standing = standing_of(Credential.objects.get(), TODAY)
    assert not standing.can_submit
    assert standing.open_request == submission


# --- what is granted, what comes first --------------------------------------------------------------------------------


def test_a_grant_stands_as_unconfirmed_until_the_registry_shows_it(holder, credential):
    extension = approve(send(credential, [make_points(holder, 40)]), make_reviewer())
    credential.refresh_from_db()
    assert standing_of(credential, TODAY).unconfirmed == extension
    Extension.objects.update(confirmed_at=NOW)
    assert standing_of(credential, TODAY).unconfirmed is None


def test_the_most_urgent_certification_comes_first_and_ended_ones_last(holder):
    days = {"OCA-ADM": date(2026, 11, 23), "OCA-IMP": date(2028, 1, 1), "OCP-LA": date(2026, 11, 24)}
    for code, day in days.items():
        make_credential(holder, day, code)
    assert [s.expires_on for s in standings(holder, TODAY)] == [days["OCP-LA"], days["OCA-IMP"], days["OCA-ADM"]]


def test_a_person_without_a_certification_stands_nowhere(holder):
    make_points(holder, 40)
    assert standings(holder, TODAY) == []


def test_nobody_sees_anothers_certification_or_points(holder, credential):
    stranger = make_holder()
    make_credential(stranger)
    make_points(stranger, 40)
    mine = standings(holder, TODAY)
    assert [s.credential for s in mine] == [credential]
    assert mine[0].lines == []


def test_a_date_near_the_end_of_the_calendar_breaks_no_page(holder):
    """Registries write 9999-12-31 for what never ends."""
    credential = make_credential(holder, expires_on=date(9999, 12, 31))
    standing = standing_of(credential, TODAY)
    assert standing.new_expires_on == date(9999, 12, 31)
    assert standing.reasons[0] == "This certification never ends, so there is nothing to extend."


# --- the proposal -----------------------------------------------------------------------------------------------------


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 800)), max_size=9))
def test_the_proposal_is_the_best_of_everything_that_counts(program, logged):
    """Against all subsets: least over forty, then the soonest lapsing."""
    policy, kind = Policy(points_needed=40), ActivityType(code="X", is_eligible=True)
    activities = [
        Activity(pk=pk, type=kind, title="x", completed_on=TODAY - timedelta(days=days), points=Decimal(quarters) / 4)
        for pk, (quarters, days) in enumerate(logged, start=1)
    ]
    for activity in activities:
        activity.has_files = True
    credential = Credential(pk=1, expires_on=date(2027, 5, 12))
    lines = lines_for(activities, credential, [], policy=policy, on=TODAY)
    standing = Standing(credential=credential, policy=policy, on=TODAY, lines=lines)
    assert [line.id for line in standing.proposal] == best_of(activities)


def best_of(activities):
    counting = [a for a in activities if a.points and add_months(a.completed_on, 24) >= TODAY]
    counting.sort(key=lambda a: (a.completed_on, a.pk))
    choices = itertools.product([0, 1], repeat=len(counting))
    ranked = (
        (sum(a.points for a, taken in zip(counting, choice, strict=True) if taken), [-t for t in choice], choice)
        for choice in choices
    )
    best = min((rank for rank in ranked if rank[0] >= 40), default=None)
    return [a.pk for a, taken in zip(counting, best[2], strict=True) if taken] if best else []


def test_the_proposal_can_be_sent_as_it_is(holder, credential):
    for points, month in ((24, 1), (15, 2), (8, 3), (8, 4), (9, 5)):
        make_points(holder, points, date(2026, month, 2))
    proposal = standing_of(credential, TODAY).proposal
    assert [line.points for line in proposal] == [24, 8, 8]
    assert send(credential, [line.activity for line in proposal]).points == 40


# --- queries ----------------------------------------------------------------------------------------------------------


def queries_of(holder):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for standing in standings(holder, TODAY):
            list(standing.proposal)
            assert standing.reasons is not None
            assert standing.next_lapse is None or standing.next_lapse.points
    return len(queries)


def many_activities(holder, count):
    kind = ActivityType.objects.get(code="ILT-HR")
    Activity.objects.bulk_create(
        Activity(
            holder=holder, type=kind, title=f"Course {n}", points=n % 9 + 1, quantity=n % 9 + 1,
            completed_on=date(2026, 1, 1) + timedelta(days=n % 300), logged_at=NOW, changed_at=NOW,
        )
        for n in range(count)
    )  # fmt: skip
    for activity in Activity.objects.of(holder):
        make_evidence(holder, activity)


def test_the_number_of_queries_is_the_same_for_one_and_for_three_hundred_activities(holder, credential):
    make_points(holder, 40)
    one = queries_of(holder)
    many_activities(holder, 299)
    assert Activity.objects.of(holder).count() == 300
    assert queries_of(holder) == one <= 6


def test_the_number_of_queries_is_the_same_for_one_and_for_five_certifications(holder, credential):
    send(credential, [make_points(holder, 40)])
    one = queries_of(holder)
    for number in range(4):
        certification = Certification.objects.create(code=f"C{number}", name="Another", level="associate")
        other = make_credential(holder, code=certification.code)
        send(other, [make_points(holder, 40)])
    assert len(standings(holder, TODAY)) == 5
    assert queries_of(holder) == one


def test_the_ledger_knows_each_activitys_files_in_one_query(holder, django_assert_num_queries):
    for number in range(5):
        make_activity(holder, evidence=bool(number % 2))
    with django_assert_num_queries(1):
        assert sorted((a.has_files, a.type.code) for a in ledger(holder)) == [
            *[(False, "ILT-1D")] * 3,
            *[(True, "ILT-1D")] * 2,
        ]
