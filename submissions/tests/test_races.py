"""What only one may do, done by several at once: one wins, the others get a sentence, nothing is double.

On PostgreSQL the row locks decide, on SQLite the one writer at a time; the tests are the same.
"""

import re
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from activities import workflow as activity_workflow
from activities.models import Activity, Evidence
from certifications.models import Credential, Extension
from onepoints.tests.factories import (
    NOW,
    TODAY,
    accept_all,
    load_defaults,
    make_activity,
    make_credential,
    make_evidence,
    make_holder,
    make_points,
    make_reviewer,
    send,
)
from onepoints.tests.races import at_once, refusals
from submissions import workflow
from submissions.models import CountedActivity, CredentialingCase, Notice, Policy, Step, Submission
from submissions.rules import OPEN, NotAllowed, Reason, Status, Verdict

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8
ANSWER_BY = TODAY + timedelta(days=30)


@pytest.fixture(autouse=True)
def defaults(transactional_db):
    load_defaults()


@pytest.fixture(autouse=True)
def nothing_is_double(defaults):
    """Whatever happened, the tables agree in the end."""
    yield
    held = CountedActivity.objects.held().select_related("submission", "activity")
    for row in held:
        assert row.activity.is_locked
    sharing = Policy.objects.filter(share_activities=True).exists()
    spent = Counter(row.activity_id for row in held)
    assert sharing or all(times == 1 for times in spent.values()), spent
    assert not Activity.objects.exclude(pk__in=spent).exclude(locked_at=None).exists()
    for submission in Submission.objects.all():
        mine = [row for row in held if row.submission_id == submission.pk]
        if submission.status in OPEN:
            assert sum(row.points for row in mine) == submission.points >= 40
        elif submission.status != Status.APPROVED:
            assert mine == []
    still_open = Counter(Submission.objects.open().values_list("credential", flat=True))
    assert all(times == 1 for times in still_open.values())
    approved = Submission.objects.filter(status=Status.APPROVED).count()
    assert Extension.objects.count() == approved == Step.objects.filter(move=Step.Move.APPROVED).count()
    assert CredentialingCase.objects.count() == Submission.objects.count()
    assert Notice.objects.count() == Notice.objects.values("step").distinct().count()


def mine(points=40, **fields):
    """A credential and enough for it."""
    holder = make_holder()
    return make_credential(holder, **fields), [make_points(holder, points)]


def submit(credential, activities, key=None):
    pks = [a.pk for a in activities]
    return lambda: workflow.submit(credential, pks, key=key or uuid4(), at=NOW, on=TODAY)


def approve(submission, reviewer):
    return lambda: workflow.approve(submission, from_day=submission.expires_on, by=reviewer, at=NOW)


def withdraw(submission):
    return lambda: workflow.withdraw(submission, by=submission.holder, at=NOW)


def returned(submission, reviewer):
    workflow.take(submission, by=reviewer, at=NOW)
    return workflow.return_for_more(submission, "More", by=reviewer, at=NOW, on=TODAY)


# --- sending ----------------------------------------------------------------------------------------------------------


def test_one_form_sent_by_eight_hands_makes_one_request_and_all_get_it():
    credential, activities = mine()
    made = at_once(*[submit(credential, activities, key=uuid4())] * 8)
    assert len(set(made)) == 1
    assert Submission.objects.get() == made[0]


def test_of_eight_forms_for_one_certification_one_is_sent():
    for _round in range(ROUNDS):
        credential, activities = mine()
        outcomes = at_once(*[submit(credential, activities) for _ in range(8)])
        assert len(refusals(outcomes)) == 7
    assert Submission.objects.count() == ROUNDS


def test_of_eight_forms_for_one_certification_with_points_of_their_own_one_is_sent():
    """Nothing but the certification is common to them."""
    holder = make_holder()
    credential = make_credential(holder)
    outcomes = at_once(*[submit(credential, [make_points(holder, 40)]) for _ in range(8)])
    assert len(refusals(outcomes)) == 7
    assert Submission.objects.count() == 1


def test_two_certifications_never_spend_the_same_points():
    for _round in range(ROUNDS):
        credential, activities = mine()
        other = make_credential(credential.holder, code="OCP-LA")
        outcomes = at_once(submit(credential, activities), submit(other, activities))
        (refusal,) = refusals(outcomes)
        assert "Already spent on SUB-" in refusal.sentence


def test_two_certifications_that_want_one_common_activity_in_either_order_share_nothing():
    for _round in range(ROUNDS):
        holder = make_holder()
        common = [make_points(holder, 20) for _ in range(2)]
        first, second = make_points(holder, 20), make_points(holder, 20)
        outcomes = at_once(
            submit(make_credential(holder), [first, *common]),
            submit(make_credential(holder, code="OCP-LA"), [*reversed(common), second]),
        )
        assert len(refusals(outcomes)) == 1


def test_one_form_for_two_certifications_is_sent_for_one():
    for _round in range(ROUNDS):
        holder, key = make_holder(), uuid4()
        outcomes = at_once(
            *[submit(make_credential(holder, code=c), [make_points(holder, 40)], key) for c in ("OCA-ADM", "OCP-LA")]
        )
        assert len(refusals(outcomes)) == 1


def test_shared_activities_are_not_spent_by_a_request_under_a_policy_that_no_longer_shares():
    """No constraint stands behind this one, only the lock on the activities: the rows are of two kinds."""
    policy = Policy.objects.get()
    Policy.objects.update(share_activities=True)
    for _round in range(ROUNDS):
        holder, reviewer = make_holder(), make_reviewer()
        old, shared = make_points(holder, 40), make_points(holder, 40)
        submission = send(make_credential(holder), [old])
        returned(submission, reviewer)
        newer = Policy.objects.create(effective_from=TODAY)
        outcomes = at_once(
            lambda s=submission, a=shared: workflow.answer(s, [a.pk], at=NOW, on=TODAY),
            submit(make_credential(holder, code="OCP-LA"), [shared]),
        )
        assert len(refusals(outcomes)) == 1, outcomes
        assert CountedActivity.objects.held().filter(activity=shared).count() == 1
        Submission.objects.filter(policy=newer).update(policy=policy)
        newer.delete()


def test_sending_against_correcting_and_removing():
    """Either the request counts the activity as it was, or the log was changed first: never points that are gone."""
    for _round in range(ROUNDS):
        credential, (activity,) = mine()
        smaller = activity_workflow.Entry(code="ILT-1D", title="Smaller", completed_on=activity.completed_on)
        sent, changed, removed = at_once(
            submit(credential, [activity]),
            lambda a=activity, e=smaller: activity_workflow.change(a, e, at=NOW, today=TODAY),
            lambda a=activity: activity_workflow.remove(a),
        )
        if isinstance(sent, Submission):
            assert isinstance(changed, NotAllowed)
            assert isinstance(removed, NotAllowed)
            assert sent.points == Activity.objects.get(pk=activity.pk).points == 40
        else:
            assert not Submission.objects.filter(credential=credential).exists()


def test_sending_against_removing_the_evidence():
    for _round in range(ROUNDS):
        credential, (activity,) = mine()
        evidence = Evidence.objects.get(activity=activity)
        sent, _removed = at_once(
            submit(credential, [activity]), lambda e=evidence: activity_workflow.remove_evidence(e)
        )
        assert isinstance(sent, Submission) == Evidence.objects.filter(activity=activity).exists()


# --- reviewing --------------------------------------------------------------------------------------------------------


def test_one_of_eight_reviewers_takes_a_request():
    submission = send(*mine())
    reviewers = [make_reviewer() for _ in range(8)]
    outcomes = at_once(*[lambda r=r: workflow.take(submission, by=r, at=NOW) for r in reviewers])
    assert len(refusals(outcomes)) == 7
    (winner,) = (r for r, o in zip(reviewers, outcomes, strict=True) if isinstance(o, Submission))
    assert Submission.objects.get().taken_by == winner
    assert Step.objects.filter(move=Step.Move.TAKEN).count() == 1


def test_eight_approvals_by_one_reviewer_extend_once():
    credential, activities = mine()
    submission, reviewer = send(credential, activities), make_reviewer()
    accept_all(submission, reviewer)
    outcomes = at_once(*[approve(submission, reviewer)] * 8)
    assert len(refusals(outcomes)) == 7
    credential.refresh_from_db()
    assert credential.expires_on.isoformat() == "2029-05-12"


def test_eight_approvals_by_eight_managers_who_each_take_it_over_extend_once():
    credential, activities = mine()
    submission = send(credential, activities)
    managers = [make_reviewer(group="Programme managers") for _ in range(8)]
    accept_all(submission, managers[0])

    def take_and_approve(manager):
        workflow.take(submission, by=manager, at=NOW)
        return workflow.approve(submission, from_day=submission.expires_on, by=manager, at=NOW)

    outcomes = at_once(*[lambda m=m: take_and_approve(m) for m in managers])
    assert len(refusals(outcomes)) == 7
    credential.refresh_from_db()
    assert credential.expires_on.isoformat() == "2029-05-12"
    (extension,) = (o for o in outcomes if isinstance(o, Extension))
    assert Submission.objects.get().decided_by == extension.granted_by


def test_approving_and_rejecting_at_once_decides_once():
    for _round in range(ROUNDS):
        submission, reviewer = send(*mine()), make_reviewer()
        accept_all(submission, reviewer)
        outcomes = at_once(
            approve(submission, reviewer), lambda s=submission, r=reviewer: workflow.reject(s, "No", by=r, at=NOW)
        )
        assert len(refusals(outcomes)) == 1


def test_approving_against_withdrawing_ends_in_one_of_both():
    for _round in range(ROUNDS):
        credential, activities = mine()
        submission, reviewer = send(credential, activities), make_reviewer()
        accept_all(submission, reviewer)
        outcomes = at_once(approve(submission, reviewer), withdraw(submission))
        assert len(refusals(outcomes)) == 1
        credential.refresh_from_db()
        assert (credential.expires_on.year == 2029) == isinstance(outcomes[0], Extension)


def test_approving_against_an_import_that_moves_the_date_extends_from_what_was_seen_or_not_at_all():
    for _round in range(ROUNDS):
        credential, activities = mine()
        submission, reviewer = send(credential, activities), make_reviewer()
        accept_all(submission, reviewer)
        moved = submission.expires_on.replace(year=2028)
        import_row = Credential.objects.filter(pk=credential.pk, expires_on=submission.expires_on)
        approved, imported = at_once(
            approve(submission, reviewer), lambda rows=import_row, day=moved: rows.update(expires_on=day)
        )
        credential.refresh_from_db()
        assert isinstance(approved, Extension) is not bool(imported)
        assert credential.expires_on.year == (2028 if imported else 2029)


def test_judging_against_returning_leaves_a_verdict_or_a_sentence():
    for _round in range(ROUNDS):
        submission, reviewer = send(*mine()), make_reviewer()
        workflow.take(submission, by=reviewer, at=NOW)
        counted = submission.counted.get()
        judged, sent_back = at_once(
            lambda c=counted, r=reviewer: workflow.judge(c, Verdict.REFUSED, reason=Reason.OTHER, by=r),
            lambda s=submission, r=reviewer: workflow.return_for_more(s, "More", by=r, at=NOW, on=TODAY),
        )
        counted.refresh_from_db()
        assert sent_back.status == Status.RETURNED
        assert counted.verdict == (Verdict.PENDING if isinstance(judged, NotAllowed) else Verdict.REFUSED)


def test_refusing_against_approving_never_approves_below_forty():
    for _round in range(ROUNDS):
        submission, reviewer = send(*mine()), make_reviewer()
        accept_all(submission, reviewer)
        counted = submission.counted.get()
        judged, approved = at_once(
            lambda c=counted, r=reviewer: workflow.judge(c, Verdict.REFUSED, reason=Reason.OTHER, by=r),
            approve(submission, reviewer),
        )
        assert len(refusals([judged, approved])) == 1
        counted.refresh_from_db()
        assert counted.verdict == (Verdict.ACCEPTED if isinstance(approved, Extension) else Verdict.REFUSED)


# --- answering --------------------------------------------------------------------------------------------------------


def test_answering_in_the_last_minute_against_lapsing_ends_in_one_of_both():
    for _round in range(ROUNDS):
        credential, activities = mine()
        submission = send(credential, activities)
        returned(submission, make_reviewer())
        answered, lapsed = at_once(
            lambda s=submission, a=activities: workflow.answer(s, [a[0].pk], at=NOW, on=ANSWER_BY),
            lambda: workflow.lapse_unanswered(at=NOW, on=ANSWER_BY + timedelta(days=1)),
        )
        assert isinstance(answered, Submission) is not bool(lapsed)


def test_two_sweeps_lapse_a_request_once():
    day = ANSWER_BY + timedelta(days=1)
    for _round in range(ROUNDS):
        returned(send(*mine()), make_reviewer())
        assert sum(at_once(*[lambda: workflow.lapse_unanswered(at=NOW, on=day)] * 4)) == 1


def test_eight_answers_at_once_are_one():
    credential, activities = mine()
    submission = send(credential, activities)
    returned(submission, make_reviewer())
    outcomes = at_once(*[lambda: workflow.answer(submission, [activities[0].pk], at=NOW, on=TODAY)] * 8)
    assert len(refusals(outcomes)) == 7
    assert Step.objects.filter(move=Step.Move.ANSWERED).count() == 1


def test_withdrawing_one_request_while_another_asks_for_the_same_activities_never_locks_up():
    """The rows of the activities are taken in one order everywhere, however the table happens to hold them."""
    for _round in range(ROUNDS):
        holder = make_holder()
        activities = [make_activity(holder) for _ in range(12)]
        for activity in reversed(activities):  # written anew, so that the table's order is not the key's
            Activity.objects.filter(pk=activity.pk).update(title="Moved")
        submission = send(make_credential(holder), activities)
        other = make_credential(holder, code="OCP-LA")
        at_once(withdraw(submission), submit(other, activities), submit(other, activities))
        assert Submission.objects.open().filter(holder=holder).count() <= 1


# --- the locks themselves ---------------------------------------------------------------------------------------------

REQUEST, CREDENTIAL, ACTIVITIES = "submissions_submission", "certifications_credential", "activities_activity"


def locks_of(move):
    """The tables whose rows a move locks, in order."""
    with CaptureQueriesContext(connection) as queries:
        move()
    asked = (re.match(r'SELECT .*? FROM "(\w+)".*FOR UPDATE', query["sql"]) for query in queries)
    return [found[1] for found in asked if found]


def prepared(status):
    credential, activities = mine()
    submission, reviewer = send(credential, activities), make_reviewer()
    accept_all(submission, reviewer)
    if status == Status.RETURNED:
        workflow.return_for_more(submission, "More", by=reviewer, at=NOW, on=TODAY)
    return submission, reviewer, activities


LOCKING = {
    "answer": (
        "returned",
        lambda s, r, a: workflow.answer(s, [a[0].pk], at=NOW, on=TODAY),
        [REQUEST, CREDENTIAL, ACTIVITIES],
    ),
    "approve": ("submitted", lambda s, r, a: approve(s, r)(), [REQUEST, CREDENTIAL]),
    "withdraw": ("submitted", lambda s, r, a: withdraw(s)(), [REQUEST, ACTIVITIES]),
    "reject": ("submitted", lambda s, r, a: workflow.reject(s, "No", by=r, at=NOW), [REQUEST, ACTIVITIES]),
    "judge": ("submitted", lambda s, r, a: workflow.judge(s.counted.get(), Verdict.ACCEPTED, by=r), [REQUEST]),
    "accept the rest": ("submitted", lambda s, r, a: workflow.accept_rest(s, by=r), [REQUEST]),
    "return": ("submitted", lambda s, r, a: workflow.return_for_more(s, "M", by=r, at=NOW, on=TODAY), [REQUEST]),
    "take": ("submitted", lambda s, r, a: workflow.take(s, by=r, at=NOW), [REQUEST]),
    "put back": ("submitted", lambda s, r, a: workflow.put_back(s, by=r, at=NOW), [REQUEST]),
    "add evidence": ("returned", lambda s, r, a: workflow.add_evidence(s, a[0], []), [REQUEST]),
    "lapse": (
        "returned",
        lambda s, r, a: workflow.lapse_unanswered(at=NOW, on=ANSWER_BY + timedelta(days=1)),
        [REQUEST, ACTIVITIES],
    ),
}


@pytest.mark.postgres_only
@pytest.mark.parametrize("name", LOCKING)
def test_every_move_locks_the_request_then_its_credential_then_its_activities(name):
    status, move, locks = LOCKING[name]
    submission, reviewer, activities = prepared(status)
    found = locks_of(lambda: move(submission, reviewer, activities))
    order = list(dict.fromkeys(found))
    assert order[: len(locks)] == locks
    assert order == sorted(order, key=[REQUEST, CREDENTIAL, ACTIVITIES].index)


@pytest.mark.postgres_only
def test_sending_locks_the_credential_then_the_activities():
    credential, activities = mine()
    assert locks_of(submit(credential, activities)) == [CREDENTIAL, ACTIVITIES]


@pytest.mark.postgres_only
def test_activities_are_locked_in_the_order_of_their_keys():
    """Two that lock the same rows in two orders would wait for each other for ever."""
    credential, activities = mine()
    with CaptureQueriesContext(connection) as queries:
        withdraw(submit(credential, activities)())()
    locks = [q["sql"] for q in queries if f'FROM "{ACTIVITIES}"' in q["sql"] and "FOR UPDATE" in q["sql"]]
    assert len(locks) == 2
    assert all(sql.startswith(f'SELECT "{ACTIVITIES}"."id"') and "ORDER BY 1 ASC FOR UPDATE" in sql for sql in locks)


@pytest.mark.postgres_only
@pytest.mark.parametrize(
    "move",
    [
        activity_workflow.remove,
        lambda a: activity_workflow.remove_evidence(Evidence.objects.get(activity=a)),
        lambda a: activity_workflow.change(
            a, activity_workflow.Entry("ILT-1D", "x", a.completed_on), at=NOW, today=TODAY
        ),
    ],
)
def test_the_log_is_changed_only_under_the_activitys_lock(move):
    activity = make_activity(make_holder())
    assert locks_of(lambda: move(activity))[0] == ACTIVITIES


@pytest.mark.postgres_only
def test_a_file_is_removed_or_swept_only_while_nobody_can_attach_it():
    evidence = make_evidence(make_holder())
    stale = NOW + timedelta(days=9)
    assert locks_of(lambda: activity_workflow.remove_evidence(evidence)) == ["activities_evidence"]
    assert locks_of(lambda: activity_workflow.sweep(stale)) == ["activities_evidence"]
