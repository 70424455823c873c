"""Several at the same moment: for what only a constraint, a lock or a guarded write can hold."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections

from accounts.rules import NotAllowed

T = TypeVar("T")


def together(number: int, act: Callable[[int], T]) -> list[T]:
    """What `act(0)`, `act(1)`, … return in threads that start at the same moment, each with a connection of its own.

    An error in any of them is raised here. The test needs `django_db(transaction=True)`.
    """
    barrier = Barrier(number)

    def run(n: int) -> T:
        connections[DEFAULT_DB_ALIAS].ensure_connection()  # so that opening one does not set them apart
        barrier.wait()
        try:
            return act(n)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def at_once(*moves: Callable[[], Any]) -> list[Any]:
    """What each move returns when all are let go together, or its NotAllowed: who comes too late gets a sentence."""

    def outcome(number: int) -> Any:
        try:
            return moves[number]()
        except NotAllowed as refusal:
            return refusal

    return together(len(moves), outcome)


def refusals(outcomes: list[Any]) -> list[NotAllowed]:
    return [outcome for outcome in outcomes if isinstance(outcome, NotAllowed)]
