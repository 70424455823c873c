"""Every address of the portal, read from the URL resolver, and the rows its placeholders can name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

from onepoints.tests.world import Belongings, World

# Where an address begins → what its first placeholder names (a kind of `Belongings.rows`).
KINDS = {
    "activities/<int:pk>/": "activity",
    "evidence/<uuid:pk>/": "evidence",
    "certifications/<int:pk>/": "credential",
    "requests/<int:pk>/": "submission",
    "security/browsers/<int:pk>/": "browser",
    "accounts/second-factor/webauthn/keys/<int:pk>/": "factor",
    "admin/account/emailaddress/": "address",
    "admin/accounts/accountmail/": "mail",
    "admin/accounts/user/": "user",
    "admin/activities/activity/": "activity",
    "admin/activities/evidence/": "evidence",
    "admin/certifications/credential/": "credential",
    "admin/certifications/extension/": "extension",
    "admin/certifications/reminder/": "reminder",
    "admin/mfa/authenticator/": "factor",
    "admin/submissions/credentialingcase/": "case",
    "admin/submissions/notice/": "notice",
    "admin/submissions/submission/": "submission",
}
DJANGO_ADMINS = ("<path:object_id>/", "/history/", "/delete/", "/change/")
# To Django's admin a row in these states is like an open one.
ALIKE = {"returned", "approved"}
# Patterns that are no plain route.
UNUSUAL = {
    "admin:app_list": "/admin/submissions/",
    r"admin/(?P<url>.*)$": "/admin/nothing/here/",
}


@dataclass(frozen=True)
class Address:
    """A pattern of the resolver. `name` is what the table of expectations calls it."""

    name: str
    route: str

    @property
    def placeholders(self) -> list[str]:
        return re.findall(r"<(?:\w+:)?(\w+)>", self.route)

    @property
    def kind(self) -> str:
        """What kind of row its first placeholder names; "" where it names none."""
        return next((kind for start, kind in KINDS.items() if self.route.startswith(start)), "")

    @property
    def model_admin(self) -> str:
        """`app_model` of a page of the admin about one model, "" otherwise."""
        match = re.match(r"admin/([a-z]+)/([a-z]+)/", self.route)
        return "_".join(match.groups()) if match and match[0] + "add/" in ROUTES else ""

    @property
    def is_django_admins(self) -> bool:
        """One of the pages that Django's admin has for every model."""
        return self.route.startswith("admin/") and self.route.endswith(DJANGO_ADMINS)

    def path(self, *values: object) -> str:
        if self.name in UNUSUAL:
            return UNUSUAL[self.name]
        left = iter(values)
        return "/" + re.sub(r"<(?:\w+:)?\w+>", lambda _match: str(next(left)), self.route)


def _walk(patterns: list[URLPattern | URLResolver], start: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = start + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route, f"{pattern.namespace}:" if pattern.namespace else space)
        else:
            yield space + (pattern.name or "without name"), route


PATTERNS = list(_walk(get_resolver().url_patterns))  # (name, route)
ROUTES = {route for _name, route in PATTERNS}
ADDRESSES = [Address(route if "without name" in name else name, route) for name, route in PATTERNS]


# --- what stands in the place of the placeholders ---------------------------------------------------------------------


@dataclass(frozen=True)
class Thing:
    """A row that an address can name. `name` is what the table of expectations calls it: "their private"."""

    name: str
    values: tuple[object, ...]
    owner: Belongings


def things(address: Address, world: World, role: str) -> list[Thing]:
    """What this role may try the address with: its own rows, a stranger's, and what does not exist."""
    own, their = world.whose(role), world.stranger(role)
    if not address.placeholders:
        return [Thing("", (), own)]
    if address.kind:
        return [
            *_rows(address, own, "own"),
            *_rows(address, their, "their"),
            *_taken(address, world, role),
            *_missing(address, their),
        ]
    if address.model_admin:
        rows = apps.get_model(*address.model_admin.split("_", 1))._default_manager.order_by("pk")
        found = [
            Thing(name, (row.pk,), own)
            for name, row in zip(("first", "last"), (rows.first(), rows.last()), strict=True)
            if row
        ]
        return found + _missing(address, own)
    return [Thing("", ("1",) * len(address.placeholders), own)]


def _rows(address: Address, owner: Belongings, whose: str) -> list[Thing]:
    second = {"submission": lambda state: owner.rows["counted"][state].pk, "evidence": lambda state: 2}
    return [
        Thing(
            f"{whose} {state}".strip(),
            (row.pk, second.get(address.kind, lambda state: 0)(state))[: len(address.placeholders)],
            owner,
        )
        for state, row in owner.rows[address.kind].items()
        if not (address.is_django_admins and state in ALIKE)
    ]


def _taken(address: Address, world: World, role: str) -> list[Thing]:
    """Requests that this reviewer has taken; and an activity of one of them as if it were of another request."""
    if address.kind != "submission":
        return []
    taken, waiting = (rows.get(role, rows["reviewer"]) for rows in (world.taken, world.waiting))
    counted = {request.pk: request.counted.get().pk for request in (taken, waiting)}
    found = {"their taken": (taken.pk, counted[taken.pk]), "their waiting": (waiting.pk, counted[waiting.pk])}
    if len(address.placeholders) == 2:
        found["missing in it"] = (taken.pk, counted[waiting.pk])
    return [Thing(name, values[: len(address.placeholders)], world.third) for name, values in found.items()]


def _missing(address: Address, owner: Belongings) -> list[Thing]:
    odd = [UUID(int=0)] if "uuid:" in address.route else [999_999_999, 10**30]
    if "path:" in address.route:
        odd = [999_999_999, "no such"]
    return [Thing("missing", (value, 2)[: len(address.placeholders)], owner) for value in odd]
