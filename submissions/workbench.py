"""A request as a reviewer sees it, with everything needed to decide. Reads only; the number of queries is fixed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.clock import program_today
from accounts.models import User
from activities import duplicates
from activities.duplicates import Double
from activities.models import Activity, ActivityType, Evidence
from certifications.rules import extended_until
from submissions import rules, standing, workflow
from submissions.facts import Fact, facts_of
from submissions.models import CountedActivity, Step, Submission, parse_reference
from submissions.rules import ZERO, NotAllowed, Status, Verdict

# Tone (a class in team.css), shape and word of each status, from the team's side.
STATUS_MARKS: Mapping[str, tuple[str, str, Any]] = {
    Status.SUBMITTED: ("open", "○", gettext_lazy("Waiting for the team")),
    Status.RETURNED: ("soon", "▲", gettext_lazy("Waiting for the holder")),
    Status.APPROVED: ("good", "●", gettext_lazy("Approved")),
    Status.REJECTED: ("bad", "✕", gettext_lazy("Rejected")),
    Status.WITHDRAWN: ("quiet", "–", gettext_lazy("Withdrawn")),
    Status.LAPSED: ("quiet", "–", gettext_lazy("Lapsed")),
}
VERDICT_MARKS: Mapping[str, tuple[str, str]] = {
    Verdict.PENDING: ("open", "○"),
    Verdict.ACCEPTED: ("good", "●"),
    Verdict.FEWER: ("soon", "◐"),
    Verdict.REFUSED: ("bad", "✕"),
}


def days_waiting(submission: Submission, on: date) -> int:
    """For how many of the programme's days the request has been with the team."""
    return (on - program_today(submission.waiting_since)).days


def next_for(reviewer: User) -> Any:
    """What nobody has taken yet and this reviewer may decide, the longest waiting first."""
    waiting = Submission.objects.filter(status=Status.SUBMITTED, taken_by=None)
    return waiting.exclude(holder=reviewer).order_by("waiting_since", "pk")


@dataclass
class Item:
    """One counted activity with what proves it and what a reviewer should know of it."""

    counted: CountedActivity
    type_now: ActivityType | None
    doubles: list[tuple[Double, int | None]]  # each with the request that counts it
    facts: list[Fact]
    form: Any = None

    @property
    def activity(self) -> Activity:
        return self.counted.activity

    @property
    def evidence(self) -> Iterable[Evidence]:
        return self.activity.evidence_files.all()

    @property
    def anchor(self) -> str:
        return f"activity-{self.counted.pk}"

    @property
    def is_pending(self) -> bool:
        return self.counted.verdict == Verdict.PENDING

    @property
    def mark(self) -> tuple[str, str]:
        return VERDICT_MARKS[self.counted.verdict]

    @property
    def newer_type(self) -> ActivityType | None:
        """The catalogue's version for its day, where that is another than the one it was logged under."""
        return self.type_now if self.type_now and self.type_now.pk != self.activity.type_id else None


@dataclass
class Case:
    """One request on the day `on`, for one reviewer."""

    submission: Submission
    items: list[Item]
    history: list[Step]
    reviewer: User
    on: date

    @property
    def accepted(self) -> Decimal:
        return sum((item.counted.accepted_points for item in self.items), ZERO)

    @property
    def needed(self) -> Decimal:
        return self.submission.policy.points_needed

    @property
    def pending(self) -> list[Item]:
        return [item for item in self.items if item.is_pending]

    @property
    def questioned(self) -> list[Item]:
        """What is not accepted as claimed, or not looked at."""
        return [item for item in self.items if item.counted.verdict != Verdict.ACCEPTED]

    @property
    def refused(self) -> list[Item]:
        return [item for item in self.items if item.counted.verdict == Verdict.REFUSED]

    @property
    def expires_on(self) -> date:
        return self.submission.credential.expires_on

    @property
    def new_expires_on(self) -> date:
        return extended_until(self.expires_on, self.submission.policy.extension_months)

    @property
    def days_left(self) -> int:
        return (self.expires_on - self.on).days

    @property
    def days_waiting(self) -> int:
        return days_waiting(self.submission, self.on)

    @property
    def answer_by(self) -> date:
        """The day to answer by, should it be returned today."""
        return self.on + timedelta(days=self.submission.policy.answer_days)

    @property
    def is_waiting(self) -> bool:
        return self.submission.status == Status.SUBMITTED

    @property
    def is_own(self) -> bool:
        return self.submission.holder_id == self.reviewer.pk

    @property
    def is_mine(self) -> bool:
        return self.submission.taken_by_id == self.reviewer.pk

    @property
    def can_take(self) -> bool:
        free = self.submission.taken_by_id is None or self.reviewer.has_perm("submissions.reassign_submission")
        return self.is_waiting and self.may_review and free and not self.is_mine

    @property
    def may_review(self) -> bool:
        """Whether this person decides on requests, and this one is not their own."""
        try:
            workflow.check_reviewer(self.submission, self.reviewer)
        except NotAllowed:
            return False
        return True

    @property
    def can_put_back(self) -> bool:
        return self.submission.is_open and self.is_mine and self.may_review

    @property
    def can_judge(self) -> bool:
        return not self.why_not(Status.RETURNED)

    @property
    def why_not_approve(self) -> str:
        return self.why_not(Status.APPROVED)

    @property
    def why_not_return(self) -> str:
        return self.why_not(Status.RETURNED)

    @property
    def why_not_reject(self) -> str:
        return self.why_not(Status.REJECTED)

    @property
    def mark(self) -> tuple[str, str, Any]:
        return STATUS_MARKS[self.submission.status]

    @property
    def said(self) -> list[Step]:
        """The holder's own words, newest first."""
        return [s for s in reversed(self.history) if s.words and s.by_id == self.submission.holder_id]

    @property
    def state(self) -> str:
        """Where the request stands, and through whom, in one sentence."""
        return _state(self.submission)

    def why_not(self, to: Status) -> str:
        """Why this reviewer cannot move the request to that status; empty when they can."""
        try:
            rules.check_move(self.submission.reference, self.submission.status, to)
            workflow.check_taken(self.submission, self.reviewer)
            if to == Status.APPROVED:
                workflow.check_approvable(self.submission, [item.counted for item in self.items])
        except NotAllowed as no:
            return no.sentence
        return ""

    def anchor_after(self, item: Item) -> str:
        """Where to go on after this item's verdict: the next without one, from here on and then from the top."""
        place = self.items.index(item)
        rest = [other for other in self.items[place + 1 :] + self.items[:place] if other.is_pending]
        return rest[0].anchor if rest else "decision"


def case(pk: int, reviewer: User, on: date) -> Case:
    """Raises Submission.DoesNotExist."""
    submission = Submission.objects.select_related(
        "holder", "credential__certification", "policy", "taken_by", "decided_by", "case"
    ).get(pk=pk)
    counted = list(standing.counted_by(submission).prefetch_related("activity__evidence_files__further_pages"))
    types = _types_now([c.activity for c in counted])
    doubles = duplicates.for_team(e for c in counted for e in c.activity.evidence_files.all())
    return Case(
        submission=submission,
        items=[
            Item(
                counted=c,
                type_now=types.get(c.activity_id),
                doubles=_with_requests(doubles.get(c.activity_id, [])),
                facts=facts_of(c.activity, submission.holder.name),
            )
            for c in counted
        ],
        history=list(submission.steps.select_related("by")),
        reviewer=reviewer,
        on=on,
    )


def _types_now(activities: Iterable[Activity]) -> dict[int, ActivityType]:
    """For each activity the catalogue version that its day would get today."""
    activities = list(activities)
    versions = list(ActivityType.objects.filter(code__in={a.type.code for a in activities}).order_by("valid_from"))
    return {
        a.pk: version
        for a in activities
        for version in versions  # the last one that fits stays
        if version.code == a.type.code and version.valid_from <= a.completed_on
    }


def _with_requests(doubles: Iterable[Double]) -> list[tuple[Double, int | None]]:
    return [(double, parse_reference(double.activity.locked_by)) for double in doubles]


def _state(submission: Submission) -> str:
    words = {
        "who": submission.decided_by or submission.taken_by,
        "when": _moment(submission.closed_at or submission.taken_at),
        "day": date_format(submission.answer_by) if submission.answer_by else "",
    }
    return {
        Status.SUBMITTED: _("%(who)s has taken this request, %(when)s.") if submission.taken_by else "",
        Status.RETURNED: _("Returned to the holder, who may answer until %(day)s."),
        Status.APPROVED: _("%(who)s approved this request, %(when)s."),
        Status.REJECTED: _("%(who)s rejected this request, %(when)s."),
        Status.WITHDRAWN: _("The holder withdrew this request, %(when)s."),
        Status.LAPSED: _("Lapsed, %(when)s: no answer came in time."),
    }[Status(submission.status)] % words


def _moment(at: datetime | None) -> str:
    return date_format(localtime(at), "DATETIME_FORMAT") if at else ""
