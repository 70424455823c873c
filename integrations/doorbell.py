"""Tell the workers that something is due, without ever making a web request wait for the broker.

A publish to a frozen Redis hangs for seconds, so a thread of its own does it. A lost ring does no harm: the sweep looks
every minute anyway.
"""

import logging
import queue
import threading

from celery import current_app
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)

_bells: queue.Queue[str] = queue.Queue(maxsize=100)
_lock = threading.Lock()
_ringer: threading.Thread | None = None


def ring_on_commit(task_name: str) -> None:
    """After the surrounding transaction commits, ask a worker to run the named task."""
    if settings.DOORBELL:
        transaction.on_commit(lambda: _ring(task_name), robust=True)


def _ring(task_name: str) -> None:
    global _ringer  # noqa: PLW0603  one ringer a process
    with _lock:
        if _ringer is None or not _ringer.is_alive():  # also after a fork, which copies no threads
            _ringer = threading.Thread(target=_publish_forever, name="doorbell", daemon=True)
            _ringer.start()
    try:
        _bells.put_nowait(task_name)
    except queue.Full:
        log.warning("The broker does not take messages; the sweep will find what is due.")


def _publish_forever() -> None:
    while True:
        task_name = _bells.get()
        try:
            current_app.send_task(task_name)
        except Exception as trouble:  # noqa: BLE001  whatever the broker does, the next ring is tried
            log.warning("Could not ring %s: %s", task_name, trouble)
