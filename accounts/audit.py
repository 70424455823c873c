"""The append-only trail: who did what to which record, when and from where. Every app above writes to it.

An entry belongs to the transaction of what it tells of: neither stays without the other.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import origin
from accounts.models import AuditEntry, User

CHUNK = 500
LONGEST_VALUE = 200  # characters of one old or new value

Details = Mapping[str, Any]
Who = User | AnonymousUser | None


class Action(models.TextChoices):
    """Everything that is written down. A request's moves have the names of their steps."""

    # requests
    SUBMITTED = "submitted", _("Request sent")
    TAKEN = "taken", _("Request taken")
    PUT_BACK = "put-back", _("Request put back")
    JUDGED = "judged", _("Activity judged")
    ACCEPTED_REST = "accepted-rest", _("Remaining activities accepted")
    RETURNED = "returned", _("Request returned")
    ANSWERED = "answered", _("Request answered")
    APPROVED = "approved", _("Request approved")
    REJECTED = "rejected", _("Request rejected")
    WITHDRAWN = "withdrawn", _("Request withdrawn")
    LAPSED = "lapsed", _("Request lapsed")
    # certifications
    EXTENDED = "extended", _("Certification extended")
    IMPORTED = "imported", _("Registry list applied")
    MOVED = "moved", _("Expiry date moved by the registry")
    CLAIMED = "claimed", _("Certification given to its holder")
    # activities and evidence
    LOGGED = "logged", _("Activity logged")
    CORRECTED = "corrected", _("Activity corrected")
    REMOVED = "removed", _("Activity removed")
    EVIDENCE_ADDED = "evidence-added", _("Evidence added")
    EVIDENCE_REMOVED = "evidence-removed", _("Evidence removed")
    PICTURE_VIEWED = "picture-viewed", _("Picture of evidence viewed")
    ORIGINAL_VIEWED = "original-viewed", _("Original of evidence downloaded")
    # the team's pages
    ADDED = "added", _("Added")
    CHANGED = "changed", _("Changed")
    DELETED = "deleted", _("Deleted")
    EXPORTED = "exported", _("Audit trail exported")
    # signing in
    SIGNED_UP = "signed-up", _("Signed up")
    SIGNED_IN = "signed-in", _("Signed in")
    SIGN_IN_FAILED = "sign-in-failed", _("Sign-in failed")
    SIGNED_OUT = "signed-out", _("Signed out")
    SIGNED_OUT_ELSEWHERE = "signed-out-elsewhere", _("Other browsers signed out")
    CODE_REFUSED = "code-refused", _("Mailed code refused")
    PASSWORD_CHANGED = "password-changed", _("Password changed")
    PASSWORD_RESET = "password-reset", _("Password reset")
    EMAIL_ADDED = "email-added", _("E-mail address added")
    EMAIL_CONFIRMED = "email-confirmed", _("E-mail address confirmed")
    EMAIL_CHANGED = "email-changed", _("E-mail address changed")
    EMAIL_REMOVED = "email-removed", _("E-mail address removed")
    FACTOR_ADDED = "factor-added", _("Second factor added")
    FACTOR_REMOVED = "factor-removed", _("Second factor removed")
    FACTOR_RENEWED = "factor-renewed", _("Recovery codes renewed")
    FACTOR_REFUSED = "factor-refused", _("Second factor refused")


def record(
    action: Action, *, subject: str, by: Who, at: datetime | None = None, details: Details | None = None
) -> AuditEntry:
    """Write one entry. `by` is None where the portal itself acts; without `at`, it happens now."""
    entry = _entry(action, subject, by=by, at=at, details=details)
    entry.save()
    return entry


def record_each(action: Action, found: Iterable[tuple[str, Details]], *, by: Who, at: datetime | None = None) -> None:
    """Write one entry for each subject, with its details."""
    entries = [_entry(action, subject, by=by, at=at, details=details) for subject, details in found]
    AuditEntry.objects.bulk_create(entries, batch_size=CHUNK)


def person(user: User) -> str:
    """How the trail names a person as a record."""
    return f"person {user.pk}"


def _entry(action: Action, subject: str, *, by: Who, at: datetime | None, details: Details | None) -> AuditEntry:
    here = origin.current()
    known = by if isinstance(by, User) else None
    return AuditEntry(
        at=at or timezone.now(),
        by=known,
        by_text=f"{known.name} <{known.email}>".strip() if known else "",
        action=Action(action),
        subject=subject,
        details=details or {},
        address=here.address,
        agent=here.agent,
        request_id=here.request_id,
    )


# --- what a form changed ----------------------------------------------------------------------------------------------


def changes(form: forms.BaseForm) -> dict[str, Any]:
    """Old and new value of each field that a form changed; of a password only that it changed."""
    names = set(form.changed_data)
    secret = {name for name in names if "password" in name}
    found: dict[str, Any] = {name: _old_and_new(form, name) for name in sorted(names - secret)}
    return {**found, "password": "changed"} if secret else found


def contents(form: forms.BaseForm) -> dict[str, Any]:
    """What a form filled in anew, without any password."""
    return {name: plain(value) for name, value in sorted(form.cleaned_data.items()) if "password" not in name and value}


def _old_and_new(form: forms.BaseForm, name: str) -> list[Any]:
    field, old = form.fields[name], form.get_initial_for_field(form.fields[name], name)
    if isinstance(field, forms.ModelChoiceField) and not isinstance(field, forms.ModelMultipleChoiceField):
        old = field.queryset.filter(pk=old).first() if field.queryset is not None else old
    return [plain(old), plain(form.cleaned_data.get(name))]


def plain(value: Any) -> Any:
    """The value as it can stand in an entry: short, and records by name."""
    if isinstance(value, User):
        return person(value)
    if isinstance(value, (list, tuple, set, models.QuerySet)):
        return sorted(str(plain(v)) for v in value)
    if isinstance(value, (models.Model, str)):
        return str(value)[:LONGEST_VALUE]
    return value
