"""Who may do what: the table is what the database holds, and no group climbs above itself."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import NoReverseMatch, reverse

from onepoints import groups
from onepoints.tests.factories import make_holder, make_reviewer

pytestmark = pytest.mark.usefixtures("program")
ALL = sorted(groups.GROUPS)


def lists(app=None):
    """Every list of the team's pages."""
    models = [m._meta for m in admin.site._registry]
    return {f"{m.app_label}.{m.model_name}": reverse(f"admin:{m.app_label}_{m.model_name}_changelist") for m in models}


def opened(client):
    return {name for name, address in lists().items() if client.get(address).status_code == 200}


def test_loading_gives_each_group_exactly_the_table():
    Group.objects.get(name="Reviewers").permissions.clear()
    groups.sync()
    for name, rights in groups.GROUPS.items():
        held = Group.objects.get(name=name).permissions.values_list("content_type__app_label", "codename")
        assert {f"{app}.{codename}" for app, codename in held} == set(rights)


@pytest.mark.parametrize("name", ALL)
def test_no_group_may_touch_rights_or_people(name):
    for right in groups.GROUPS[name]:
        app, codename = right.split(".")
        assert app in {"submissions", "activities", "certifications", "accounts"}
        assert right == "accounts.view_user" or not codename.endswith("_user")


@pytest.mark.parametrize("name", ALL)
def test_every_right_opens_a_page_that_exists(name):
    """A right that no page asks for would be one nobody reviews."""
    pages = lists()
    for right in groups.GROUPS[name]:
        app, _, codename = right.partition(".")
        assert f"{app}.{codename.split('_', 1)[1]}" in pages


def test_reviewers_open_these_lists_and_no_others(client):
    client.force_login(make_reviewer())
    assert opened(client) == {
        "submissions.submission",
        "submissions.policy",
        "submissions.credentialingcase",
        "activities.activitytype",
        "activities.activity",
        "activities.evidence",
        "certifications.certification",
        "certifications.credential",
        "certifications.extension",
    }


def test_programme_managers_open_these_lists_and_no_others(client):
    client.force_login(make_reviewer(group="Programme managers"))
    assert opened(client) == {
        "submissions.submission",
        "submissions.policy",
        "submissions.credentialingcase",
        "submissions.notice",
        "activities.activitytype",
        "activities.activity",
        "activities.evidence",
        "certifications.certification",
        "certifications.credential",
        "certifications.extension",
        "certifications.reminder",
        "accounts.user",
        "accounts.auditentry",
        "accounts.accountmail",
    }


def test_superusers_open_every_list(client):
    client.force_login(make_holder(is_staff=True, is_superuser=True))
    assert opened(client) == set(lists())


def test_a_holder_opens_none(client):
    client.force_login(make_holder())
    assert {client.get(address, follow=True).status_code for address in lists().values()} == {403}


def test_a_stranger_is_led_to_the_sign_in_from_each(client):
    for address in lists().values():
        assert client.get(address, follow=True).redirect_chain[-1][0].startswith(reverse("account_login"))


def test_the_front_page_shows_the_daily_work_first(client):
    client.force_login(make_reviewer(group="Programme managers"))
    apps = client.get(reverse("admin:index")).context["app_list"]
    assert [app["app_label"] for app in apps] == ["submissions", "certifications", "activities", "accounts"]
    assert apps[0]["models"][0]["object_name"] == "Submission"


def test_no_list_can_delete_many_rows_at_once(client):
    client.force_login(make_holder(is_staff=True, is_superuser=True))
    for address in lists().values():
        form = client.get(address).context.get("action_form")
        assert form is None or "delete_selected" not in dict(form.fields["action"].choices)


def test_requests_have_no_page_to_add_one_linked_from_anywhere(client):
    client.force_login(make_holder(is_staff=True, is_superuser=True))
    with pytest.raises(NoReverseMatch):
        reverse("admin:submissions_step_changelist")
    assert reverse("admin:submissions_submission_add") not in client.get(reverse("admin:index")).content.decode()
