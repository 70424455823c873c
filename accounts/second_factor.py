"""The second factor: an authenticator app or a passkey, and recovery codes for the day both are lost."""

import base64
import logging
import secrets

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts import sessions
from accounts.models import User

log = logging.getLogger(__name__)


def is_proved(request: HttpRequest) -> bool:
    """Whether this session showed a second factor that its person still has."""
    records = get_authentication_records(request, request.user)
    shown = {record.get("id") for record in records if record["method"] == "mfa"}
    return bool(shown) and Authenticator.objects.filter(user=request.user, pk__in=shown).exists()


def way_in(user: User) -> str:
    """The name of the page where this person proves their second factor, or sets one up."""
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    if Authenticator.Type.TOTP in kinds:
        return "mfa_reauthenticate"
    return "mfa_reauthenticate_webauthn" if Authenticator.Type.WEBAUTHN in kinds else "mfa_index"


@transaction.atomic
def take_away(factor: Authenticator) -> None:
    """What the team does for somebody who lost theirs: without it, without leftover codes, signed out everywhere."""
    factor.delete()
    left = Authenticator.objects.filter(user=factor.user)
    if not left.exclude(type=Authenticator.Type.RECOVERY_CODES).exists():
        left.delete()
    sessions.end_sessions(factor.user)


# --- secrets in the database: whoever reads a backup must not be able to make codes from it -----------------------


def encrypt(secret: str) -> str:
    return _cipher().encrypt(secret.encode()).decode()


def decrypt(kept: str) -> str:
    """The secret; where SECRET_KEY was lost, one that nobody knows, so that no code fits."""
    try:
        return _cipher().decrypt(kept).decode()
    except InvalidToken:
        log.error("A second factor cannot be read with this SECRET_KEY or its SECRET_KEY_FALLBACKS.")
        return base64.b32encode(secrets.token_bytes(20)).decode()


def _cipher() -> MultiFernet:
    keys = (salted_hmac("accounts.second_factor", "", key, algorithm="sha256").digest() for key in _secret_keys())
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def _secret_keys() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
