"""What the import contracts (pyproject.toml, "importlinter") cannot see: a foreign key is written as a string."""

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey

# Which other apps of ours an app may point at (docs/architecture.md).
BELOW = {
    "integrations": set(),
    "accounts": {"integrations"},
    "activities": {"accounts", "integrations"},
    "certifications": {"accounts", "integrations"},
    "submissions": {"activities", "certifications", "accounts", "integrations"},
    "onepoints": {"submissions", "activities", "certifications", "accounts", "integrations"},
}


def our_models():
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in BELOW]


def keys(model):
    """Every field with which a model points at another one."""
    return [field for field in model._meta.get_fields() if field.is_relation and field.concrete]


def test_every_foreign_key_points_down():
    up = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in our_models()
        for field in keys(model)
        if (target := field.related_model._meta.app_label) in BELOW
        and target not in BELOW[model._meta.app_label] | {model._meta.app_label}
    ]
    assert not up


def test_no_key_points_anywhere_it_likes():
    """A generic key could point up unseen."""
    loose = [
        f"{model._meta.label}.{field.name}"
        for model in our_models()
        for field in model._meta.private_fields
        if isinstance(field, GenericForeignKey)
    ]
    assert not loose


def test_every_app_of_ours_is_in_the_picture():
    ours = {app.label for app in apps.get_app_configs() if not app.name.startswith(("django.", "allauth", "crispy"))}
    assert ours <= set(BELOW)
