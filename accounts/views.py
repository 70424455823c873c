"""What a person may change about themselves, and where they are signed in."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit, sessions
from accounts.audit import Action
from accounts.forms import PreferencesForm
from accounts.http import SignedInRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: SignedInRequest) -> HttpResponse:
    """Name, time zone, reminders."""
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            _audit(request, Action.CHANGED, **audit.changes(form))
        messages.success(request, _("Your preferences are saved."))
        return redirect("preferences")
    return render(request, "accounts/preferences.html", {"form": form})


@login_required
@require_safe
def security(request: SignedInRequest) -> HttpResponse:
    """How this person signs in and what protects it: one line each, with the way to change it."""
    found = list(Authenticator.objects.filter(user=request.user))
    by_type = {kind: [factor for factor in found if factor.type == kind] for kind in Authenticator.Type.values}
    codes = next((factor.wrap() for factor in by_type["recovery_codes"]), None)
    context = {
        "addresses": EmailAddress.objects.filter(user=request.user).count(),
        "app": by_type["totp"],
        "passkeys": by_type["webauthn"],
        "codes_left": len(codes.get_unused_codes()) if codes else None,
        "browsers": sessions.alive(request.user, timezone.now()).count(),
    }
    return render(request, "accounts/security.html", context)


@login_required
@require_safe
def browsers(request: SignedInRequest) -> HttpResponse:
    """Where this person is signed in."""
    rows = [
        {"session": row, "device": sessions.device(row.user_agent), "here": _is_here(request, row.session_key)}
        for row in sessions.alive(request.user, timezone.now())
    ]
    return render(request, "accounts/browsers.html", {"rows": rows, "elsewhere": len(rows) > 1})


@login_required
@require_POST
def sign_out_browser(request: SignedInRequest, pk: int) -> HttpResponse:
    """End one of the person's other sessions."""
    others = sessions.alive(request.user, timezone.now()).exclude(session_key=request.session.session_key)
    row = get_object_or_404(others, pk=pk)
    with transaction.atomic():
        sessions.end(others.filter(pk=row.pk))
        _audit(request, Action.SIGNED_OUT_ELSEWHERE, browser=" ".join(sessions.device(row.user_agent)).strip())
    messages.success(request, _("That browser is signed out."))
    return redirect("browsers")


@login_required
@require_POST
def sign_out_others(request: SignedInRequest) -> HttpResponse:
    """End all sessions but this one."""
    with transaction.atomic():
        sessions.end_sessions(request.user, keep=request.session.session_key)
        _audit(request, Action.SIGNED_OUT_ELSEWHERE, browser="all")
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("browsers")


def _audit(request: SignedInRequest, action: Action, **details: Any) -> None:
    if details:
        audit.record(action, subject=audit.person(request.user), by=request.user, details=details)


def _is_here(request: SignedInRequest, key: str) -> bool:
    return key == request.session.session_key
