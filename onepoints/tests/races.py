"""Several at the same moment: for what only a constraint, a lock or a guarded write can hold."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def together(number: int, act: Callable[[int], T]) -> list[T]:
    """What `act(0)`, `act(1)`, … return in threads that start at the same moment, each with a connection of its own.

    An error in any of them is raised here. The test needs `django_db(transaction=True)`.
    """
    barrier = Barrier(number)

    def run(n: int) -> T:
        barrier.wait()
        try:
            return act(n)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))
