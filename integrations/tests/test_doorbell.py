"""Ringing never makes anybody wait: not a frozen broker, not a missing one."""

import queue
import threading
import time

import pytest
from celery import current_app
from django.db import transaction

from integrations import doorbell
from integrations.tests.post import LOOPBACK, silent_server


@pytest.fixture
def bells(monkeypatch, settings):
    """A fresh doorbell, whose rings end up nowhere."""
    settings.DOORBELL = True
    monkeypatch.setattr(doorbell, "_bells", queue.Queue(maxsize=3))
    monkeypatch.setattr(doorbell, "_ringer", None)
    rung = queue.Queue()
    monkeypatch.setattr(current_app, "send_task", rung.put)
    return rung


@pytest.mark.django_db(transaction=True)
def test_a_ring_comes_after_the_commit_and_not_before(bells):
    with transaction.atomic():
        doorbell.ring_on_commit("some.task")
        assert bells.empty()
    assert bells.get(timeout=5) == "some.task"


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_does_not_ring(bells):
    with transaction.atomic():
        doorbell.ring_on_commit("some.task")
        transaction.set_rollback(True)
    doorbell.ring_on_commit("another.task")
    assert bells.get(timeout=5) == "another.task"


@pytest.mark.django_db(transaction=True)
def test_a_ring_that_fails_does_not_stop_the_next(bells, monkeypatch, caplog):
    rung = queue.Queue()

    def send(name):
        if name == "first":
            raise OSError("no broker")
        rung.put(name)

    monkeypatch.setattr(current_app, "send_task", send)
    doorbell.ring_on_commit("first")
    doorbell.ring_on_commit("second")
    assert rung.get(timeout=5) == "second"
    assert "Could not ring first: no broker" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_when_too_many_rings_wait_the_next_are_let_go(bells, monkeypatch, caplog):
    release, started = threading.Event(), threading.Event()

    def hang(name):
        started.set()
        release.wait(10)

    monkeypatch.setattr(current_app, "send_task", hang)
    doorbell.ring_on_commit("held by the broker")
    assert started.wait(5)
    for _ in range(10):
        doorbell.ring_on_commit("some.task")
    release.set()
    assert "does not take messages" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_frozen_broker_makes_nobody_wait(monkeypatch, settings):
    settings.DOORBELL = True
    monkeypatch.setattr(doorbell, "_bells", queue.Queue(maxsize=100))
    monkeypatch.setattr(doorbell, "_ringer", None)
    tried = threading.Event()
    with silent_server() as port, current_app.connection(f"redis://{LOOPBACK}:{port}/0") as frozen:
        send_task = current_app.send_task

        def publish(name):
            tried.set()
            send_task(name, connection=frozen)

        monkeypatch.setattr(current_app, "send_task", publish)
        began = time.perf_counter()
        for _ in range(20):
            doorbell.ring_on_commit("some.task")
        waited = time.perf_counter() - began
        assert tried.wait(5), "the ringer is really talking to the frozen broker"
        doorbell._bells.queue.clear()  # what is left must not reach a real broker after this test
    assert waited < 0.5


def test_without_a_doorbell_nothing_rings(bells, settings):
    settings.DOORBELL = False
    doorbell.ring_on_commit("some.task")
    assert bells.empty()
    assert doorbell._ringer is None
