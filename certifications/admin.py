"""Titles, who holds them until when, what was granted, and the reminders about it."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.audited import Audited
from accounts.clock import program_today
from certifications.models import Certification, Credential, Extension, Reminder
from integrations.admin_base import ChoiceFilter, DeliveryAdmin, ReadOnlyAdmin, TeamAdmin


@admin.register(Certification)
class CertificationAdmin(Audited, TeamAdmin):
    audited_as = "certification {0.code}"
    list_display = ["title", "code", "level", "release", "exam", "replaced_by"]
    list_select_related = ["replaced_by"]
    list_filter = ["level"]
    search_fields = ["code", "name", "exam"]
    autocomplete_fields = ["replaced_by"]
    ordering = ["level", "name", "release"]


class ExtensionInline(admin.TabularInline):
    model = Extension
    fields = ["old_expires_on", "new_expires_on", "source", "granted_by", "granted_at", "confirmed_at"]
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Extension]:
        return super().get_queryset(request).select_related("credential__certification", "granted_by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ActiveFilter(ChoiceFilter):
    title = _("state")
    parameter_name = "state"
    questions = (("active", _("Active")), ("ended", _("Ended")), ("unclaimed", _("Nobody has signed in for it")))

    def answer(self, key: str, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        today = program_today()
        return {
            "active": queryset.filter(expires_on__gte=today),
            "ended": queryset.filter(expires_on__lt=today),
            "unclaimed": queryset.filter(holder=None),
        }[key]


@admin.register(Credential)
class CredentialAdmin(Audited, TeamAdmin):
    list_display = ["candidate_id", "certification", "holder", "registry_name", "registry_email", "expires_on"]
    list_select_related = ["certification", "holder"]
    list_filter = [ActiveFilter, "certification"]
    search_fields = ["candidate_id", "registry_email", "registry_name", "holder__email", "holder__name"]
    search_help_text = _("Candidate ID, e-mail or name")
    autocomplete_fields = ["certification"]
    raw_id_fields = ["holder"]
    inlines = [ExtensionInline]
    ordering = ["expires_on", "pk"]
    fields = ["candidate_id", "certification", "holder", "registry_name", "registry_email", "earned_on", "expires_on"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["help_texts"] = {
            "expires_on": _(
                "The registry is the truth of this date. Change it only to what CertMetrics shows; an approved request "
                "moves it by itself."
            ),
            "holder": _("Whoever proves the address in the registry gets it by signing in."),
        }
        return super().get_form(request, obj, change, **kwargs)


class ConfirmedFilter(ChoiceFilter):
    title = _("registry")
    parameter_name = "confirmed"
    questions = (("yes", _("Confirmed by the registry")), ("not-yet", _("Not yet confirmed")))

    def answer(self, key: str, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return queryset.filter(confirmed_at__isnull=key == "not-yet")


@admin.register(Extension)
class ExtensionAdmin(ReadOnlyAdmin):
    list_display = ["source", "holder", "credential", "old_expires_on", "new_expires_on", "granted_by", "confirmed_at"]
    list_select_related = ["credential__holder", "credential__certification", "granted_by"]
    list_filter = [ConfirmedFilter]
    search_fields = ["source", "credential__candidate_id", "credential__holder__name", "credential__holder__email"]
    search_help_text = _("Request such as SUB-00042, candidate ID, holder's name or e-mail")
    fields = [
        "source",
        "credential",
        "old_expires_on",
        "new_expires_on",
        "granted_by",
        "granted_at",
        "confirmed_at",
    ]

    @admin.display(description=_("holder"), ordering="credential__holder__name")
    def holder(self, extension: Extension) -> str:
        return str(extension.credential.holder or extension.credential.registry_name)


@admin.register(Reminder)
class ReminderAdmin(Audited, DeliveryAdmin):
    list_select_related = ["credential__holder"]
    search_fields = [*DeliveryAdmin.search_fields, "credential__candidate_id", "credential__holder__email"]
    search_help_text = _("Reference, candidate ID or holder's e-mail")
    fields: ClassVar[Any] = [*DeliveryAdmin.fields, "credential", "expires_on", "days_before", "planned_at"]

    def recipient(self, row: Any) -> str:
        return row.credential.holder.email if row.credential.holder else ""
