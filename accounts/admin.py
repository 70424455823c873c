"""People. Only an administrator adds or changes them; `onepoints.admin` registers the page, because giving a person
their certifications reaches above this app.
"""

from typing import Any, ClassVar

import allauth.account.admin
import allauth.mfa.admin
import allauth.usersessions.admin  # noqa: F401 registers, so that it can be unregistered
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.forms import UserChangeForm as BaseUserChangeForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts import second_factor, sessions
from accounts.audit_admin import AuditEntryAdmin
from accounts.audited import Audited
from accounts.models import AccountMail, AuditEntry, User
from integrations.admin_base import DeliveryAdmin, ReadOnlyAdmin, TeamAdmin


class OwnAddress(forms.ModelForm):
    """An address that somebody else has proved to be theirs cannot be given to another person."""

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        others = EmailAddress.objects.filter(email=email, verified=True).exclude(user=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(_("Another person has confirmed this address as theirs."))
        return email


class UserCreationForm(OwnAddress, BaseUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name"]


class UserChangeForm(OwnAddress, BaseUserChangeForm):
    class Meta:
        model = User
        fields = ["email", "name"]
        field_classes: dict[str, Any] = {}


class UserAdmin(Audited, TeamAdmin, auth_admin.UserAdmin):
    """The list and form of people. Who may look people up sees names and addresses, not rights."""

    audited_as = "person {0.pk}"
    form = UserChangeForm
    add_form = UserCreationForm
    list_display = ["email", "name", "is_staff", "is_active", "last_login"]
    list_filter = ["is_staff", "is_active", "groups"]
    search_fields = ["email", "name"]
    search_help_text = _("E-mail or name")
    ordering = ["email"]
    filter_horizontal = []
    readonly_fields = ["last_login", "joined_at"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        (_("Preferences"), {"fields": ["time_zone", "reminders"]}),
        (_("What this person may do"), {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
        (_("Dates"), {"fields": ["last_login", "joined_at"]}),
    ]
    look_up_fieldsets = [(None, {"fields": ["email", "name", "is_active", "joined_at"]})]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["email", "name", "password1", "password2"]})]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fieldsets(request, obj) if request.user.is_superuser else self.look_up_fieldsets

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.list_display if request.user.is_superuser else ["email", "name", "is_active"]

    def get_list_filter(self, request: HttpRequest) -> Any:
        return self.list_filter if request.user.is_superuser else ["is_active"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            self.vouch_for(request, obj)
        if not obj.is_active:
            sessions.end_sessions(obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """The password and its entry in the audit trail stay or go together."""
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    def vouch_for(self, request: HttpRequest, user: User) -> None:
        """The team vouches for the address, so it counts as proved; an earlier one signs in no more."""
        EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
        EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


@admin.register(AccountMail)
class AccountMailAdmin(Audited, DeliveryAdmin):
    """Mails about signing in, without their words: these hold a code."""

    search_fields = ["reference", "to"]
    search_help_text = _("Reference or address")
    fields: ClassVar[Any] = [*DeliveryAdmin.fields, "created_at"]

    def recipient(self, row: Any) -> str:
        return row.to


# allauth's own pages show secrets and session keys, and let them and everybody's addresses be edited.
admin.site.unregister([Authenticator, EmailAddress, UserSession])


@admin.register(EmailAddress)
class AddressAdmin(ReadOnlyAdmin):
    """With which addresses people sign in. They prove them; the team vouches for one on the person's own page."""

    list_display = ["email", "user", "verified", "primary"]
    list_filter = ["verified", "primary"]
    list_select_related = ["user"]
    fields: ClassVar[Any] = list_display
    search_fields = ["email", "user__name"]
    search_help_text = _("E-mail or name")
    ordering = ["email"]


@admin.register(Authenticator)
class SecondFactorAdmin(Audited, ReadOnlyAdmin):
    """Who has which second factor, never its secret. An administrator takes away what somebody has lost."""

    audited_as = "person {0.user_id}"
    list_display = ["user", "type", "created_at", "last_used_at"]
    list_select_related = ["user"]
    fields: ClassVar[Any] = list_display
    search_fields = ["user__email", "user__name"]
    search_help_text = _("E-mail or name")
    ordering = ["user__email", "type"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        second_factor.take_away(obj)


admin.site.register(AuditEntry, AuditEntryAdmin)
