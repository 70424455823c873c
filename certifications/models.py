"""What a person holds, and until when."""

from datetime import date, datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.audit import Action
from accounts.models import User
from accounts.rules import NotAllowed
from certifications import rules
from integrations.delivery import Delivery


class Certification(models.Model):
    """A title that people can earn, in one release."""

    class Level(models.TextChoices):
        ASSOCIATE = "associate", _("Associate")
        PROFESSIONAL = "professional", _("Professional")

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    level = models.CharField(_("level"), max_length=20, choices=Level)
    release = models.CharField(_("release"), max_length=20, blank=True)
    exam = models.CharField(_("exam"), max_length=20, blank=True)
    replaced_by = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("replaced by"),
        related_name="+",
        null=True,
        blank=True,
        help_text=_("The newer release. Whoever holds this one keeps it and may still extend it."),
    )

    class Meta:
        verbose_name = _("certification")
        verbose_name_plural = _("certifications")
        ordering = ["level", "name", "release"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Its whole name, such as "OCA Administration R2"."""
        short = {"associate": "OCA", "professional": "OCP"}[self.level]
        return " ".join(part for part in (short, self.name, self.release) if part)


class CredentialQuerySet(models.QuerySet["Credential"]):
    def of(self, user: Any) -> "CredentialQuerySet":
        return self.filter(holder=user)

    def unclaimed(self) -> "CredentialQuerySet":
        return self.filter(holder=None)


class Credential(models.Model):
    """One person's certification, with its expiry date.

    The registry is the truth of that date; what the team granted here stands until the registry shows it too. Whoever
    has not signed in yet is known only by the registry's name and address.
    """

    holder = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("holder"), related_name="+", null=True, blank=True, db_index=True
    )
    certification = models.ForeignKey(Certification, models.PROTECT, verbose_name=_("certification"), related_name="+")
    candidate_id = models.CharField(_("candidate ID"), max_length=40)
    registry_email = models.EmailField(_("e-mail in the registry"), blank=True)
    registry_name = models.CharField(_("name in the registry"), max_length=150, blank=True)
    earned_on = models.DateField(_("earned on"), null=True, blank=True)
    expires_on = models.DateField(_("expiry date"), db_index=True, help_text=_("The last day it is active."))

    objects = CredentialQuerySet.as_manager()

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        ordering = ["expires_on", "pk"]
        constraints = [
            models.UniqueConstraint("candidate_id", "certification", name="one_credential_per_candidate"),
            models.UniqueConstraint(
                "holder", "certification", condition=Q(holder__isnull=False), name="one_credential_per_holder"
            ),
        ]
        indexes = [models.Index("registry_email", condition=Q(holder=None), name="credential_unclaimed_email")]

    def __str__(self) -> str:
        return f"{self.certification} ({self.candidate_id})"

    @property
    def audited_as(self) -> str:
        """Its name in the audit trail."""
        return f"credential {self.pk}"

    def is_active(self, on: date) -> bool:
        """Active through its expiry date (rule 3)."""
        return on <= self.expires_on

    def extend(self, *, from_day: date, months: int, source: str, by: User, at: datetime) -> "Extension":
        """Move the expiry date on from `from_day`, the date the decision was made upon, and keep it as history.

        Call inside a transaction that has locked this row. Raises NotAllowed when the date is another by now, or was
        extended before: the same months are never added twice (compare and set).
        """
        until = rules.extended_until(from_day, months)
        before = self.extensions.filter(old_expires_on=from_day).first()
        if before:
            raise NotAllowed(
                _now("%(request)s has extended this certification from %(day)s already. Correct its expiry date first.")
                % {"request": before.source, "day": date_format(from_day)}
            )
        moved = Credential.objects.filter(pk=self.pk, expires_on=from_day).update(expires_on=until)
        if not moved:
            raise NotAllowed(
                _now("The expiry date has changed and is now %(day)s. Look at the request again before deciding.")
                % {"day": date_format(Credential.objects.get(pk=self.pk).expires_on)}
            )
        self.expires_on = until
        details = {"expires_on": [from_day, until], "request": source}
        audit.record(Action.EXTENDED, subject=self.audited_as, by=by, at=at, details=details)
        return Extension.objects.create(
            credential=self, old_expires_on=from_day, new_expires_on=until, source=source, granted_by=by, granted_at=at
        )


class Extension(models.Model):
    """A granted move of an expiry date: history, never edited. Confirmed once the registry shows the new date."""

    credential = models.ForeignKey(Credential, models.PROTECT, verbose_name=_("credential"), related_name="extensions")
    old_expires_on = models.DateField(_("from"))
    new_expires_on = models.DateField(_("until"))
    source = models.CharField(
        _("granted by"), max_length=20, unique=True, help_text=_("The request, such as SUB-00042.")
    )
    granted_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), related_name="+")
    granted_at = models.DateTimeField(_("granted"))
    confirmed_at = models.DateTimeField(_("confirmed by the registry"), null=True, blank=True)

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        ordering = ["-granted_at"]
        constraints = [
            models.UniqueConstraint("credential", "old_expires_on", name="one_extension_per_expiry_date"),
            models.CheckConstraint(condition=Q(new_expires_on__gt=F("old_expires_on")), name="extension_goes_forward"),
        ]

    def __str__(self) -> str:
        return f"{self.credential}: {self.old_expires_on} → {self.new_expires_on}"


class Reminder(Delivery):
    """A reminder for one credential, expiry date and step: exactly one."""

    credential = models.ForeignKey(Credential, models.CASCADE, verbose_name=_("credential"), related_name="+")
    expires_on = models.DateField(_("expiry date"))
    days_before = models.SmallIntegerField(_("days before"))
    planned_at = models.DateTimeField(_("planned"))

    class Meta(Delivery.Meta):
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [
            models.UniqueConstraint(
                "credential", "expires_on", "days_before", name="one_reminder_per_credential_date_and_step"
            )
        ]
