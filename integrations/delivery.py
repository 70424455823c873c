"""Outside effects are rows first (docs/architecture.md): this is the row, and how a worker carries it.

A worker claims a row by one guarded UPDATE that also moves `next_attempt_at` on. If the worker dies, the claim runs out
by itself and the next sweep finds the row again: a flushed broker or a killed process loses nothing.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.errors import Refused, Unavailable

log = logging.getLogger(__name__)

# A claim outlives any single call with its deadline; a dead worker's row is due again after it.
CLAIM = timedelta(minutes=10)
# Pauses between attempts; the last one repeats. Together they outlast a long weekend before anybody is bothered.
PAUSES = [timedelta(minutes=m) for m in (1, 2, 5, 15, 30, 60, 120, 240)]
GIVE_UP_AFTER = 36  # attempts: almost five days
# After kill -9 a batch may go out again, so a batch is small.
BATCH = 20


class DeliveryQuerySet(models.QuerySet[Any]):
    """The words in which a sweep speaks of deliveries."""

    def waiting(self) -> "DeliveryQuerySet":
        return self.filter(delivered_at=None, gave_up_at=None)

    def due(self, at: datetime) -> "DeliveryQuerySet":
        return self.waiting().filter(next_attempt_at__lte=at)


class Delivery(models.Model):
    """Something that must leave the portal exactly once, and how far it has come."""

    reference = models.CharField(_("reference"), max_length=100, unique=True)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    gave_up_at = models.DateTimeField(_("given up"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    external_id = models.CharField(_("number on the other side"), max_length=100, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        abstract = True
        indexes = [
            models.Index(
                "next_attempt_at",
                condition=models.Q(delivered_at=None, gave_up_at=None),
                name="%(class)s_due",
            )
        ]

    def __str__(self) -> str:
        return self.reference

    def claim(self, at: datetime) -> bool:
        """Whether this worker, and no other, now holds the row. Sees a claim of another by its changed `attempts`."""
        mine = (
            type(self)
            ._default_manager.due(at)
            .filter(pk=self.pk, attempts=self.attempts)
            .update(attempts=self.attempts + 1, next_attempt_at=at + CLAIM)
        )
        self.attempts += mine
        return bool(mine)

    def record(self, **fields: Any) -> None:
        """Write the outcome of an attempt."""
        type(self)._default_manager.filter(pk=self.pk).update(**fields)

    def try_again(self, at: datetime) -> None:
        """Make a given-up row due again: the team's button in the admin."""
        self.record(gave_up_at=None, attempts=0, next_attempt_at=at, last_error="")


def due_batches(rows: DeliveryQuerySet, at: datetime, *, size: int = BATCH) -> Iterator[list[int]]:
    """The ids of all due rows, oldest first, in batches small enough for one task each."""
    batch: list[int] = []
    for pk in rows.due(at).order_by("next_attempt_at", "pk").values_list("pk", flat=True).iterator():
        batch.append(pk)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def deliver(rows: Iterable[Any], send: Callable[[Any], str], clock: Callable[[], datetime]) -> int:
    """Carry the given rows; returns how many were delivered. One row's trouble never stops the next.

    `send` makes the outside call and returns the number the other side gave (or ""). `Unavailable`, and anything
    unforeseen, means later; `Refused` means stop and show a person.
    """
    return sum(_carry(row, send, clock) for row in rows if row.claim(clock()))


def _carry(row: Delivery, send: Callable[[Any], str], clock: Callable[[], datetime]) -> bool:
    try:
        external_id = send(row)
    except Refused as refusal:
        row.record(gave_up_at=clock(), last_error=str(refusal))
        log.warning("%s was refused: %s", row.reference, refusal)
        return False
    except Exception as trouble:
        if not isinstance(trouble, Unavailable):
            log.exception("%s failed unexpectedly", row.reference)
        _postpone(row, trouble, clock())
        return False
    row.record(delivered_at=clock(), external_id=external_id, last_error="")
    return True


def _postpone(row: Delivery, trouble: Exception, at: datetime) -> None:
    error = str(trouble) or type(trouble).__name__
    if row.attempts >= GIVE_UP_AFTER:
        row.record(gave_up_at=at, last_error=error)
        log.error("%s was given up after %s attempts: %s", row.reference, row.attempts, error)
        return
    pause = PAUSES[min(row.attempts, len(PAUSES)) - 1]
    row.record(next_attempt_at=at + pause, last_error=error)
