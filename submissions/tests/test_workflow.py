"""Each move of a request: who may make it, when, and what it leaves behind."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.apps import apps

from accounts.rules import NotAllowed
from activities import workflow as activity_workflow
from activities.models import Activity, Evidence
from certifications.models import Credential, Extension
from onepoints.tests.factories import (
    NOW,
    TODAY,
    accept_all,
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
from submissions.models import CountedActivity, CredentialingCase, Notice, Policy, Step, Submission
from submissions.rules import NEXT, OPEN, Reason, Status, Verdict

pytestmark = pytest.mark.usefixtures("program")

LATER = NOW + timedelta(days=3)
ANSWER_BY = TODAY + timedelta(days=30)


def everything():
    """Every row of every table of ours: nothing may have moved after a refusal."""
    ours = {"accounts", "activities", "certifications", "integrations", "submissions"}
    models = [m for m in apps.get_models() if m._meta.app_label in ours]
    return {m.__name__: list(m._default_manager.order_by("pk").values()) for m in models}


def refused(move, *args, **named):
    """The sentence of a refusal that wrote nothing at all."""
    before = everything()
    with pytest.raises(NotAllowed) as caught:
        move(*args, **named)
    assert everything() == before
    return caught.value.sentence


@pytest.fixture
def holder(program):
    return make_holder("Ada Holder")


@pytest.fixture
def credential(holder):
    return make_credential(holder)


@pytest.fixture
def reviewer(program):
    return make_reviewer("Rita Reviewer")


@pytest.fixture
def activities(holder):
    return [make_points(holder, 24), make_points(holder, 16)]


@pytest.fixture
def submission(credential, activities):
    return send(credential, activities)


def returned(submission, reviewer, *, on=TODAY):
    workflow.take(submission, by=reviewer, at=NOW)
    return workflow.return_for_more(submission, "The date is missing.", by=reviewer, at=NOW, on=on)


def counted_for(submission, activity):
    return submission.counted.held().get(activity=activity)


def judge(submission, activity, verdict, reviewer, **fields):
    return workflow.judge(counted_for(submission, activity), verdict, by=reviewer, **fields)


def answer(submission, activities, *, on=TODAY, **fields):
    return workflow.answer(submission, [a.pk for a in activities], at=LATER, on=on, **fields)


def moves_of(submission):
    return [(step.move, step.by) for step in submission.steps.all()]


# --- sending --------------------------------------------------------------------------------------------------------


def test_sending_writes_the_request_its_activities_its_case_and_a_notice(credential, activities, holder):
    submission = workflow.submit(credential, [a.pk for a in activities], key=uuid4(), words=" Hello ", at=NOW, on=TODAY)
    assert (submission.status, submission.points, submission.submitted_on) == (Status.SUBMITTED, 40, TODAY)
    assert (submission.expires_on, submission.holder) == (credential.expires_on, holder)
    assert submission.policy == Policy.objects.get()
    assert {(c.activity, c.points, c.verdict) for c in submission.counted.held()} == {
        (activities[0], 24, Verdict.PENDING),
        (activities[1], 16, Verdict.PENDING),
    }
    assert set(Activity.objects.values_list("locked_at", "locked_by")) == {(NOW, str(submission))}
    assert submission.case.number == f"CRED-{submission.case.pk:06d}"
    step = submission.steps.get()
    assert (step.move, step.by, step.words, step.at) == (Step.Move.SUBMITTED, holder, "Hello", NOW)
    assert Notice.objects.get().step == step


def test_sending_the_same_form_again_returns_the_request_it_made(credential, activities):
    key = uuid4()
    first = send(credential, activities, key=key)
    before = everything()
    assert send(credential, activities, key=key) == first
    assert send(credential, [], key=key) == first
    assert everything() == before


def test_a_replay_after_the_decision_still_returns_the_request(credential, activities, reviewer):
    key = uuid4()
    first = send(credential, activities, key=key)
    approve(first, reviewer)
    assert send(credential, activities, key=key).status == Status.APPROVED


def test_a_form_sent_for_one_certification_does_not_count_for_another(credential, activities, holder):
    key = uuid4()
    send(credential, activities, key=key)
    other = make_credential(holder, code="OCP-LA")
    assert "another certification" in refused(send, other, [make_points(holder, 40)], key=key)


def test_another_persons_form_key_opens_nothing(submission):
    stranger = make_holder()
    activity, credential = make_points(stranger, 40), make_credential(stranger)
    assert "another certification" in refused(send, credential, [activity], key=submission.request_key)


def test_below_forty_nothing_is_written(credential, activities):
    assert refused(send, credential, activities[:1]) == "16 more points are needed."
    assert "40 more points" in refused(send, credential, [])


def test_an_activity_named_twice_counts_once(credential, activities):
    pks = [activities[0].pk] * 2
    assert "16 more" in refused(workflow.submit, credential, pks, key=uuid4(), at=NOW, on=TODAY)


def test_a_strangers_activity_cannot_be_counted(credential, activities):
    foreign = make_points(make_holder(), 40)
    assert "no longer in your log" in refused(send, credential, [*activities, foreign])


def test_a_removed_activity_cannot_be_counted(credential, activities):
    gone = make_activity(credential.holder)
    activity_workflow.remove(Activity.objects.get(pk=gone.pk))
    assert "no longer in your log" in refused(send, credential, [*activities, gone])


def test_an_activity_that_does_not_count_is_refused_by_name_with_its_reason(credential, activities):
    bare = make_activity(credential.holder, title="Bare course", evidence=False)
    assert refused(send, credential, [*activities, bare]) == "Bare course: No evidence yet: add it and this counts."


def test_a_credential_without_a_holder_cannot_be_extended(credential, activities):
    Credential.objects.update(holder=None)
    assert "no holder" in refused(send, credential, activities)


def test_after_the_expiry_date_nothing_is_sent(credential, activities):
    day = credential.expires_on + timedelta(days=1)
    assert "12 May 2027" in refused(send, credential, activities, on=day)


def test_while_a_request_is_open_no_second_one_is_sent(submission, credential, holder, reviewer):
    fresh = [make_points(holder, 40)]
    assert str(submission) in refused(send, credential, fresh)
    returned(submission, reviewer)
    assert str(submission) in refused(send, credential, fresh)


# --- the table of moves -----------------------------------------------------------------------------------------------


def reach(status, submission, reviewer):
    """Bring a request into a status the way people do."""
    activities = [c.activity for c in submission.counted.held()]
    if status in (Status.RETURNED, Status.LAPSED):
        returned(submission, reviewer)
    if status == Status.LAPSED:
        workflow.lapse_unanswered(at=LATER, on=ANSWER_BY + timedelta(days=1))
    if status == Status.WITHDRAWN:
        workflow.withdraw(submission, by=submission.holder, at=NOW)
    if status in (Status.SUBMITTED, Status.APPROVED, Status.REJECTED):
        accept_all(submission, reviewer)
    if status == Status.APPROVED:
        workflow.approve(submission, from_day=submission.expires_on, by=reviewer, at=NOW)
    if status == Status.REJECTED:
        workflow.reject(submission, "No.", by=reviewer, at=NOW)
    submission.refresh_from_db()
    assert submission.status == status
    return activities


MOVES = {
    Status.SUBMITTED: lambda s, r, a: answer(s, a),
    Status.RETURNED: lambda s, r, a: workflow.return_for_more(s, "More.", by=r, at=LATER, on=TODAY),
    Status.APPROVED: lambda s, r, a: workflow.approve(s, from_day=s.expires_on, by=r, at=LATER),
    Status.REJECTED: lambda s, r, a: workflow.reject(s, "No.", by=r, at=LATER),
    Status.WITHDRAWN: lambda s, r, a: workflow.withdraw(s, by=s.holder, at=LATER),
    Status.LAPSED: lambda s, r, a: workflow.lapse_unanswered(at=LATER, on=ANSWER_BY + timedelta(days=1)),
}


@pytest.mark.parametrize("to", Status)
@pytest.mark.parametrize("status", Status)
def test_every_move_obeys_the_table(status, to, submission, reviewer):
    activities = reach(status, submission, reviewer)
    if to in NEXT[status]:
        MOVES[to](submission, reviewer, activities)
        submission.refresh_from_db()
        assert submission.status == to
    elif to == Status.LAPSED:
        before = everything()
        assert MOVES[to](submission, reviewer, activities) == 0
        assert everything() == before
    else:
        assert str(submission) in refused(MOVES[to], submission, reviewer, activities)


WORK = {
    "take": lambda s, r: workflow.take(s, by=r, at=LATER),
    "put back": lambda s, r: workflow.put_back(s, by=r, at=LATER),
    "judge": lambda s, r: workflow.judge(s.counted.first(), Verdict.REFUSED, reason=Reason.OTHER, by=r),
    "add evidence": lambda s, r: workflow.add_evidence(s, s.counted.first().activity, []),
}
POSSIBLE = {
    "take": {Status.SUBMITTED},
    "put back": set(OPEN),
    "judge": {Status.SUBMITTED},
    "add evidence": {Status.RETURNED},
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("work", WORK)
def test_what_can_be_done_while_a_request_rests_in_a_status(work, status, submission, reviewer):
    reach(status, submission, reviewer)
    if status in POSSIBLE[work]:
        WORK[work](submission, reviewer)
    else:
        assert "not possible any more" in refused(WORK[work], submission, reviewer)


# --- four eyes and one reviewer at a time ---------------------------------------------------------------------------

REVIEW = {
    **{name: move for name, move in WORK.items() if name != "add evidence"},
    "return": lambda s, r: workflow.return_for_more(s, "More.", by=r, at=LATER, on=TODAY),
    "approve": lambda s, r: workflow.approve(s, from_day=s.expires_on, by=r, at=LATER),
    "reject": lambda s, r: workflow.reject(s, "No.", by=r, at=LATER),
}


@pytest.mark.parametrize("move", REVIEW)
def test_nobody_reviews_their_own_request(move):
    person = make_reviewer("Both", group="Programme managers")
    submission = send(make_credential(person), [make_points(person, 40)])
    assert "your own request" in refused(REVIEW[move], submission, person)


@pytest.mark.parametrize("move", REVIEW)
def test_only_the_team_reviews(move, submission):
    assert "Only the certification team" in refused(REVIEW[move], submission, make_holder())


@pytest.mark.parametrize("move", REVIEW)
def test_a_disabled_reviewer_reviews_nothing(move, submission, reviewer):
    accept_all(submission, reviewer)
    reviewer.is_active = False
    assert "Only the certification team" in refused(REVIEW[move], submission, reviewer)


@pytest.mark.parametrize("move", [name for name in REVIEW if name != "take"])
def test_a_request_is_taken_first(move, submission, reviewer):
    assert "Take the request first" in refused(REVIEW[move], submission, reviewer)


@pytest.mark.parametrize("move", REVIEW)
def test_a_request_taken_by_another_is_left_alone(move, submission, reviewer):
    accept_all(submission, reviewer)
    assert "Rita Reviewer has taken this request." in refused(REVIEW[move], submission, make_reviewer("Second"))


def test_a_manager_takes_a_request_over_and_the_first_reviewer_is_out(submission, reviewer):
    accept_all(submission, reviewer)
    manager = make_reviewer("Mona Manager", group="Programme managers")
    workflow.take(submission, by=manager, at=LATER)
    assert "Mona Manager has taken" in refused(REVIEW["approve"], submission, reviewer)
    workflow.approve(submission, from_day=submission.expires_on, by=manager, at=LATER)
    submission.refresh_from_db()
    assert (submission.decided_by, submission.taken_by) == (manager, manager)


def test_taking_twice_is_one_step(submission, reviewer):
    workflow.take(submission, by=reviewer, at=NOW)
    before = everything()
    workflow.take(submission, by=reviewer, at=LATER)
    assert everything() == before


def test_a_request_put_back_can_be_taken_by_a_colleague(submission, reviewer):
    colleague = make_reviewer("Colleague")
    workflow.take(submission, by=reviewer, at=NOW)
    workflow.put_back(submission, by=reviewer, at=NOW)
    workflow.take(submission, by=colleague, at=LATER)
    submission.refresh_from_db()
    assert (submission.taken_by, submission.taken_at) == (colleague, LATER)


# --- verdicts ---------------------------------------------------------------------------------------------------------


def test_a_verdict_can_be_changed_until_the_decision(submission, activities, reviewer):
    workflow.take(submission, by=reviewer, at=NOW)
    fewer = {"points": Decimal("20.25"), "reason": Reason.FEWER_HOURS, "words": " Two days. "}
    judged = judge(submission, activities[0], Verdict.FEWER, reviewer, **fewer)
    assert (judged.accepted_points, judged.reason, judged.words) == (Decimal("20.25"), Reason.FEWER_HOURS, "Two days.")
    judged = judge(submission, activities[0], Verdict.REFUSED, reviewer, reason=Reason.OTHER, points=Decimal(3))
    assert (judged.accepted_points, judged.reason) == (0, Reason.OTHER)
    judged = judge(submission, activities[0], Verdict.ACCEPTED, reviewer, reason=Reason.OTHER, words="well")
    assert (judged.accepted_points, judged.reason, judged.words) == (24, "", "")
    judged = judge(submission, activities[0], Verdict.PENDING, reviewer)
    assert judged.accepted_points == 0


@pytest.mark.parametrize("points", [None, Decimal(0), Decimal(24), Decimal(25), Decimal("3.1")])
def test_fewer_points_are_more_than_none_fewer_than_claimed_and_in_quarters(points, submission, activities, reviewer):
    workflow.take(submission, by=reviewer, at=NOW)
    refused(judge, submission, activities[0], Verdict.FEWER, reviewer, points=points, reason=Reason.OTHER)


def test_an_activity_dropped_meanwhile_cannot_be_judged(submission, activities, reviewer, holder):
    old = counted_for(submission, activities[0])
    returned(submission, reviewer)
    answer(submission, [activities[1], make_points(holder, 24)])
    assert "open the page again" in refused(workflow.judge, old, Verdict.ACCEPTED, by=reviewer)


# --- return and answer ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["", "  \n"])
def test_return_and_rejection_need_words(words, submission, reviewer):
    workflow.take(submission, by=reviewer, at=NOW)
    assert "write a sentence" in refused(workflow.return_for_more, submission, words, by=reviewer, at=NOW, on=TODAY)
    assert "write a sentence" in refused(workflow.reject, submission, words, by=reviewer, at=NOW)


def test_a_returned_request_keeps_its_reviewer_its_activities_and_gets_a_day_to_answer(
    submission, activities, reviewer
):
    returned(submission, reviewer)
    submission.refresh_from_db()
    assert (submission.answer_by, submission.taken_by) == (date(2026, 12, 24), reviewer)
    assert {a.locked_by for a in Activity.objects.all()} == {str(submission)}


def test_an_answer_keeps_what_was_accepted_and_asks_for_the_rest_again(submission, activities, reviewer, holder):
    more = make_points(holder, 8)
    workflow.take(submission, by=reviewer, at=NOW)
    judge(submission, activities[0], Verdict.ACCEPTED, reviewer)
    judge(submission, activities[1], Verdict.REFUSED, reviewer, reason=Reason.UNREADABLE, words="Blurred")
    workflow.return_for_more(submission, "One is blurred.", by=reviewer, at=NOW, on=TODAY)
    answered = answer(submission, [*activities, more], words="Here")
    verdicts = {c.activity: (c.verdict, c.accepted_points, c.reason, c.words) for c in answered.counted.held()}
    assert verdicts == {
        activities[0]: (Verdict.ACCEPTED, 24, "", ""),
        activities[1]: (Verdict.PENDING, 0, "", ""),
        more: (Verdict.PENDING, 0, "", ""),
    }
    assert (answered.points, answered.answer_by, answered.waiting_since) == (48, None, LATER)
    assert (answered.submitted_on, answered.submitted_at, answered.taken_by) == (TODAY, NOW, reviewer)
    more.refresh_from_db()
    assert more.locked_by == str(submission)


def test_an_activity_accepted_with_fewer_points_is_looked_at_again(submission, activities, reviewer):
    workflow.take(submission, by=reviewer, at=NOW)
    judge(submission, activities[0], Verdict.FEWER, reviewer, points=Decimal(8), reason=Reason.FEWER_HOURS)
    workflow.return_for_more(submission, "Hours?", by=reviewer, at=NOW, on=TODAY)
    answer(submission, activities)
    assert counted_for(submission, activities[0]).verdict == Verdict.PENDING


def test_an_activity_dropped_in_the_answer_is_free_again(submission, activities, reviewer, holder):
    more = make_points(holder, 24)
    returned(submission, reviewer)
    answer(submission, [activities[1], more])
    activities[0].refresh_from_db()
    assert not activities[0].is_locked
    assert submission.counted.get(activity=activities[0]).released_at == LATER
    assert {c.activity for c in submission.counted.held()} == {activities[1], more}


def test_a_dropped_activity_may_come_back_in_a_second_answer(submission, activities, reviewer, holder):
    more = make_points(holder, 24)
    returned(submission, reviewer)
    answer(submission, [activities[1], more])
    workflow.return_for_more(submission, "Once more.", by=reviewer, at=LATER, on=TODAY)
    answer(submission, activities)
    assert {c.activity for c in submission.counted.held()} == set(activities)
    assert submission.counted.count() == 4


def test_an_answer_below_forty_writes_nothing(submission, activities, reviewer):
    returned(submission, reviewer)
    assert refused(answer, submission, activities[:1]) == "16 more points are needed."


def test_an_answer_after_its_day_writes_nothing(submission, activities, reviewer):
    returned(submission, reviewer)
    assert "24 December 2026" in refused(answer, submission, activities, on=ANSWER_BY + timedelta(days=1))
    answer(submission, activities, on=ANSWER_BY)


def test_an_answer_cannot_count_what_another_request_has_spent(submission, activities, reviewer, holder):
    spent = make_points(holder, 40)
    other = send(make_credential(holder, code="OCP-LA"), [spent])
    returned(submission, reviewer)
    assert f"Already spent on {other}." in refused(answer, submission, [*activities, spent])


def test_an_answer_may_add_what_was_done_after_sending_within_one_span(holder, reviewer):
    """Sent on the last day an activity counted; what is added may not stretch the points over more than 24 months."""
    old = make_points(holder, 39, TODAY - timedelta(days=730))
    same = make_points(holder, 1, TODAY)
    submission = send(make_credential(holder), [old, same])
    returned(submission, reviewer)
    day = TODAY + timedelta(days=10)
    late = make_points(holder, 1, day)
    assert "Leave out one end" in refused(answer, submission, [old, late], on=day)
    answer(submission, [old, same], on=day)


def test_what_counted_on_the_day_of_sending_still_counts_in_the_answer(holder, reviewer):
    """Lapsed while the request was open: protected (handbook, "sent before expiry, decided after")."""
    forgotten = make_points(holder, 8, date(2024, 11, 30))
    counted = make_points(holder, 40, date(2024, 12, 1))
    submission = send(make_credential(holder), [counted])
    returned(submission, reviewer)
    answered = answer(submission, [counted, forgotten], on=date(2026, 12, 20))
    assert answered.points == 48


def test_an_answer_is_judged_by_the_cap_as_a_whole(holder, reviewer):
    """More activities of a capped kind fill the cap anew: together they never bring more than it."""
    kind = make_points(holder, 1).type
    kind.cap = 40
    kind.save()
    first = make_points(holder, 40, date(2026, 3, 2))
    submission = send(make_credential(holder), [first])
    workflow.take(submission, by=reviewer, at=NOW)
    judge(submission, first, Verdict.ACCEPTED, reviewer)
    workflow.return_for_more(submission, "More?", by=reviewer, at=NOW, on=TODAY)
    earlier = make_points(holder, 30, date(2026, 1, 5))
    answered = answer(submission, [first, earlier])
    held = {c.activity: (c.points, c.verdict) for c in answered.counted.held()}
    assert held == {earlier: (30, Verdict.PENDING), first: (10, Verdict.PENDING)}
    assert answered.points == 40


def test_what_a_cap_leaves_nothing_of_is_dropped_from_the_answer_and_free(holder, reviewer):
    kind = make_points(holder, 1).type
    kind.cap = 40
    kind.save()
    first = make_points(holder, 40, date(2026, 3, 2))
    submission = send(make_credential(holder), [first])
    returned(submission, reviewer)
    earlier = make_points(holder, 40, date(2026, 1, 5))
    answered = answer(submission, [first, earlier])
    assert [(c.activity, c.points) for c in answered.counted.held()] == [(earlier, 40)]
    first.refresh_from_db()
    assert not first.is_locked


def test_evidence_is_added_while_returned_to_a_counted_activity_only(submission, activities, reviewer, holder):
    aside, other = make_evidence(holder), make_activity(holder)
    returned(submission, reviewer)
    assert "does not count this activity" in refused(workflow.add_evidence, submission, other, [aside.pk])
    workflow.add_evidence(submission, activities[0], [aside.pk])
    aside.refresh_from_db()
    assert aside.activity == activities[0]


def test_nobody_elses_file_becomes_evidence(submission, activities, reviewer):
    foreign = make_evidence(make_holder())
    returned(submission, reviewer)
    workflow.add_evidence(submission, activities[0], [foreign.pk])
    foreign.refresh_from_db()
    assert foreign.activity is None


def test_evidence_of_a_counted_activity_cannot_be_removed_even_while_returned(submission, activities, reviewer):
    returned(submission, reviewer)
    evidence = Evidence.objects.get(activity=activities[0])
    assert str(submission) in refused(activity_workflow.remove_evidence, evidence)
    assert str(submission) in refused(activity_workflow.remove, Activity.objects.get(pk=activities[0].pk))


# --- decisions --------------------------------------------------------------------------------------------------------


def test_approval_extends_from_the_old_expiry_date_by_twenty_four_months(submission, credential, reviewer):
    extension = approve(submission, reviewer, at=LATER)
    credential.refresh_from_db()
    submission.refresh_from_db()
    assert credential.expires_on == date(2029, 5, 12)
    assert (extension.old_expires_on, extension.new_expires_on) == (date(2027, 5, 12), date(2029, 5, 12))
    assert (extension.source, extension.granted_by, extension.granted_at) == (str(submission), reviewer, LATER)
    assert (submission.status, submission.decided_by, submission.decided_at) == (Status.APPROVED, reviewer, LATER)
    assert submission.closed_at == LATER


def test_without_a_verdict_on_each_activity_nothing_is_approved(submission, activities, reviewer):
    workflow.take(submission, by=reviewer, at=NOW)
    judge(submission, activities[0], Verdict.ACCEPTED, reviewer)
    assert "no verdict yet" in refused(REVIEW["approve"], submission, reviewer)


def test_refused_activities_are_free_again_after_approval_and_accepted_ones_stay_spent(holder, reviewer):
    good, bad = make_points(holder, 40), make_points(holder, 8)
    submission = send(make_credential(holder), [good, bad])
    accept_all(submission, reviewer)
    judge(submission, bad, Verdict.REFUSED, reviewer, reason=Reason.OTHER)
    workflow.approve(submission, from_day=submission.expires_on, by=reviewer, at=LATER)
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.locked_by, bad.locked_by) == (str(submission), "")
    assert {c.activity: c.released_at for c in submission.counted.all()} == {good: None, bad: LATER}
    other = send(make_credential(holder, code="OCP-LA"), [bad, make_points(holder, 32)])
    assert other.points == 40


def test_an_expiry_date_that_moved_meanwhile_stops_the_approval(submission, credential, reviewer):
    accept_all(submission, reviewer)
    Credential.objects.update(expires_on=date(2028, 1, 1))
    sentence = refused(workflow.approve, submission, from_day=date(2027, 5, 12), by=reviewer, at=NOW)
    assert "1 January 2028" in sentence
    workflow.approve(submission, from_day=date(2028, 1, 1), by=reviewer, at=NOW)
    credential.refresh_from_db()
    assert credential.expires_on == date(2030, 1, 1)


ENDINGS = {
    "withdrawn": lambda s, r: workflow.withdraw(s, by=s.holder, at=LATER),
    "rejected": lambda s, r: (workflow.take(s, by=r, at=NOW), workflow.reject(s, "No.", by=r, at=LATER)),
    "lapsed": lambda s, r: (returned(s, r), workflow.lapse_unanswered(at=LATER, on=ANSWER_BY + timedelta(days=1))),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_without_an_extension_the_activities_are_free_again_and_the_history_stays(
    ending, submission, activities, credential, reviewer
):
    ENDINGS[ending](submission, reviewer)
    submission.refresh_from_db()
    assert (submission.status, submission.closed_at, submission.answer_by) == (ending, LATER, None)
    assert not Activity.objects.exclude(locked_at=None).exists()
    assert {c.released_at for c in submission.counted.all()} == {LATER}
    assert submission.counted.count() == 2
    credential.refresh_from_db()
    assert credential.expires_on == date(2027, 5, 12)
    assert send(credential, activities).pk != submission.pk


def test_only_the_holder_withdraws(submission, reviewer):
    assert "Only the holder" in refused(workflow.withdraw, submission, by=reviewer, at=NOW)


def test_a_request_lapses_the_day_after_its_day_to_answer_and_once(submission, reviewer):
    returned(submission, reviewer)
    before = everything()
    assert workflow.lapse_unanswered(at=LATER, on=ANSWER_BY) == 0
    assert everything() == before
    assert workflow.lapse_unanswered(at=LATER, on=ANSWER_BY + timedelta(days=1)) == 1
    assert workflow.lapse_unanswered(at=LATER, on=ANSWER_BY + timedelta(days=2)) == 0


def test_an_answered_request_does_not_lapse(submission, activities, reviewer):
    returned(submission, reviewer)
    answer(submission, activities)
    assert workflow.lapse_unanswered(at=LATER, on=ANSWER_BY + timedelta(days=100)) == 0


# --- shared activities ------------------------------------------------------------------------------------------------


@pytest.fixture
def sharing(program):
    Policy.objects.update(share_activities=True)


@pytest.mark.usefixtures("sharing")
def test_a_shared_activity_stays_locked_by_the_request_that_still_counts_it(holder, credential, activities):
    first = send(credential, activities)
    second = send(make_credential(holder, code="OCP-LA"), activities)
    assert {a.locked_by for a in Activity.objects.all()} == {str(first)}
    workflow.withdraw(first, by=holder, at=LATER)
    assert {a.locked_by for a in Activity.objects.all()} == {str(second)}
    workflow.withdraw(second, by=holder, at=LATER)
    assert {a.locked_by for a in Activity.objects.all()} == {""}


@pytest.mark.usefixtures("sharing")
def test_a_shared_activity_serves_the_same_certification_once(holder, credential, activities, reviewer):
    first = send(credential, activities)
    approve(first, reviewer)
    assert f"spent on {first}" in refused(send, credential, activities)


# --- history and mail -------------------------------------------------------------------------------------------------

TOLD = {
    Step.Move.SUBMITTED,
    Step.Move.RETURNED,
    Step.Move.ANSWERED,
    Step.Move.APPROVED,
    Step.Move.REJECTED,
    Step.Move.LAPSED,
}


def test_the_history_of_a_long_request_is_complete(submission, activities, holder, reviewer):
    workflow.take(submission, by=reviewer, at=NOW)
    workflow.put_back(submission, by=reviewer, at=NOW)
    returned(submission, reviewer)
    answer(submission, activities, words="Done")
    accept_all(submission, reviewer)
    workflow.approve(submission, "Well done", from_day=submission.expires_on, by=reviewer, at=LATER)
    assert moves_of(submission) == [
        (Step.Move.SUBMITTED, holder),
        (Step.Move.TAKEN, reviewer),
        (Step.Move.PUT_BACK, reviewer),
        (Step.Move.TAKEN, reviewer),
        (Step.Move.RETURNED, reviewer),
        (Step.Move.ANSWERED, holder),
        (Step.Move.APPROVED, reviewer),
    ]
    assert [s.words for s in submission.steps.all() if s.words] == ["The date is missing.", "Done", "Well done"]
    assert [notice.step.move for notice in Notice.objects.order_by("pk")] == [
        Step.Move.SUBMITTED,
        Step.Move.RETURNED,
        Step.Move.ANSWERED,
        Step.Move.APPROVED,
    ]


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_step_the_holder_is_told_of_has_exactly_one_notice(ending, submission, reviewer):
    ENDINGS[ending](submission, reviewer)
    told = [step.pk for step in Step.objects.all() if step.move in TOLD]
    assert sorted(Notice.objects.values_list("step", flat=True)) == told


def test_a_lapse_has_nobody_behind_it(submission, reviewer):
    ENDINGS["lapsed"](submission, reviewer)
    assert moves_of(submission)[-1] == (Step.Move.LAPSED, None)


def test_one_request_has_one_case_for_life(submission, activities, reviewer):
    returned(submission, reviewer)
    answer(submission, activities)
    approve(submission, reviewer)
    assert CredentialingCase.objects.get().submission == submission
    assert Extension.objects.count() == 1
    assert Submission.objects.count() == 1
    assert CountedActivity.objects.count() == 2
