"""Several hands at once, for tests of what only one may do."""

import threading

from django.db import connection

from accounts.rules import NotAllowed


def at_once(*moves):
    """Make each move in a thread and connection of its own, all let go together.

    Returns what each one returned, or its NotAllowed. Any other exception fails the test: who comes too late gets a
    sentence, never a crash.
    """
    barrier, outcomes, crashes = threading.Barrier(len(moves)), [None] * len(moves), []

    def run(number, move):
        try:
            connection.ensure_connection()
            barrier.wait()
            outcomes[number] = move()
        except NotAllowed as refusal:
            outcomes[number] = refusal
        except Exception as crash:  # noqa: BLE001  shown by the test's own thread
            crashes.append(crash)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(moves)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not crashes, crashes
    return outcomes


def refusals(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, NotAllowed)]
