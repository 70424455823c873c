"""allauth's forms in the portal's words. Apart from `forms`, which allauth's forms need while they are being loaded."""

from typing import Any, ClassVar

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, Any] = {
    "login": _("E-mail address"),
    "email": _("E-mail address"),
    "oldpassword": _("The password you have now"),
    "password": _("Password"),
    "password1": _("New password"),
    "password2": _("The new password once more"),
    "code": _("Code"),
    "name": _("Name"),
}
HELP: dict[str, Any] = {"password1": _("At least 10 characters, and nothing that others would guess.")}


class OurWords(forms.Form):
    """Labels of ours, and no placeholders that only repeat them."""

    labels: ClassVar[dict[str, Any]] = {}
    helps: ClassVar[dict[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels, helps = {**LABELS, **self.labels}, {**HELP, **self.helps}
        for name, field in self.fields.items():
            field.label = labels.get(name, field.label)
            field.help_text = helps.get(name, field.help_text)
            field.widget.attrs.pop("placeholder", None)


class Login(OurWords, account.LoginForm):
    pass


class Signup(OurWords, account.SignupForm):
    labels: ClassVar[dict[str, Any]] = {"name": _("Your name"), "password1": _("Password")}

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            # As much work as for a new account, or the time would tell which addresses have one.
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)


class AddEmail(OurWords, account.AddEmailForm):
    pass


class ChangePassword(OurWords, account.ChangePasswordForm):
    pass


class SetPassword(OurWords, account.SetPasswordForm):
    pass


class ResetPassword(OurWords, account.ResetPasswordForm):
    pass


class ResetPasswordKey(OurWords, account.ResetPasswordKeyForm):
    pass


class Reauthenticate(OurWords, account.ReauthenticateForm):
    pass


class ConfirmEmailCode(OurWords, account.ConfirmEmailVerificationCodeForm):
    pass


class ConfirmResetCode(OurWords, account.ConfirmPasswordResetCodeForm):
    pass


# --- the second factor --------------------------------------------------------------------------------------------

APP_OR_RECOVERY: dict[str, Any] = {"code": _("Six digits from your app, or one of your recovery codes.")}


class SecondFactor(OurWords, mfa.AuthenticateForm):
    helps: ClassVar[dict[str, Any]] = APP_OR_RECOVERY


class SecondFactorAgain(OurWords, mfa.ReauthenticateForm):
    helps: ClassVar[dict[str, Any]] = APP_OR_RECOVERY


class ActivateApp(OurWords, totp.ActivateTOTPForm):
    labels: ClassVar[dict[str, Any]] = {"code": _("The six digits that the app shows now")}


class AddPasskey(OurWords, webauthn.AddWebAuthnForm):
    name = forms.CharField(required=False, max_length=60)
    passwordless = forms.BooleanField(required=False, initial=True)
    labels: ClassVar[dict[str, Any]] = {"passwordless": _("Sign in with it alone, without a password")}
    helps: ClassVar[dict[str, Any]] = {
        "name": _("To tell it from others, such as “Laptop”."),
        "passwordless": _("Not ticked, it comes after your password."),
    }


class RenamePasskey(OurWords, webauthn.EditWebAuthnForm):
    name = forms.CharField(max_length=60)
