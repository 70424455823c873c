"""Where a person is signed in: which browser, since when, last seen when. And ending it."""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User

# A browser names itself after others too ("Chrome … Safari"), so the first match counts.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrom": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def alive(user: User, at: datetime) -> QuerySet[UserSession]:
    """The browsers in which this person is signed in, the latest first."""
    unexpired = Session.objects.filter(expire_date__gt=at).values("session_key")
    return UserSession.objects.filter(user=user, session_key__in=unexpired).order_by("-last_seen_at", "-pk")


def end(rows: QuerySet[UserSession]) -> None:
    """Sign these browsers out: their cookies open nothing any more."""
    with transaction.atomic():
        keys = list(rows.values_list("session_key", flat=True))
        Session.objects.filter(session_key__in=keys).delete()
        UserSession.objects.filter(session_key__in=keys).delete()


def end_sessions(user: User, *, keep: str | None = None) -> None:
    """Sign this person out everywhere, but for the session whose key is `keep`."""
    end(UserSession.objects.filter(user=user).exclude(session_key=keep or ""))


def forget_ended() -> None:
    """Forget where people were signed in, once they are no longer."""
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def device(user_agent: str) -> tuple[str, str]:
    """Browser and system, as far as the browser names them; "" where it does not."""
    return _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)


def _first(names: dict[str, str], text: str) -> str:
    return next((name for mark, name in names.items() if mark in text), "")
