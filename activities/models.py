"""The catalogue, what a person did, and what proves it."""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from activities import rules


class ActivityTypeQuerySet(models.QuerySet["ActivityType"]):
    def valid_on(self, day: date) -> "ActivityTypeQuerySet":
        """Of each code the version in force on that day, eligible or not."""
        later = ActivityType.objects.filter(
            code=models.OuterRef("code"), valid_from__gt=models.OuterRef("valid_from"), valid_from__lte=day
        )
        return self.filter(~models.Exists(later), valid_from__lte=day)

    def eligible(self) -> "ActivityTypeQuerySet":
        return self.filter(is_eligible=True)


class ActivityType(models.Model):
    """One version of one line of the catalogue. A new version applies from its day; used ones stay as they were."""

    class Category(models.TextChoices):
        COURSE = "course", _("Courses")
        TALK = "talk", _("Tech Talks")
        WEBINAR = "webinar", _("Webinars")
        WORKSHOP = "workshop", _("Workshops")
        CONFERENCE = "conference", _("Conferences")
        AUTHORSHIP = "authorship", _("Authorship")
        OTHER = "other", _("Other")

    class Unit(models.TextChoices):
        COURSE = "course", _("course")
        SESSION = "session", _("session")
        HOUR = "hour", _("hour")
        WORKSHOP = "workshop", _("workshop")
        BOOK = "book", _("book")
        DAY = "day", _("day")

    # Units of which one activity may hold several, so that the form asks how many.
    COUNTED_UNITS = {Unit.HOUR, Unit.DAY}

    code = models.CharField(_("code"), max_length=20)
    valid_from = models.DateField(_("valid from"), help_text=_("Activities completed from this day on use it."))
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    category = models.CharField(_("category"), max_length=20, choices=Category)
    unit = models.CharField(_("unit"), max_length=20, choices=Unit)
    points = models.DecimalField(
        _("points per unit"), max_digits=5, decimal_places=2, validators=[MinValueValidator(Decimal(0))]
    )
    evidence = models.CharField(_("accepted evidence"), max_length=250, help_text=_("Any one of these proves it."))
    statement_suffices = models.BooleanField(
        _("a statement suffices"), default=False, help_text=_("Date, time and title prove it; no file is needed.")
    )
    cap = models.DecimalField(
        _("cap"),
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("At most so many points of this kind count in one request. Empty: no cap."),
    )
    is_eligible = models.BooleanField(_("eligible"), default=True)
    is_confirmed = models.BooleanField(
        _("confirmed"), default=False, help_text=_("Has the team confirmed these values? New lines start unconfirmed.")
    )

    objects = ActivityTypeQuerySet.as_manager()

    class Meta:
        verbose_name = _("catalogue line")
        verbose_name_plural = _("catalogue")
        ordering = ["code", "-valid_from"]
        constraints = [
            models.UniqueConstraint("code", "valid_from", name="one_version_per_code_and_day"),
            models.CheckConstraint(condition=Q(points__gte=0), name="type_points_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def asks_quantity(self) -> bool:
        return self.unit in self.COUNTED_UNITS


class ActivityQuerySet(models.QuerySet["Activity"]):
    def of(self, user: Any) -> "ActivityQuerySet":
        return self.filter(holder=user)

    def unlocked(self) -> "ActivityQuerySet":
        return self.filter(locked_at=None)

    def done_between(self, start: date, end: date) -> "ActivityQuerySet":
        """Completed on one of these days, both ends included."""
        return self.filter(completed_on__range=(start, end))

    def points(self) -> Decimal:
        return self.aggregate(sum=Coalesce(models.Sum("points"), Decimal(0)))["sum"]

    def lock(self, *, at: datetime, by: str) -> int:
        """Take the activities out of their owner's hands; `by` is the request that counts them, as text."""
        return self.filter(locked_at=None).update(
            locked_at=at, locked_by=by, shared_at=Coalesce("shared_at", models.Value(at))
        )

    def shared(self) -> "ActivityQuerySet":
        """What the team may see: a person's log is private until a request counts an activity (rule 6)."""
        return self.filter(shared_at__isnull=False)

    def unlock(self) -> int:
        return self.update(locked_at=None, locked_by="")


class Activity(models.Model):
    """Something a person did to learn or to teach, under the catalogue version it was logged with."""

    MOST_POINTS = Decimal("9999.75")  # that the column holds

    holder = models.ForeignKey(User, models.PROTECT, verbose_name=_("holder"), related_name="+")
    type = models.ForeignKey(ActivityType, models.PROTECT, verbose_name=_("activity"), related_name="+")
    title = models.CharField(_("title"), max_length=200)
    started_on = models.DateField(_("first day"), null=True, blank=True)
    completed_on = models.DateField(_("completed on"), help_text=_("Of several days, the last: it counts on that day."))
    held_at = models.TimeField(_("time of day"), null=True, blank=True)
    quantity = models.DecimalField(_("how many"), max_digits=6, decimal_places=2, default=Decimal(1))
    points = models.DecimalField(_("points"), max_digits=6, decimal_places=2)
    logged_at = models.DateTimeField(_("logged"))
    changed_at = models.DateTimeField(_("changed"))
    locked_at = models.DateTimeField(_("locked"), null=True, blank=True)
    locked_by = models.CharField(_("locked by"), max_length=20, blank=True)
    shared_at = models.DateTimeField(_("first sent to the team"), null=True, blank=True)
    form_key = models.UUIDField(_("key of the form that logged it"), unique=True, null=True, blank=True, editable=False)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        ordering = ["-completed_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="activity_quantity_positive"),
            models.CheckConstraint(condition=Q(points__gte=0), name="activity_points_not_negative"),
            models.CheckConstraint(
                condition=Q(started_on=None) | Q(started_on__lte=F("completed_on")), name="activity_days_in_order"
            ),
            models.CheckConstraint(
                condition=Q(locked_at=None, locked_by="") | (Q(locked_at__isnull=False) & ~Q(locked_by="")),
                name="activity_locked_at_and_by_together",
            ),
        ]
        indexes = [models.Index("holder", "completed_on", name="activity_balance")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_locked(self) -> bool:
        return self.locked_at is not None

    @property
    def statement(self) -> bool:
        """Whether date, time and title stand for a file."""
        return rules.has_evidence(
            files=0, statement_suffices=self.type.statement_suffices, held_at=self.held_at, title=self.title
        )


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    def visible_to(self, user: User) -> "EvidenceQuerySet":
        """What a person may see: their own, and a reviewer also what was sent to the team (rule 6)."""
        if user.has_perm("activities.view_evidence"):
            return self.showable().filter(Q(activity__shared_at__isnull=False) | Q(holder=user))
        return self.showable().filter(holder=user)

    def showable(self) -> "EvidenceQuerySet":
        """What may be shown at all: no scanner is asked, or it has found nothing."""
        return self.filter(held_since=None).harmless()

    def held(self) -> "EvidenceQuerySet":
        """Waiting for the scanner's answer: not shown, and nothing is sent with it."""
        return self.filter(held_since__isnull=False)

    def harmless(self) -> "EvidenceQuerySet":
        """As far as is known: what is still held counts as evidence, what the scanner refused does not."""
        return self.filter(harmful="")

    def file_names(self) -> list[str]:
        """Every stored file of these rows."""
        pages = EvidencePage.objects.filter(evidence__in=self.values("pk")).values_list("picture", flat=True)
        return [name for names in self.values_list("file", "picture") for name in names] + list(pages)

    def of(self, user: Any) -> "EvidenceQuerySet":
        return self.filter(holder=user)

    def kept_aside(self) -> "EvidenceQuerySet":
        """Uploaded, but not yet part of a logged activity: the form around it still has an error."""
        return self.filter(activity=None)

    def attach(self, activity: "Activity") -> int:
        """Make kept-aside files of the activity's holder prove it."""
        return self.kept_aside().filter(holder_id=activity.holder_id).update(activity=activity)


class Evidence(models.Model):
    """A file that proves an activity. The original is untouched; pages show our own picture of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    holder = models.ForeignKey(User, models.PROTECT, verbose_name=_("holder"), related_name="+")
    activity = models.ForeignKey(
        Activity, models.CASCADE, verbose_name=_("activity"), related_name="evidence_files", null=True, blank=True
    )
    file = models.FileField(_("file"), max_length=100)
    picture = models.FileField(_("picture"), max_length=100)
    shown_name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(_("kind"), max_length=10, choices=[(k.name, k.label) for k in rules.KINDS])
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64, db_index=True)
    pages = models.PositiveSmallIntegerField(_("pages"), default=1)
    width = models.PositiveIntegerField(_("width"), default=0)
    height = models.PositiveIntegerField(_("height"), default=0)
    uploaded_at = models.DateTimeField(_("uploaded"))
    text = models.TextField(_("text"), blank=True, help_text=_("What the file says, as far as it can be read."))
    facts = models.JSONField(_("facts"), default=dict, blank=True, help_text=_("Dates, hours, title and names found."))
    picture_hash = models.CharField(
        _("fingerprint of the picture"),
        max_length=16,
        blank=True,
        db_index=True,
        help_text=_("Alike when it looks alike."),
    )
    held_since = models.DateTimeField(
        _("held back since"), null=True, blank=True, help_text=_("Not shown until the virus scanner has answered.")
    )
    harmful = models.CharField(_("what the scanner found"), max_length=200, blank=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ["uploaded_at", "pk"]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def is_held(self) -> bool:
        return self.held_since is not None

    @property
    def is_showable(self) -> bool:
        """As `showable()` says."""
        return not (self.is_held or self.harmful)

    @property
    def why_not_shown(self) -> str:
        """Empty when it is."""
        if self.harmful:
            return str(_("Refused by the virus scanner: %(found)s") % {"found": self.harmful})
        return str(_("Being checked for viruses")) if self.is_held else ""

    @property
    def media_type(self) -> str:
        return next(kind.media_type for kind in rules.KINDS if kind.name == self.kind)


class EvidencePage(models.Model):
    """Our picture of a further page; the first one is `Evidence.picture`."""

    evidence = models.ForeignKey(Evidence, models.CASCADE, verbose_name=_("evidence"), related_name="further_pages")
    number = models.PositiveSmallIntegerField(_("page"))
    picture = models.FileField(_("picture"), max_length=100)

    class Meta:
        verbose_name = _("page of evidence")
        verbose_name_plural = _("pages of evidence")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint("evidence", "number", name="one_picture_per_page"),
            models.CheckConstraint(condition=Q(number__gte=2), name="further_pages_begin_with_the_second"),
        ]

    def __str__(self) -> str:
        return f"{self.evidence}, {self.number}"
