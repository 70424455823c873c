"""What a person holds, lacks and may do on a day, with the reason for every point. Reads only.

The number of queries is fixed, whatever a person holds or has logged.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property

from django.db import models
from django.utils.translation import gettext as _

from accounts.models import User
from activities import rules as activity_rules
from activities.duplicates import Double
from activities.models import Activity, Evidence
from certifications.models import Credential, Extension
from certifications.rules import add_months, advised_by, extended_until
from submissions import rules, selection
from submissions.models import CountedActivity, Policy, Submission
from submissions.rules import ZERO


@dataclass
class Line:
    """One activity as seen from one credential on one day. `points` is what counts, which may be none."""

    activity: Activity
    counts_until: date
    why_not: str = ""
    points: Decimal = ZERO
    is_over_cap: bool = False
    doubles: list[Double] = field(default_factory=list)  # a page that shows evidence fills it

    @property
    def counts(self) -> bool:
        return not self.why_not and self.points > 0

    @property
    def id(self) -> int:
        return self.activity.pk


@dataclass(frozen=True)
class Lapse:
    """Points that stop counting after the same day."""

    day: date
    points: Decimal
    lines: list[Line]


@dataclass
class Standing:
    """Where one credential stands on the day `on`."""

    credential: Credential
    policy: Policy
    on: date
    lines: list[Line]
    open_request: Submission | None = None
    unconfirmed: Extension | None = None
    needed: Decimal = field(init=False)

    def __post_init__(self) -> None:
        self.needed = self.policy.points_needed

    @property
    def expires_on(self) -> date:
        return self.credential.expires_on

    @property
    def last_day(self) -> date:
        """The last day on which a request is in time."""
        return self.credential.expires_on

    @property
    def advised_by(self) -> date:
        """The day by which a request should reach the team."""
        return advised_by(self.expires_on, self.policy.advised_days)

    @property
    def new_expires_on(self) -> date:
        """The expiry date an approval would set."""
        return extended_until(self.expires_on, self.policy.extension_months)

    @property
    def days_left(self) -> int:
        return (self.expires_on - self.on).days

    @property
    def is_active(self) -> bool:
        return self.credential.is_active(self.on)

    @property
    def is_late(self) -> bool:
        """Past the advised day, still in time."""
        return self.advised_by < self.on <= self.last_day

    @cached_property
    def counting(self) -> list[Line]:
        """The lines that count, soonest lapsing first."""
        return sorted((x for x in self.lines if x.counts), key=lambda x: (x.counts_until, x.activity.pk))

    @cached_property
    def not_counting(self) -> list[Line]:
        return [line for line in self.lines if not line.counts]

    @cached_property
    def line_of(self) -> dict[int, Line]:
        """Activity → its line."""
        return {line.id: line for line in self.lines}

    @cached_property
    def points(self) -> Decimal:
        return sum((line.points for line in self.counting), ZERO)

    @property
    def missing(self) -> Decimal:
        return max(self.needed - self.points, ZERO)

    @property
    def next_lapse(self) -> Lapse | None:
        """What stops counting next, and when."""
        if not self.counting:
            return None
        day = self.counting[0].counts_until
        lines = [line for line in self.counting if line.counts_until == day]
        return Lapse(day, sum((line.points for line in lines), ZERO), lines)

    @cached_property
    def reasons(self) -> list[str]:
        """Why no request can be sent today; empty when one can."""
        if self.open_request:
            return [_("%(request)s is open for this certification already.") % {"request": self.open_request}]
        said = []
        for check in (
            lambda: rules.check_ends(self.expires_on, self.policy.extension_months),
            lambda: rules.check_not_expired(self.expires_on, self.on),
            lambda: rules.check_points(self.points, self.needed),
        ):
            try:
                check()
            except rules.NotAllowed as no:
                said.append(no.sentence)
        return said

    @property
    def can_submit(self) -> bool:
        return not self.reasons

    @cached_property
    def proposal(self) -> list[Line]:
        """The activities whose spending wastes least."""
        items = [selection.Item(x.activity.pk, x.points, x.activity.completed_on) for x in self.counting]
        chosen = set(selection.select(items, self.needed))
        return [line for line in self.counting if line.activity.pk in chosen]


def standings(user: User, on: date) -> list[Standing]:
    """A person's standing for each credential, the most urgent first."""
    return _standings(list(Credential.objects.of(user).select_related("certification")), user, on)


def standing_of(credential: Credential, on: date) -> Standing:
    """The standing of one credential that has a holder."""
    return _standings([credential], credential.holder, on)[0]


def ledger(user: User | None) -> models.QuerySet[Activity]:
    """A person's activities with what the rules need to know of each."""
    files = Evidence.objects.harmless().filter(activity=models.OuterRef("pk"))
    return Activity.objects.of(user).select_related("type").annotate(has_files=models.Exists(files))


def points_of(lines: Iterable[Line], chosen: Collection[int]) -> Decimal:
    """What the chosen activities bring together."""
    return sum((line.points for line in lines if line.id in chosen), ZERO)


def lines_to_answer(submission: Submission, on: date) -> list[Line]:
    """Judge every activity for a returned request: its own ones are not spent for it, and its window stays."""
    others = CountedActivity.objects.held().filter(activity__holder=submission.holder_id).exclude(submission=submission)
    return lines_for(
        list(ledger(submission.holder)),
        submission.credential,
        others.select_related("submission"),
        policy=submission.policy,
        on=on,
        count_on=submission.submitted_on,
    )


def counted_by(submission: Submission) -> models.QuerySet[CountedActivity]:
    """What a request counts or, once closed, counted in the end, with its evidence."""
    return (
        submission.counted.filter(models.Q(released_at=None) | models.Q(released_at=submission.closed_at))
        .select_related("activity__type")
        .prefetch_related("activity__evidence_files")
    )


def extension_of(submission: Submission) -> Extension | None:
    """The extension that an approved request has brought."""
    return Extension.objects.filter(source=submission.reference, credential=submission.credential_id).first()


def _standings(credentials: Sequence[Credential], user: User | None, on: date) -> list[Standing]:
    if not credentials or user is None:
        return []
    policy = Policy.objects.in_force(on)
    activities = list(ledger(user))
    spendings = list(CountedActivity.objects.held().filter(activity__holder=user).select_related("submission"))
    requests = {r.credential_id: r for r in Submission.objects.open().filter(credential__in=credentials)}
    grants = {
        e.credential_id: e
        for e in Extension.objects.filter(
            credential__in=credentials, confirmed_at=None, new_expires_on=models.F("credential__expires_on")
        )
    }
    found = [
        Standing(
            credential=credential,
            policy=policy,
            on=on,
            lines=lines_for(activities, credential, spendings, policy=policy, on=on),
            open_request=requests.get(credential.pk),
            unconfirmed=grants.get(credential.pk),
        )
        for credential in credentials
    ]
    return sorted(found, key=lambda s: (not s.is_active, s.expires_on, s.credential.pk))


def lines_for(
    activities: Iterable[Activity],
    credential: Credential,
    spendings: Iterable[CountedActivity],
    *,
    policy: Policy,
    on: date,
    count_on: date | None = None,
) -> list[Line]:
    """Judge each activity (annotated by `ledger`) for this credential; newest first, as they came.

    `count_on` is the day whose window applies when it is not the day `on` itself: a request that was returned keeps the
    window of the day it was first sent.
    """
    spent = _spent_on(spendings, credential, policy)
    lines = []
    for activity in activities:
        day = count_on if count_on and activity.completed_on <= count_on else on
        lines.append(_line(activity, spent.get(activity.pk, ""), policy, day))
    _apply_caps(lines)
    return lines


def _spent_on(spendings: Iterable[CountedActivity], credential: Credential, policy: Policy) -> dict[int, str]:
    """Activity → the request that has spent it, as far as this credential is concerned."""
    return {
        s.activity_id: s.submission.reference
        for s in spendings
        if s.credential_id == credential.pk or s.is_exclusive or not policy.share_activities
    }


def _line(activity: Activity, spent_on: str, policy: Policy, on: date) -> Line:
    facts = rules.Facts(
        completed_on=activity.completed_on,
        is_eligible=activity.type.is_eligible,
        has_evidence=activity_rules.has_evidence(
            files=activity.has_files,  # type: ignore[attr-defined]
            statement_suffices=activity.type.statement_suffices,
            held_at=activity.held_at,
            title=activity.title,
        ),
        points=activity.points,
        spent_on=spent_on,
    )
    why_not = rules.why_not(facts, on=on, months=policy.window_months, earliest=policy.earliest_completion)
    return Line(
        activity=activity,
        counts_until=add_months(activity.completed_on, policy.window_months),
        why_not=why_not,
        points=ZERO if why_not else activity.points,
    )


def _apply_caps(lines: list[Line]) -> None:
    """Cut what is over a cap, soonest lapsing first to fill it."""
    counting = sorted((x for x in lines if x.counts), key=lambda x: (x.activity.completed_on, x.activity.pk))
    caps = {line.activity.type.code: line.activity.type.cap for line in counting}
    admitted = rules.admit([(x.activity.pk, x.activity.type.code, x.points) for x in counting], caps)
    for line in counting:
        line.points = admitted[line.activity.pk]
        cap = caps[line.activity.type.code]
        if line.points == 0 and cap is not None:
            line.why_not, line.is_over_cap = rules.over_cap(cap), True
