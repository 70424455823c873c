"""What the log leaves out, and what it must not."""

import logging

import pytest
from django.test import Client

from onepoints import health

pytestmark = pytest.mark.django_db


@pytest.fixture
def written():
    """The lines that pass the filters of the logger of requests, as they reach the console."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [record.getMessage() for record in records if record.name == "django.request"]
    root.removeHandler(handler)


def test_a_portal_that_is_not_ready_yet_says_so_without_an_error_in_the_log(monkeypatch, written):
    monkeypatch.setattr(health, "readiness", lambda at: {"beat": "has not been heard yet"})
    assert Client().get("/readyz").status_code == 503
    assert written() == []


@pytest.mark.parametrize("path", ["/readyz/", "/readyz/../x", "/x/readyz", "/activities/?next=/readyz"])
def test_a_visitor_cannot_hide_behind_the_name_of_the_probe(path, written):
    status = Client().get(path).status_code
    assert status in (302, 404)
    assert bool(written()) is (status == 404)


def test_a_fault_of_the_probe_itself_is_logged(monkeypatch, written):
    def fail(at):
        raise RuntimeError("no readiness")

    monkeypatch.setattr(health, "readiness", fail)
    assert Client(raise_request_exception=False).get("/readyz").status_code == 500
    assert written() == ["Internal Server Error: /readyz"]
