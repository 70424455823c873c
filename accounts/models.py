"""The person: signs in by e-mail, has preferences. The mails about an account, and the trail of who did what."""

import zoneinfo
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.delivery import Delivery


def check_time_zone(name: str) -> None:
    """Raises ValidationError unless the name is a time zone that this machine knows."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(name)s” is not a known time zone."), params={"name": name})


class UserManager(BaseUserManager["User"]):
    """Makes people; addresses are kept in lower case, so that one mailbox is one person."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        email = (email or "").strip().lower()
        if not email:
            raise ValueError("A person needs an e-mail address.")
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in: a holder, a reviewer, or both."""

    class Reminders(models.TextChoices):
        """How many of the planned reminders a person wants."""

        ALL = "all", _("Every reminder")
        FEW = "few", _("Only the important ones: 90, 30 and 7 days before, and the last day")
        NONE = "none", _("No reminders")

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=150, help_text=_("As it stands on your certificates."))
    time_zone = models.CharField(_("time zone"), max_length=60, default="America/Detroit", validators=[check_time_zone])
    language = models.CharField(_("language"), max_length=10, default="en")
    reminders = models.CharField(_("reminders"), max_length=10, choices=Reminders, default=Reminders.ALL)
    is_staff = models.BooleanField(_("team"), default=False, help_text=_("May open the team's pages."))
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Take this away instead of deleting."))
    joined_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    # For one request: its session has not proved a second factor where one is required (accounts.middleware).
    rights_held_back = False

    objects = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="one_person_per_email",
                violation_error_message=_("There is already an account with this e-mail address."),
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return not self.rights_held_back and super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        return not self.rights_held_back and super().has_module_perms(app_label)

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ", 1)[0] or self.email


class AccountMail(Delivery):
    """A mail about signing in. Its words hold a code, so they are wiped once it has left."""

    to = models.EmailField(_("to"))
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"), blank=True)
    html = models.TextField(_("HTML"), blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta(Delivery.Meta):
        verbose_name = _("account mail")
        verbose_name_plural = _("account mails")


class AppendOnlyError(TypeError):
    """Somebody tried to change or delete what has been written down for good."""


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Entries are added and read; the database refuses the rest as well (migration 0002)."""

    def between(self, first: datetime | None, last: datetime | None) -> "AuditEntryQuerySet":
        """Written from `first` on and before `last`; None leaves that end open."""
        found = self if first is None else self.filter(at__gte=first)
        return found if last is None else found.filter(at__lt=last)

    def about(self, subject: str) -> "AuditEntryQuerySet":
        """What happened to a record; "activity 17" is not "activity 170", and "activity" means all of them."""
        return self.filter(models.Q(subject__iexact=subject) | models.Q(subject__istartswith=f"{subject} "))

    def update(self, **changes: Any) -> int:
        raise AppendOnlyError

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError


class AuditEntry(models.Model):
    """Who did what to which record, when and from where. Written by `accounts.audit` only, never changed.

    The record is named by text, so that an entry outlives it and this app knows nothing of those above. A person who
    is erased leaves `by` empty; that one change, and emptying `by_text` with it, is all the database lets through.
    """

    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(User, models.SET_NULL, verbose_name=_("person"), related_name="+", null=True, blank=True)
    by_text = models.CharField(
        _("who"), max_length=410, blank=True, help_text=_("Name and address as they were. Empty: the portal itself.")
    )
    action = models.CharField(_("what"), max_length=30)
    subject = models.CharField(_("record"), max_length=120)
    details = models.JSONField(_("details"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    address = models.CharField(_("from where"), max_length=45, blank=True)
    agent = models.CharField(_("browser"), max_length=200, blank=True)
    request_id = models.CharField(
        _("page request"), max_length=32, blank=True, help_text=_("The same for all that one click did.")
    )

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of the audit trail")
        verbose_name_plural = _("audit trail")
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_latest_first"),
            models.Index(fields=["subject"], name="audit_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError
