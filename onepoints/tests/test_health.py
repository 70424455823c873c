"""/healthz and /readyz: what is said when each part is well, and when it is not."""

import time
from datetime import timedelta

import pytest
from celery import current_app
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.utils import timezone

from integrations.models import Heartbeat
from integrations.standins.clamd import scanner
from integrations.tests.conftest import sink, use_mail_server
from integrations.tests.post import LOOPBACK, free_port, silent_server
from onepoints import health

__all__ = ["sink", "use_mail_server"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def use_broker(monkeypatch):
    connect = current_app.connection_for_write

    def use(url: str) -> None:
        monkeypatch.setattr(current_app, "connection_for_write", lambda **options: connect(url, **options))

    return use


@pytest.fixture
def ready(use_broker, broker_url):
    """Everything is well."""
    use_broker(broker_url)
    Heartbeat.beat(timezone.now())


@pytest.fixture
def ask(client):
    def ask():
        response = client.get("/readyz")
        return response.status_code, {name: said for name, said in response.json().items() if said != "ok"}

    return ask


def test_the_process_is_up_without_asking_anybody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")


def test_when_all_is_well_every_component_says_so(ready, client):
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == dict.fromkeys(("database", "broker", "storage", "mail", "beat"), "ok")
    assert "no-store" in response.headers["Cache-Control"]


def test_a_virus_scanner_is_one_more_component_where_there_is_one(ready, ask, client, settings):
    with scanner() as (settings.CLAMD, state):
        assert client.get("/readyz").json()["scanner"] == "ok"
        state.mood = "gone"
        assert ask() == (503, {"scanner": "Unavailable"})


def test_a_beat_that_has_stopped_is_seen(ready, ask):
    Heartbeat.beat(timezone.now() - health.BEAT_MAY_BE_SILENT - timedelta(seconds=1))
    status, trouble = ask()
    assert (status, list(trouble)) == (503, ["beat"])
    assert trouble["beat"].startswith("silent since 20")
    Heartbeat.objects.all().delete()
    assert ask() == (503, {"beat": "has not been heard yet"})


def test_a_broker_nobody_runs_is_seen(ready, ask, use_broker):
    use_broker(f"redis://{LOOPBACK}:{free_port()}/0")
    status, trouble = ask()
    assert (status, list(trouble)) == (503, ["broker"])


def test_a_frozen_broker_is_seen_in_time(ready, ask, use_broker):
    with silent_server() as port:
        use_broker(f"redis://{LOOPBACK}:{port}/0")
        began = time.perf_counter()
        status, trouble = ask()
        assert (status, list(trouble)) == (503, ["broker"])
    assert time.perf_counter() - began < 5


def test_a_mail_server_that_answers_is_well(ready, ask, sink):
    assert ask() == (200, {})
    assert sink.mails == []


def test_a_mail_server_nobody_runs_is_seen(ready, ask, use_mail_server):
    use_mail_server(free_port())
    assert ask() == (503, {"mail": "ConnectionRefusedError"})


def test_a_silent_mail_server_is_seen_in_time(ready, ask, use_mail_server):
    with silent_server() as port:
        use_mail_server(port, timeout=60)
        began = time.perf_counter()
        assert ask() == (503, {"mail": "SMTPServerDisconnected"})
    assert time.perf_counter() - began < 5


def test_mail_as_files_is_well(ready, ask, settings):
    settings.EMAIL_BACKEND = "integrations.mail.FileBackend"
    assert ask() == (200, {})


def test_a_storage_that_cannot_be_written_is_seen(ready, ask, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "a file, no folder"
    settings.MEDIA_ROOT.write_text("")
    status, trouble = ask()
    assert (status, list(trouble)) == (503, ["storage"])


def test_looking_at_the_storage_leaves_nothing_behind(ready, ask):
    assert ask() == (200, {})
    assert default_storage.listdir("") == ([], [])


def test_a_database_that_is_gone_is_seen_and_the_rest_still_said(ready, ask, monkeypatch):
    def gone(*args):
        raise OperationalError("secret host, secret name")

    monkeypatch.setattr(connection, "cursor", gone)
    status, trouble = ask()
    assert status == 503
    assert trouble == {"database": "OperationalError", "beat": "OperationalError"}, "and nothing of its words"
