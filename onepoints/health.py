"""Is each part of the portal ready? One short look at each, with its own deadline."""

from collections.abc import Callable
from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import get_connection
from django.db import connection

from integrations import clamd
from integrations.models import Heartbeat

# Beat rings every minute; three missed rings mean that beat, broker or every worker has stopped.
BEAT_MAY_BE_SILENT = timedelta(minutes=3)


def readiness(at: datetime) -> dict[str, str]:
    """Component → "ok", or what is wrong with it."""
    checks: dict[str, Callable[[], str]] = {
        "database": _database,
        "broker": _broker,
        "storage": _storage,
        "mail": _mail,
        "beat": lambda: _beat(at),
    }
    if settings.CLAMD:
        checks["scanner"] = _scanner
    return {name: _outcome(check) for name, check in checks.items()}


def _outcome(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as trouble:  # noqa: BLE001  whatever is broken, the other components still answer
        return f"{type(trouble).__name__}"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _broker() -> str:
    with current_app.connection_for_write(connect_timeout=1, transport_options={"socket_timeout": 1}) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=1)
    return "ok"


def _storage() -> str:
    name = default_storage.save("ready", ContentFile(b"ready"))
    default_storage.delete(name)
    return "ok"


def _mail() -> str:
    with get_connection(timeout=2):
        return "ok"


def _scanner() -> str:
    clamd.ping(settings.CLAMD)
    return "ok"


def _beat(at: datetime) -> str:
    last = Heartbeat.objects.filter(name="beat").values_list("beat_at", flat=True).first()
    if last is None:
        return "has not been heard yet"
    return "ok" if at - last < BEAT_MAY_BE_SILENT else f"silent since {last:%Y-%m-%d %H:%M} UTC"
