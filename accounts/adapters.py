"""How allauth signs people in here. The portal's own subclass is `onepoints.signin.AccountAdapter`."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import emails, second_factor, sessions
from accounts.models import User
from integrations import mail

BY_SECOND_FACTOR: dict[str, Any] = {
    "mfa_reauthenticate": _("A code from your app, or a recovery code"),
    "mfa_reauthenticate:webauthn": _("Your passkey"),
}


class MailByRowAdapter(DefaultAccountAdapter):
    """Mails are rows carried by Celery; links in them come from ONEPOINTS_URL, never from the request."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "duplicate_email": _("This address is in your account already."),
        "email_password_mismatch": _("Address and password do not fit together. Check both, or choose a new password."),
        "email_taken": _("This address belongs to another account already."),
        "enter_current_password": _("This is not the password you have now."),
        "incorrect_code": _("This is not the code we mailed you last. Look once more, or start again for a new one."),
        "incorrect_password": _("This is not your password."),
        "rate_limited": _("That was one try too many. Wait five minutes, then try again."),
        "too_many_login_attempts": _("Too many tries in a short time. Wait five minutes, then try again."),
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        context = {"request": None, "email": email, "site_url": settings.SITE_URL, **context}
        message = self.render_mail(template_prefix, email, context)
        message.body = mail.tidy(str(message.body))
        emails.enqueue(message, at=timezone.now())

    def get_from_email(self) -> str:
        return settings.DEFAULT_FROM_EMAIL

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        user.name = form.cleaned_data.get("name", "")
        return super().save_user(request, user, form, commit)

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        request.session["seen_at"] = int(timezone.now().timestamp())

    @transaction.atomic
    def set_password(self, user: Any, password: str) -> None:
        """A new password signs every other browser out."""
        super().set_password(user, password)
        sessions.end_sessions(user, keep=self.request.session.session_key)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who has a second factor proves that one: the password alone must not take it away."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        stronger = [
            {**way, "description": BY_SECOND_FACTOR[way["id"]]} for way in ways if way["id"] in BY_SECOND_FACTOR
        ]
        return stronger or ways


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets lie encrypted in the database; the names and words are ours."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "cannot_generate_recovery_codes": _("Recovery codes come with a second factor: set one up first."),
        "incorrect_code": _("That did not fit. Use the code your app shows now, or an unused recovery code."),
        "unverified_email": _("Confirm or remove the address that is not confirmed yet, then set up a second factor."),
    }

    def encrypt(self, text: str) -> str:
        return second_factor.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return second_factor.decrypt(encrypted_text)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 allauth's name
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey %(number)s") % {"number": number}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "OnePoints"}
