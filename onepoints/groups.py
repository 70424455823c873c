"""Who may do what: one table. `load_defaults` writes it to the database; the admin shows it."""

from collections.abc import Mapping

from django.contrib.auth.models import Group, Permission

_READ_REQUESTS = (
    "submissions.view_submission",
    "submissions.view_countedactivity",
    "submissions.view_step",
    "submissions.view_credentialingcase",
    "activities.view_activity",
    "activities.view_evidence",
    "activities.view_activitytype",
    "certifications.view_certification",
    "certifications.view_credential",
    "certifications.view_extension",
    "submissions.view_policy",
)

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Reviewers": (*_READ_REQUESTS, "submissions.review_submission"),
    "Programme managers": (
        *_READ_REQUESTS,
        "submissions.review_submission",
        "submissions.reassign_submission",
        "activities.add_activitytype",
        "activities.change_activitytype",
        "submissions.add_policy",
        "submissions.change_policy",
        "certifications.add_certification",
        "certifications.change_certification",
        "certifications.add_credential",
        "certifications.change_credential",
        "certifications.view_reminder",
        "certifications.change_reminder",
        "submissions.view_notice",
        "submissions.change_notice",
        "accounts.view_user",
    ),
}


def sync() -> None:
    """Make the groups and give each exactly its permissions. Safe to repeat."""
    every = {
        f"{p.content_type.app_label}.{p.codename}": p for p in Permission.objects.select_related("content_type").all()
    }
    for name, permissions in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set([every[permission] for permission in permissions])
