"""From where something is done: the request that is being answered. Workers and commands come from nowhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from integrations import mail


@dataclass(frozen=True)
class Origin:
    request: HttpRequest | None = None
    request_id: str = ""

    @property
    def address(self) -> str:
        return client_address(self.request) if self.request else ""

    @property
    def agent(self) -> str:
        """What the browser says it is."""
        return mail.one_line(self.request.headers.get("User-Agent", ""))[:200] if self.request else ""


NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


def current() -> Origin:
    return _current.get()


@contextmanager
def of(request: HttpRequest) -> Iterator[None]:
    """What is done inside comes from this request."""
    token = _current.set(Origin(request, uuid4().hex))
    try:
        yield
    finally:
        _current.reset(token)


def client_address(request: HttpRequest) -> str:
    """The visitor's address as the sign-in limits see it (setting TRUSTED_PROXIES); "" where there is none."""
    try:
        return get_adapter().get_client_ip(request)
    except PermissionDenied:
        return ""
