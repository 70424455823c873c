"""New files are held back until the virus scanner (CLAMD) has answered. Unanswered means held back, never shown.

Without a scanner nothing is held.
"""

import logging
from datetime import datetime
from functools import partial
from typing import IO, cast

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from activities import storage
from activities.models import Evidence, EvidencePage
from integrations import clamd, doorbell
from integrations.errors import Unavailable

log = logging.getLogger(__name__)

# For so many seconds no other worker asks about a file: longer than an answer takes, and the pause before the next try.
CLAIM = 3 * clamd.DEADLINE


def held_from(at: datetime) -> datetime | None:
    """Since when a file that arrives now is held back; None where there is no scanner. Wakes a worker on commit."""
    if not settings.CLAMD:
        return None
    doorbell.ring_on_commit("activities.tasks.scan_held")
    return at


def scan_held() -> int:
    """Ask the scanner about every file held back, the newest first: its person may be waiting. Returns how many."""
    waiting = list(Evidence.objects.held().order_by("-held_since", "pk"))
    if not (settings.CLAMD and waiting and _is_there()):
        return 0
    return sum(_scan(evidence) for evidence in waiting if cache.add(f"scanning-{evidence.pk}", True, timeout=CLAIM))


def release_all() -> int:
    """Show what is held back although nobody has scanned it: for when the scanner is given up. Returns how many."""
    return Evidence.objects.held().update(held_since=None)


def _is_there() -> bool:
    try:
        clamd.ping(settings.CLAMD)
    except Unavailable as trouble:
        log.warning("Files stay held back: %s", trouble)
        return False
    return True


def _scan(evidence: Evidence) -> bool:
    """Whether there was an answer."""
    try:
        with evidence.file.open("rb") as file:
            found = clamd.scan(settings.CLAMD, cast(IO[bytes], file))
    except Exception as trouble:  # noqa: BLE001  whatever it is, it stays held back, and the next file is still looked at
        log.warning("Evidence %s stays held back: %s", evidence.pk, trouble)
        return False
    if found:
        _mark_harmful(evidence, found)
    else:
        Evidence.objects.held().filter(pk=evidence.pk).update(held_since=None)
    return True


def _mark_harmful(evidence: Evidence, found: str) -> None:
    """Keep the row, so that its person hears of it, and nothing of the file."""
    row = Evidence.objects.held().filter(pk=evidence.pk)
    with transaction.atomic():
        list(row.select_for_update())
        names = row.file_names()
        EvidencePage.objects.filter(evidence__in=row).delete()
        row.update(held_since=None, harmful=found[:200], file="", picture="", text="", facts={}, picture_hash="")
        transaction.on_commit(partial(storage.discard, names), robust=True)
    log.warning("Evidence %s of person %s is harmful: %s", evidence.pk, evidence.holder_id, found)
