"""Asking for an extension, and deciding on it."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from activities.models import Activity
from certifications.models import Credential
from integrations.delivery import Delivery
from submissions.rules import DECIDED, OPEN, Reason, Status, Verdict


class PolicyQuerySet(models.QuerySet["Policy"]):
    def in_force(self, on: date) -> "Policy":
        """The version that applies on that day. Raises Policy.DoesNotExist before the first one."""
        return self.filter(effective_from__lte=on).latest("effective_from")


class Policy(models.Model):
    """One version of the programme's numbers. A request keeps the version it was sent under."""

    effective_from = models.DateField(_("effective from"), unique=True)
    points_needed = models.DecimalField(_("points needed"), max_digits=6, decimal_places=2, default=Decimal(40))
    window_months = models.PositiveSmallIntegerField(_("months in which points count"), default=24)
    extension_months = models.PositiveSmallIntegerField(_("months added to the expiry date"), default=24)
    advised_days = models.PositiveSmallIntegerField(_("days before expiry by which to ask"), default=30)
    answer_days = models.PositiveSmallIntegerField(_("days to answer a return"), default=30)
    earliest_completion = models.DateField(_("activities count from"), default=date(2022, 1, 1))
    share_activities = models.BooleanField(
        _("one activity may serve several certifications"),
        default=False,
        help_text=_("Once for each; never twice for the same one."),
    )
    note = models.TextField(_("note"), blank=True, help_text=_("Why this version exists, for the team."))

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy version")
        verbose_name_plural = _("policy")
        ordering = ["-effective_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(points_needed__gt=0, window_months__gt=0, extension_months__gt=0),
                name="policy_numbers_positive",
            )
        ]

    def __str__(self) -> str:
        return f"{self.effective_from}"


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def of(self, user: Any) -> "SubmissionQuerySet":
        return self.filter(holder=user)

    def open(self) -> "SubmissionQuerySet":
        return self.filter(status__in=OPEN)

    def unanswered(self, on: date) -> "SubmissionQuerySet":
        """Returned, and the day to answer by has passed."""
        return self.filter(status=Status.RETURNED, answer_by__lt=on)


class Submission(models.Model):
    """A person's request to extend one credential."""

    credential = models.ForeignKey(Credential, models.PROTECT, verbose_name=_("credential"), related_name="+")
    holder = models.ForeignKey(User, models.PROTECT, verbose_name=_("holder"), related_name="+")
    policy = models.ForeignKey(Policy, models.PROTECT, verbose_name=_("policy"), related_name="+")
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.SUBMITTED)
    request_key = models.UUIDField(_("key of the form that sent it"), unique=True, editable=False)
    expires_on = models.DateField(_("expiry date when sent"))
    points = models.DecimalField(_("points claimed"), max_digits=6, decimal_places=2)
    submitted_on = models.DateField(_("sent on"), help_text=_("The programme's day; it decides what counts."))
    submitted_at = models.DateTimeField(_("sent"), db_index=True)
    waiting_since = models.DateTimeField(_("with the team since"))
    answer_by = models.DateField(_("answer by"), null=True, blank=True)
    taken_by = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("taken by"), related_name="+", null=True, blank=True
    )
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("decided by"), related_name="+", null=True, blank=True
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        ordering = ["-submitted_at", "-pk"]
        permissions = [
            ("review_submission", _("Can review and decide requests")),
            ("reassign_submission", _("Can take a request over from another reviewer")),
        ]
        constraints = [
            models.UniqueConstraint("credential", condition=Q(status__in=OPEN), name="one_open_request_per_credential"),
            models.CheckConstraint(
                condition=Q(status__in=DECIDED, decided_by__isnull=False, decided_at__isnull=False)
                | (~Q(status__in=DECIDED) & Q(decided_by=None, decided_at=None)),
                name="decided_by_and_at_together",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN, closed_at=None) | (~Q(status__in=OPEN) & Q(closed_at__isnull=False)),
                name="closed_when_no_longer_open",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.RETURNED, answer_by__isnull=False)
                | (~Q(status=Status.RETURNED) & Q(answer_by=None)),
                name="answer_by_while_returned",
            ),
            models.CheckConstraint(
                condition=Q(taken_by=None, taken_at=None) | Q(taken_by__isnull=False, taken_at__isnull=False),
                name="taken_by_and_at_together",
            ),
            models.CheckConstraint(
                condition=(Q(decided_by=None) | ~Q(decided_by=F("holder")))
                & (Q(taken_by=None) | ~Q(taken_by=F("holder"))),
                name="never_ones_own_request",
            ),
        ]
        indexes = [
            models.Index("waiting_since", "id", condition=Q(status=Status.SUBMITTED), name="submission_queue"),
            models.Index(fields=["holder", "-submitted_at"], name="submission_of_holder"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """Its name everywhere: SUB-00042."""
        return f"SUB-{self.pk:05d}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


def parse_reference(text: str) -> int | None:
    """The id in "SUB-00042" or "sub 42"; None when the text is no such reference."""
    match = re.fullmatch(r"\s*sub[-\s]?0*(\d{1,18})\s*", text, re.IGNORECASE)
    return int(match[1]) if match else None


class CountedActivityQuerySet(models.QuerySet["CountedActivity"]):
    def held(self) -> "CountedActivityQuerySet":
        """Spent: by an open request or an approved one."""
        return self.filter(released_at=None)


class CountedActivity(models.Model):
    """An activity a request counts, with its points as they were when it was sent, and the reviewer's verdict."""

    submission = models.ForeignKey(Submission, models.CASCADE, verbose_name=_("request"), related_name="counted")
    activity = models.ForeignKey(Activity, models.PROTECT, verbose_name=_("activity"), related_name="+")
    credential = models.ForeignKey(Credential, models.PROTECT, verbose_name=_("credential"), related_name="+")
    points = models.DecimalField(_("points claimed"), max_digits=6, decimal_places=2)
    is_exclusive = models.BooleanField(_("serves this certification only"), default=True)
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict, default=Verdict.PENDING)
    accepted_points = models.DecimalField(_("points accepted"), max_digits=6, decimal_places=2, default=Decimal(0))
    reason = models.CharField(_("reason"), max_length=30, choices=Reason, blank=True)
    words = models.TextField(_("words to the holder"), max_length=2000, blank=True)
    released_at = models.DateTimeField(_("free again"), null=True, blank=True)

    objects = CountedActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("counted activity")
        verbose_name_plural = _("counted activities")
        ordering = ["activity__completed_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                "submission", "activity", condition=Q(released_at=None), name="activity_counted_once_per_request"
            ),
            models.UniqueConstraint(
                "activity", condition=Q(released_at=None, is_exclusive=True), name="activity_spent_once"
            ),
            models.UniqueConstraint(
                "activity", "credential", condition=Q(released_at=None), name="activity_spent_once_per_credential"
            ),
            models.CheckConstraint(
                condition=Q(accepted_points__gte=0, accepted_points__lte=F("points")),
                name="accepted_no_more_than_claimed",
            ),
            models.CheckConstraint(
                condition=Q(verdict=Verdict.ACCEPTED, accepted_points=F("points"))
                | Q(verdict=Verdict.FEWER, accepted_points__gt=0)
                | Q(verdict__in=[Verdict.PENDING, Verdict.REFUSED], accepted_points=0),
                name="accepted_points_fit_the_verdict",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.activity_id} in {self.submission_id}"


class Step(models.Model):
    """One thing that happened to a request: its history, never edited."""

    class Move(models.TextChoices):
        SUBMITTED = "submitted", _("Sent to the certification team")
        TAKEN = "taken", _("A reviewer is looking at it")
        PUT_BACK = "put-back", _("Back in the queue")
        RETURNED = "returned", _("Returned: something is missing")
        ANSWERED = "answered", _("Answered and sent again")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        LAPSED = "lapsed", _("Lapsed: no answer came in time")

    submission = models.ForeignKey(Submission, models.CASCADE, verbose_name=_("request"), related_name="steps")
    move = models.CharField(_("step"), max_length=12, choices=Move)
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(User, models.PROTECT, verbose_name=_("who"), related_name="+", null=True, blank=True)
    words = models.TextField(_("words"), blank=True)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_move_display()}"


class CredentialingCase(Delivery):
    """The "Credentialing" case of a request. Without ServiceNow it lives here, and its reference is its number."""

    submission = models.OneToOneField(Submission, models.CASCADE, verbose_name=_("request"), related_name="case")

    class Meta(Delivery.Meta):
        verbose_name = _("credentialing case")
        verbose_name_plural = _("credentialing cases")

    @property
    def number(self) -> str:
        return self.external_id or self.reference


class Notice(Delivery):
    """A mail to the holder about one step of their request."""

    step = models.OneToOneField(Step, models.CASCADE, verbose_name=_("step"), related_name="+")

    class Meta(Delivery.Meta):
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
