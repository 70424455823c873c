"""Who may do what: one table. `load_defaults` writes it to the database; the admin shows it.

Rights come from here and from nowhere else. No group may touch people's rights, groups or permissions; superusers may
do everything.
"""

from collections.abc import Mapping

from django.contrib.auth.models import Group, Permission

# To see a request whole: what it counts, what proves it, under which rules, for which credential.
_READ_REQUESTS = (
    "submissions.view_submission",
    "submissions.view_credentialingcase",
    "submissions.view_policy",
    "activities.view_activity",
    "activities.view_evidence",
    "activities.view_activitytype",
    "certifications.view_certification",
    "certifications.view_credential",
    "certifications.view_extension",
)

# What leaves the portal: "change" is "Try again now", the rows themselves are never edited.
_DELIVERIES = (
    "submissions.view_notice",
    "submissions.change_notice",
    "submissions.change_credentialingcase",
    "certifications.view_reminder",
    "certifications.change_reminder",
    "accounts.view_accountmail",
    "accounts.change_accountmail",
)

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Reviewers": (*_READ_REQUESTS, "submissions.review_submission"),
    "Programme managers": (
        *_READ_REQUESTS,
        *_DELIVERIES,
        "submissions.review_submission",
        "submissions.reassign_submission",
        # Versions that nothing has used yet can be taken away again; the pages refuse it for all others.
        "submissions.add_policy",
        "submissions.change_policy",
        "submissions.delete_policy",
        "activities.add_activitytype",
        "activities.change_activitytype",
        "activities.delete_activitytype",
        "certifications.add_certification",
        "certifications.change_certification",
        "certifications.add_credential",
        "certifications.change_credential",
        "accounts.view_user",
        "accounts.view_auditentry",
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
