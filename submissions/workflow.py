"""The only code that moves a request: send, answer, withdraw, take, judge, return, approve, reject, lapse.

Each function is one transaction: lock, look, then write. Locks are taken in one order everywhere: the request, its
credential, its activities. The lock on the activities is part of the 40-point rule: without it two requests for two
credentials could each see the same points as free.

All raise NotAllowed with a sentence for the person who asked.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from accounts import audit
from accounts.audit import Action
from accounts.models import User
from activities.models import Activity, Evidence
from certifications.models import Credential, Extension
from integrations import doorbell
from submissions import rules, standing
from submissions.models import CountedActivity, CredentialingCase, Notice, Policy, Step, Submission
from submissions.rules import ZERO, NotAllowed, Status, Verdict

# --- the holder -------------------------------------------------------------------------------------------------------


def submit(
    credential: Credential, activities: Iterable[int], *, key: UUID, words: str = "", at: datetime, on: date
) -> Submission:
    """Ask for an extension, counting these activities. A replay with the same `key` returns the request it made before.

    Below the needed points nothing is created, tracked or sent (rule 6).
    """
    with transaction.atomic():
        credential = Credential.objects.select_for_update(of=("self",)).get(pk=credential.pk)
        if credential.holder is None:
            raise NotAllowed(_("This certification has no holder yet."))
        sent_before = Submission.objects.of(credential.holder).filter(request_key=key, credential=credential).first()
        if sent_before:
            return sent_before
        _check_none_open(credential)
        policy = Policy.objects.in_force(on)
        rules.check_ends(credential.expires_on, policy.extension_months)
        rules.check_not_expired(credential.expires_on, on)
        lines = _lock_and_count(credential, activities, policy=policy, on=on)
        submission, is_new = Submission.objects.get_or_create(
            request_key=key,
            defaults={
                "credential": credential,
                "holder": credential.holder,
                "policy": policy,
                "expires_on": credential.expires_on,
                "points": _sum(lines),
                "submitted_on": on,
                "submitted_at": at,
                "waiting_since": at,
            },
        )
        if not is_new:
            raise NotAllowed(_("This form was sent for another certification. Please open the page again."))
        _count(submission, lines, at=at)
        _open_case(submission, at=at)
        _step(submission, Step.Move.SUBMITTED, by=credential.holder, words=words, at=at, tell=True)
    return submission


def answer(submission: Submission, activities: Iterable[int], *, words: str = "", at: datetime, on: date) -> Submission:
    """Send a returned request again, with these activities. It keeps its day of sending and its protection.

    What the reviewer accepted stays accepted; the rest is looked at again.
    """
    with transaction.atomic():
        submission = _lock(submission, Status.SUBMITTED)
        rules.check_answer_in_time(submission.answer_by, on)
        credential = Credential.objects.select_for_update(of=("self",)).get(pk=submission.credential_id)
        lines = _lock_and_count(
            credential,
            activities,
            policy=submission.policy,
            on=on,
            counted_by=submission,
            count_on=submission.submitted_on,
        )
        rules.check_span([line.activity.completed_on for line in lines], submission.policy.window_months)
        brings = {line.activity.pk: line.points for line in lines}
        # Dropped, or cut anew by a cap now that others came: counted again below, or not at all.
        _release([c for c in submission.counted.held() if brings.get(c.activity_id) != c.points], at=at)
        submission.counted.held().exclude(verdict=Verdict.ACCEPTED).update(
            verdict=Verdict.PENDING, accepted_points=ZERO, reason="", words=""
        )
        kept = set(submission.counted.held().values_list("activity_id", flat=True))
        _count(submission, [line for line in lines if line.activity.pk not in kept], at=at)
        submission.status, submission.answer_by = Status.SUBMITTED, None
        submission.points, submission.waiting_since = _sum(lines), at
        submission.save()
        _step(submission, Step.Move.ANSWERED, by=submission.holder, words=words, at=at, tell=True)
    return submission


def add_evidence(submission: Submission, activity: Activity, evidence: Iterable[UUID]) -> None:
    """Add files to an activity of a returned request: the rest of a counted activity stays locked."""
    with transaction.atomic():
        submission = _lock(submission, Status.SUBMITTED)
        counted = submission.counted.held().filter(activity=activity).exists()
        if not counted:
            raise NotAllowed(_("%(request)s does not count this activity.") % {"request": submission})
        files = Evidence.objects.filter(pk__in=list(evidence)).attach(activity)
        details = {"files": files, "request": submission.reference}
        audit.record(Action.EVIDENCE_ADDED, subject=f"activity {activity.pk}", by=submission.holder, details=details)


def withdraw(submission: Submission, *, by: User, at: datetime) -> Submission:
    """Take a request back before it is decided; its activities are free again."""
    with transaction.atomic():
        submission = _lock(submission, Status.WITHDRAWN)
        if by.pk != submission.holder_id:
            raise NotAllowed(_("Only the holder can withdraw a request."))
        _close(submission, Status.WITHDRAWN, Step.Move.WITHDRAWN, by=by, at=at)
    return submission


# --- the team ---------------------------------------------------------------------------------------------------------


def take(submission: Submission, *, by: User, at: datetime) -> Submission:
    """Make a request one reviewer's. Who may reassign can take it over from a colleague."""
    with transaction.atomic():
        submission = _lock(submission)
        check_reviewer(submission, by)
        if submission.status != Status.SUBMITTED:
            rules.check_move(submission.reference, submission.status, Status.RETURNED)
        if submission.taken_by_id == by.pk:
            return submission
        if submission.taken_by_id and not by.has_perm("submissions.reassign_submission"):
            raise NotAllowed(_taken(submission))
        submission.taken_by, submission.taken_at = by, at
        submission.save(update_fields=["taken_by", "taken_at"])
        _step(submission, Step.Move.TAKEN, by=by, at=at)
    return submission


def put_back(submission: Submission, *, by: User, at: datetime) -> Submission:
    """Give a taken request back to the queue."""
    with transaction.atomic():
        submission = _lock(submission)
        rules.check_open(submission.reference, submission.status)
        check_taken(submission, by)
        submission.taken_by = submission.taken_at = None
        submission.save(update_fields=["taken_by", "taken_at"])
        _step(submission, Step.Move.PUT_BACK, by=by, at=at)
    return submission


def judge(
    counted: CountedActivity,
    verdict: str,
    *,
    points: Decimal | None = None,
    reason: str = "",
    words: str = "",
    by: User,
) -> CountedActivity:
    """Say of one activity: accepted as claimed, with fewer points, or refused. May be changed until the decision."""
    with transaction.atomic():
        submission = _lock(counted.submission)
        rules.check_move(submission.reference, submission.status, Status.RETURNED)
        check_taken(submission, by)
        counted = _still_counted(submission, counted)
        accepted = {Verdict.ACCEPTED: counted.points, Verdict.FEWER: points or ZERO}.get(Verdict(verdict), ZERO)
        rules.check_verdict(verdict, counted.points, accepted, reason)
        before = counted.verdict, counted.accepted_points
        counted.verdict, counted.accepted_points = verdict, accepted
        plain = verdict in (Verdict.ACCEPTED, Verdict.PENDING)
        counted.reason, counted.words = ("", "") if plain else (reason, words.strip())
        counted.save()
        _audit_verdict(counted, before, by=by)
    return counted


def accept_rest(submission: Submission, *, by: User) -> int:
    """Accept as claimed whatever has no verdict yet; returns how many."""
    with transaction.atomic():
        submission = _lock(submission)
        rules.check_move(submission.reference, submission.status, Status.RETURNED)
        check_taken(submission, by)
        pending = submission.counted.held().filter(verdict=Verdict.PENDING)
        accepted = pending.update(verdict=Verdict.ACCEPTED, accepted_points=F("points"))
        if accepted:
            details = {"activities": accepted}
            audit.record(Action.ACCEPTED_REST, subject=submission.reference, by=by, details=details)
    return accepted


def return_for_more(submission: Submission, words: str, *, by: User, at: datetime, on: date) -> Submission:
    """Give a request back to its holder with what is missing: the main path when something is. It stays protected."""
    with transaction.atomic():
        submission = _lock(submission, Status.RETURNED)
        check_taken(submission, by)
        _check_words(words)
        submission.status = Status.RETURNED
        submission.answer_by = on + timedelta(days=submission.policy.answer_days)
        submission.save()
        _step(submission, Step.Move.RETURNED, by=by, words=words, at=at, tell=True)
    return submission


def approve(submission: Submission, words: str = "", *, from_day: date, by: User, at: datetime) -> Extension:
    """Extend the credential: `from_day`, the expiry date the reviewer saw, plus the policy's months.

    Refused activities are free again; the accepted ones are spent.
    """
    with transaction.atomic():
        submission = _lock(submission, Status.APPROVED)
        check_taken(submission, by)
        credential = Credential.objects.select_for_update(of=("self",)).get(pk=submission.credential_id)
        counted = list(submission.counted.held())
        check_approvable(submission, counted)
        rules.check_ends(from_day, submission.policy.extension_months)
        _release([c for c in counted if c.verdict == Verdict.REFUSED], at=at)
        extension = credential.extend(
            from_day=from_day, months=submission.policy.extension_months, source=submission.reference, by=by, at=at
        )
        submission.status, submission.closed_at = Status.APPROVED, at
        submission.decided_by, submission.decided_at = by, at
        submission.save()
        _step(submission, Step.Move.APPROVED, by=by, words=words, at=at, tell=True)
    return extension


def reject(submission: Submission, words: str, *, by: User, at: datetime) -> Submission:
    """Decline a request for good; its activities are free again, its history stays."""
    with transaction.atomic():
        submission = _lock(submission, Status.REJECTED)
        check_taken(submission, by)
        _check_words(words)
        submission.decided_by, submission.decided_at = by, at
        _close(submission, Status.REJECTED, Step.Move.REJECTED, by=by, words=words, at=at, tell=True)
    return submission


def check_reviewer(submission: Submission, by: User) -> None:
    """Raises NotAllowed unless this person may decide on requests, and this one is not their own."""
    if by.pk == submission.holder_id:
        raise NotAllowed(_("This is your own request. A colleague decides on it."))
    if not by.has_perm("submissions.review_submission"):
        raise NotAllowed(_("Only the certification team decides on requests."))


def check_taken(submission: Submission, by: User) -> None:
    """Raises NotAllowed unless this reviewer, and nobody else, has taken the request."""
    check_reviewer(submission, by)
    if submission.taken_by_id is None:
        raise NotAllowed(_("Take the request first, so that nobody else works on it at the same time."))
    if submission.taken_by_id != by.pk:
        raise NotAllowed(_taken(submission))


def check_approvable(submission: Submission, counted: Iterable[CountedActivity]) -> None:
    """Raises NotAllowed unless every activity has its verdict and enough points are accepted."""
    counted = list(counted)
    if any(c.verdict == Verdict.PENDING for c in counted):
        raise NotAllowed(_("Some activities have no verdict yet. Look at each one first."))
    rules.check_points(sum((c.accepted_points for c in counted), ZERO), submission.policy.points_needed)


# --- the clock --------------------------------------------------------------------------------------------------------


def lapse_unanswered(*, at: datetime, on: date) -> int:
    """Close returned requests whose day to answer has passed; their activities are free again. Returns how many."""
    lapsed = 0
    for pk in list(Submission.objects.unanswered(on).values_list("pk", flat=True)):
        with transaction.atomic():
            submission = Submission.objects.select_for_update(of=("self",)).get(pk=pk)
            if submission.status == Status.RETURNED and submission.answer_by and submission.answer_by < on:
                _close(submission, Status.LAPSED, Step.Move.LAPSED, by=None, at=at, tell=True)
                lapsed += 1
    return lapsed


# --- what they are made of --------------------------------------------------------------------------------------------


def new_key() -> UUID:
    """A key for a form, so that sending it twice makes one request."""
    return uuid4()


def _lock(submission: Submission, to: Status | None = None) -> Submission:
    """The row as it is now, held until the end of the transaction, and allowed to move to `to`."""
    locked = (
        Submission.objects.select_related("policy", "holder", "taken_by")
        .select_for_update(of=("self",))
        .get(pk=submission.pk)
    )
    if to is not None:
        rules.check_move(locked.reference, locked.status, to)
    return locked


def _lock_and_count(
    credential: Credential,
    activities: Iterable[int],
    *,
    policy: Policy,
    on: date,
    counted_by: Submission | None = None,
    count_on: date | None = None,
) -> list[standing.Line]:
    """Hold the chosen activities, judge each by the rules, and be sure that they bring enough points."""
    chosen = set(activities)
    mine = Activity.objects.of(credential.holder).filter(pk__in=chosen)
    _hold(mine)
    rows = list(standing.ledger(credential.holder).filter(pk__in=chosen))
    if len(rows) != len(chosen):
        raise NotAllowed(_("One of the chosen activities is no longer in your log. Please choose again."))
    spendings = CountedActivity.objects.held().filter(activity__in=chosen).select_related("submission")
    if counted_by:
        spendings = spendings.exclude(submission=counted_by)
    lines = standing.lines_for(rows, credential, spendings, policy=policy, on=on, count_on=count_on)
    for line in lines:
        if line.why_not and not line.is_over_cap:
            raise NotAllowed(f"{line.activity.title}: {line.why_not}")
    lines = [line for line in lines if line.counts]
    rules.check_points(_sum(lines), policy.points_needed)
    _check_scanned(lines)
    return lines


def _check_scanned(lines: Iterable[standing.Line]) -> None:
    """The team gets nothing that the virus scanner has not answered for."""
    waiting = Evidence.objects.held().filter(activity__in=[line.activity.pk for line in lines]).first()
    if waiting:
        raise NotAllowed(
            _("%(file)s is still being checked for viruses. Nothing is lost: please send again in a few minutes.")
            % {"file": waiting}
        )


def _hold(activities: QuerySet[Activity]) -> None:
    """Lock the rows until the end of the transaction, always in one order, so that two requests cannot cross."""
    list(activities.select_for_update(of=("self",)).order_by("pk").values_list("pk"))


def _count(submission: Submission, lines: Iterable[standing.Line], *, at: datetime) -> None:
    lines = list(lines)
    CountedActivity.objects.bulk_create(
        CountedActivity(
            submission=submission,
            activity=line.activity,
            credential_id=submission.credential_id,
            points=line.points,
            is_exclusive=not submission.policy.share_activities,
        )
        for line in lines
    )
    Activity.objects.filter(pk__in=[x.activity.pk for x in lines]).lock(at=at, by=submission.reference)


def _release(counted: list[CountedActivity], *, at: datetime) -> None:
    """Set activities free; where the policy shares them, another request may still hold one, which stays locked."""
    ids = {c.activity_id for c in counted}
    _hold(Activity.objects.filter(pk__in=ids))
    CountedActivity.objects.filter(pk__in=[c.pk for c in counted]).update(released_at=at)
    Activity.objects.filter(pk__in=ids).unlock()
    for other in CountedActivity.objects.held().filter(activity__in=ids).select_related("submission"):
        Activity.objects.filter(pk=other.activity_id).lock(at=at, by=other.submission.reference)


def _open_case(submission: Submission, *, at: datetime) -> None:
    """The credentialing case. Without ServiceNow the portal is where it lives: opened and delivered at once."""
    case = CredentialingCase.objects.create(
        submission=submission, reference=str(submission.request_key), next_attempt_at=at, delivered_at=at
    )
    case.reference = f"CRED-{case.pk:06d}"
    case.save(update_fields=["reference"])


def _close(
    submission: Submission,
    status: Status,
    move: Step.Move,
    *,
    by: User | None,
    words: str = "",
    at: datetime,
    tell: bool = False,
) -> None:
    """End a request without an extension."""
    submission.status, submission.closed_at, submission.answer_by = status, at, None
    submission.save()
    _release(list(submission.counted.held()), at=at)
    _step(submission, move, by=by, words=words, at=at, tell=tell)


def _step(
    submission: Submission, move: Step.Move, *, by: User | None, words: str = "", at: datetime, tell: bool = False
) -> None:
    """Write history and the audit trail and, where the holder is to be told, the mail's row."""
    step = Step.objects.create(submission=submission, move=move, by=by, words=words.strip(), at=at)
    details = {"status": submission.status, "points": submission.points, "reviewer": audit.plain(submission.taken_by)}
    audit.record(Action(move), subject=submission.reference, by=by, at=at, details=details)
    if tell:
        Notice.objects.create(step=step, reference=f"{submission.reference}-{step.pk}-{move}", next_attempt_at=at)
        doorbell.ring_on_commit("submissions.tasks.sweep")


def _audit_verdict(counted: CountedActivity, before: tuple[str, Decimal], *, by: User) -> None:
    details = {
        "activity": counted.activity_id,
        "verdict": [before[0], counted.verdict],
        "points": [before[1], counted.accepted_points],
        "reason": counted.reason,
    }
    audit.record(Action.JUDGED, subject=counted.submission.reference, by=by, details=details)


def _sum(lines: Iterable[standing.Line]) -> Decimal:
    return sum((line.points for line in lines), ZERO)


def _check_none_open(credential: Credential) -> None:
    already = Submission.objects.open().filter(credential=credential).first()
    if already:
        raise NotAllowed(_("%(request)s is open for this certification already.") % {"request": already})


def _taken(submission: Submission) -> str:
    return _("%(reviewer)s has taken this request.") % {"reviewer": submission.taken_by}


def _still_counted(submission: Submission, counted: CountedActivity) -> CountedActivity:
    found = submission.counted.held().filter(pk=counted.pk).first()
    if found is None:
        raise NotAllowed(_("The holder has changed this activity's part in the request. Please open the page again."))
    return found


def _check_words(words: str) -> None:
    if not words.strip():
        raise NotAllowed(_("Please write a sentence to the holder: they will read it."))
