"""Somebody of the world at a browser: asks for a page and sees what comes back, and what it did to the database."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse, SimpleCookie
from django.template.base import Template
from django.test import Client
from django.test.utils import _TestState

from onepoints.tests.world import NOTES, Rows, World, difference, every_row

WORDS = {200: "OK", 403: "FORBIDDEN", 404: "NOT_FOUND", 405: "METHOD"}
WRITE = re.compile(r'\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)


@dataclass
class Answer:
    response: HttpResponse
    content: str
    written: set[str] = field(default_factory=set)  # tables
    after: Rows | None = None  # the database just before it is undone, where asked to look
    changed: set[str] = field(default_factory=set)  # columns, likewise

    @property
    def outcome(self) -> str:
        if self.response.status_code not in (301, 302):
            return WORDS.get(self.response.status_code, str(self.response.status_code))
        if self.response["Location"].startswith(("/accounts/login/", "/admin/login/")):
            return "SIGN_IN"
        return "DONE" if self.written else "AWAY"

    @property
    def everything(self) -> str:
        return f"{self.response.headers}\n{self.content}"


class Visitor:
    """Asks for pages as anybody in the world; whatever that does is undone."""

    def __init__(self, world: World) -> None:
        self.world, self.client = world, Client(raise_request_exception=True)

    def ask(self, role: str, method: str, path: str, body: Any = None, *, look: str = "", **options: Any) -> Answer:
        """With `look` the database is compared: "always", or where something was "written"."""
        self.client.cookies = SimpleCookie()
        if role in self.world.cookies:
            self.client.cookies[settings.SESSION_COOKIE_NAME] = self.world.cookies[role]
        with undone(), _writes() as written:
            response = self._send(method, path, body, options)
            content = b"".join(response.streaming_content) if response.streaming else response.content
            after = every_row() if look == "always" or (look and written - NOTES) else None
            changed = difference(self.world.rows, after) if after else set()
            return Answer(response, content.decode(errors="replace"), set(written), after, changed)

    def _send(self, method: str, path: str, body: Any, options: dict[str, Any]) -> HttpResponse:
        if method in ("GET", "POST"):
            return getattr(self.client, method.lower())(path, body or None, **options)
        return self.client.generic(method, path, **options)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def _writes() -> Iterator[set[str]]:
    """The tables that are written to, by whatever statement."""
    written: set[str] = set()

    def note(execute, sql, params, many, context):
        if match := WRITE.match(sql):
            written.add(match[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield written


@pytest.fixture
def visitor(world, monkeypatch):
    """Django's test runner would copy the context of each of the many templates; nobody looks at it here."""
    monkeypatch.setattr(Template, "_render", _TestState.saved_data.template_render)
    return Visitor(world)
