"""Signing in and what protects an account, written into the audit trail. allauth tells of these by signals only."""

from typing import Any

from allauth.account import signals as account
from allauth.account.authentication import get_authentication_records
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.dispatch import Signal, receiver
from django.http import HttpRequest

from accounts import audit
from accounts.audit import Action
from accounts.models import User

# What needs no more than who and when.
PLAIN: dict[Signal, Action] = {
    account.user_signed_up: Action.SIGNED_UP,
    account.password_set: Action.PASSWORD_CHANGED,
    account.password_changed: Action.PASSWORD_CHANGED,
    account.password_reset: Action.PASSWORD_RESET,
    account.password_reset_code_rejected: Action.CODE_REFUSED,
    account.email_verification_code_rejected: Action.CODE_REFUSED,
    account.login_code_rejected: Action.CODE_REFUSED,
}
ADDRESSES: dict[Signal, Action] = {
    account.email_added: Action.EMAIL_ADDED,
    account.email_confirmed: Action.EMAIL_CONFIRMED,
    account.email_removed: Action.EMAIL_REMOVED,
}
FACTORS: dict[Signal, Action] = {
    mfa.authenticator_added: Action.FACTOR_ADDED,
    mfa.authenticator_removed: Action.FACTOR_REMOVED,
    mfa.authenticator_reset: Action.FACTOR_RENEWED,
    mfa.authentication_failed: Action.FACTOR_REFUSED,
}


@receiver(list(PLAIN))
def note(*, signal: Signal, user: User | None, **rest: Any) -> None:
    _record(PLAIN[signal], user)


@receiver(list(ADDRESSES))
def note_address(*, signal: Signal, email_address: Any, **rest: Any) -> None:
    _record(ADDRESSES[signal], email_address.user, email=email_address.email)


@receiver(list(FACTORS))
def note_factor(*, signal: Signal, user: User, authenticator: Any, **rest: Any) -> None:
    _record(FACTORS[signal], user, kind=authenticator.type)


@receiver(account.email_changed)
def note_other_address(*, user: User, from_email_address: Any, to_email_address: Any, **rest: Any) -> None:
    before = from_email_address.email if from_email_address else ""
    _record(Action.EMAIL_CHANGED, user, email=[before, to_email_address.email])


@receiver(account.user_logged_in)
def note_sign_in(*, request: HttpRequest, user: User, **rest: Any) -> None:
    shown = [record.get("type") or record["method"] for record in get_authentication_records(request, user)]
    _record(Action.SIGNED_IN, user, shown=shown)


@receiver(user_login_failed)
def note_failure(*, credentials: dict[str, Any], **rest: Any) -> None:
    """Nobody is known to have done it; the address is what was typed, so there may be no such person."""
    audit.record(Action.SIGN_IN_FAILED, subject="sign-in", by=None, details={"email": audit.plain(_typed(credentials))})


@receiver(user_logged_out)
def note_sign_out(*, user: User | None, **rest: Any) -> None:
    if user is not None:
        _record(Action.SIGNED_OUT, user)


def _typed(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email") or credentials.get("username") or "")


def _record(action: Action, user: User | None, **details: Any) -> None:
    """The person themselves did it, or whoever knows their address and tries a code."""
    audit.record(action, subject=audit.person(user) if user else "sign-in", by=user, details=details)
