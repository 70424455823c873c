"""A value for every field of every model, that nobody should be able to post into a row by naming the field."""

from datetime import date
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import models

from accounts.models import User
from onepoints.tests.world import Rows

TEXT, NUMBER, DAY, KEY = "posted by name", 7777, date(2099, 12, 31), UUID(int=7777)
# How each of them looks in a row.
SAID = (TEXT, str(NUMBER), str(DAY), KEY.hex, str(KEY), "posted-by-name")
OWNERS = {"holder_id", "user_id", "by_id", "taken_by_id", "decided_by_id", "granted_by_id"}


def fields(victim: User) -> dict[str, Any]:
    """Every name a field has anywhere, with something harmful for it: `victim` is made the owner of everything."""
    found: dict[str, Any] = {}
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.Field):
                for name in {field.name, field.attname}:
                    found[name] = _value(field, victim)
                    found.update(_parts(name, found[name]))
    return found | {"user_permissions": _every(Permission), "groups": _every(Group), "permissions": _every(Permission)}


def _every(model: Any) -> list[Any]:
    return list(model.objects.values_list("pk", flat=True))


def _some(model: Any) -> Any:
    """A row that exists, so that naming it would work."""
    return model._default_manager.order_by("pk").values_list("pk", flat=True).first() or 1


def _value(field: models.Field, victim: User) -> Any:
    if field.choices:
        return list(dict(field.flatchoices))[-1]
    if field.is_relation:
        return victim.pk if field.related_model is User else _some(field.related_model)
    for kind, value in KINDS:
        if isinstance(field, kind):
            return value
    return TEXT


def _parts(name: str, value: Any) -> dict[str, Any]:
    """A moment is posted to the admin as a day and a time of day."""
    return {f"{name}_0": str(DAY), f"{name}_1": "12:00"} if value == f"{DAY} 12:00" else {}


KINDS: list[tuple[type[models.Field], Any]] = [
    (models.BooleanField, "on"),
    (models.DateTimeField, f"{DAY} 12:00"),
    (models.DateField, str(DAY)),
    (models.TimeField, "12:00"),
    (models.UUIDField, str(KEY)),
    (models.DecimalField, str(NUMBER)),
    (models.IntegerField, str(NUMBER)),
    (models.JSONField, '{"posted": "by name"}'),
    (models.EmailField, "posted-by-name@example.com"),
]


def landed(before: Rows, after: Rows, victim: User) -> set[str]:
    """Columns of new or changed rows that now hold a posted value, or name the victim where they did not before."""
    return {
        f"{table}.{name}"
        for table, rows in after.items()
        for key, row in rows.items()
        for name, value in row.items()
        if value != before[table].get(key, {}).get(name) and _is_posted(name, value, victim)
    }


def _is_posted(name: str, value: Any, victim: User) -> bool:
    return str(value).startswith(SAID) or (value == victim.pk and name in OWNERS)
