"""Titles, credentials, grants and reminders in the team's pages."""

from datetime import date, timedelta

import pytest
import time_machine
from django.urls import reverse

from certifications import reminders
from certifications.models import Certification, Credential, Extension, Reminder
from onepoints.tests.factories import (
    NOW,
    TODAY,
    approve,
    make_credential,
    make_holder,
    make_points,
    make_reviewer,
    send,
)

pytestmark = pytest.mark.usefixtures("program", "today")
CREDENTIALS = reverse("admin:certifications_credential_changelist")
EXTENSIONS = reverse("admin:certifications_extension_changelist")
REMINDERS = reverse("admin:certifications_reminder_changelist")


@pytest.fixture
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def managed(client):
    client.force_login(make_reviewer("Max Manager", "Programme managers"))
    return client


def listed(response):
    return list(response.context["cl"].result_list)


def extended(name="Ada Holder"):
    holder = make_holder(name)
    make_points(holder, 40)
    request = send(make_credential(holder))
    return approve(request, make_reviewer())


def credential_form(credential, **changes):
    return {
        "candidate_id": credential.candidate_id,
        "certification": credential.certification_id,
        "holder": credential.holder_id or "",
        "registry_name": credential.registry_name,
        "registry_email": credential.registry_email,
        "earned_on": "",
        "expires_on": credential.expires_on.isoformat(),
        "extensions-TOTAL_FORMS": 0,
        "extensions-INITIAL_FORMS": 0,
        **changes,
    }


def change_page(credential):
    return reverse("admin:certifications_credential_change", args=[credential.pk])


@pytest.mark.parametrize("word", ["OS777", "registry@example", "Countess", "holder@example", "Ada"])
def test_a_credential_is_found_by_each_of_its_names(managed, word):
    credential = make_credential(
        make_holder("Ada Lovelace", email="holder@example.org"),
        candidate_id="OS77712345",
        registry_email="registry@example.org",
        registry_name="Countess of L",
    )
    make_credential(make_holder("Grace"))
    assert listed(managed.get(CREDENTIALS, {"q": word})) == [credential]


def test_credentials_are_filtered_by_their_state(managed):
    active = make_credential(make_holder(), TODAY)
    ended = make_credential(make_holder(), TODAY - timedelta(days=1))
    unclaimed = make_credential(make_holder(), TODAY)
    Credential.objects.filter(pk=unclaimed.pk).update(holder=None)
    assert set(listed(managed.get(CREDENTIALS, {"state": "active"}))) == {active, unclaimed}
    assert listed(managed.get(CREDENTIALS, {"state": "ended"})) == [ended]
    assert listed(managed.get(CREDENTIALS, {"state": "unclaimed"})) == [unclaimed]


def test_a_programme_manager_corrects_an_expiry_date_and_is_told_what_is_true(managed):
    credential = make_credential(make_holder())
    assert "The registry is the truth of this date" in managed.get(change_page(credential)).content.decode()
    response = managed.post(change_page(credential), credential_form(credential, expires_on="2027-06-30"))
    assert response.status_code == 302
    credential.refresh_from_db()
    assert credential.expires_on == date(2027, 6, 30)


def test_a_reviewer_reads_credentials_and_changes_nothing(client):
    credential = make_credential(make_holder())
    client.force_login(make_reviewer())
    assert client.get(change_page(credential)).status_code == 200
    sent = credential_form(credential, expires_on="2030-01-01")
    assert client.post(change_page(credential), sent).status_code == 403
    credential.refresh_from_db()
    assert credential.expires_on == date(2027, 5, 12)


def test_grants_stand_beside_the_credential_and_are_not_edited_there(managed):
    extension = extended()
    credential = Credential.objects.get()
    page = managed.get(change_page(credential)).content.decode()
    assert extension.source in page
    assert 'name="extensions-0-new_expires_on"' not in page
    forged = {
        "extensions-TOTAL_FORMS": 1,
        "extensions-INITIAL_FORMS": 1,
        "extensions-0-id": extension.pk,
        "extensions-0-credential": credential.pk,
        "extensions-0-new_expires_on": "2040-01-01",
        "extensions-0-DELETE": "on",
    }
    managed.post(change_page(credential), credential_form(credential, **forged))
    assert Extension.objects.get().new_expires_on == date(2029, 5, 12)


def test_grants_are_filtered_by_what_the_registry_confirmed_and_never_edited(managed):
    waiting, confirmed = extended("One"), extended("Two")
    Extension.objects.filter(pk=confirmed.pk).update(confirmed_at=NOW)
    assert listed(managed.get(EXTENSIONS, {"confirmed": "yes"})) == [confirmed]
    assert listed(managed.get(EXTENSIONS, {"confirmed": "not-yet"})) == [waiting]
    assert listed(managed.get(EXTENSIONS, {"q": waiting.source})) == [waiting]
    page = reverse("admin:certifications_extension_change", args=[waiting.pk])
    assert managed.get(page).status_code == 200
    assert managed.post(page, {"new_expires_on": "2040-01-01"}).status_code == 403
    assert managed.get(reverse("admin:certifications_extension_add")).status_code == 403


def test_a_programme_manager_adds_a_release_and_names_the_one_it_replaces(managed):
    old = Certification.objects.get(code="OCA-ADM")
    form = {"code": "OCA-ADM-R3", "name": "Administration", "level": "associate", "release": "R3", "exam": "OS-103"}
    managed.post(reverse("admin:certifications_certification_add"), {**form, "replaced_by": ""})
    new = Certification.objects.get(code="OCA-ADM-R3")
    change = reverse("admin:certifications_certification_change", args=[old.pk])
    managed.post(
        change, {"code": old.code, "name": old.name, "level": old.level, "release": "R2", "replaced_by": new.pk}
    )
    old.refresh_from_db()
    assert old.replaced_by == new
    assert managed.post(reverse("admin:certifications_certification_delete", args=[old.pk])).status_code == 403


def test_certifications_are_found_while_typing(managed):
    query = {"app_label": "certifications", "model_name": "credential", "field_name": "certification", "term": "Lead"}
    found = managed.get(reverse("admin:autocomplete"), query).json()["results"]
    assert [row["text"] for row in found] == ["OCP Lead Architect R1"]


# --- reminders --------------------------------------------------------------------------------------------------------


def make_reminder(**fields):
    make_credential(make_holder(), TODAY + timedelta(days=30))
    reminders.plan(TODAY, at=NOW, except_for=Credential.objects.none().values("pk"))
    row = Reminder.objects.latest("pk")
    row.record(**fields)
    return row


def test_reminders_show_what_waits_what_failed_and_why(managed):
    failed = make_reminder(gave_up_at=NOW, attempts=30, last_error="The mail server said 550 no such user")
    page = managed.get(REMINDERS).content.decode()
    assert "Given up" in page
    assert "550 no such user" in page
    assert failed.credential.holder.email in page
    assert listed(managed.get(REMINDERS, {"state": "failed"})) == [failed]
    assert listed(managed.get(REMINDERS, {"state": "waiting"})) == []


def test_try_again_now_makes_a_given_up_reminder_due(managed):
    row = make_reminder(gave_up_at=NOW, attempts=30, last_error="no", next_attempt_at=NOW + timedelta(days=1))
    response = managed.post(REMINDERS, {"action": "try_again", "_selected_action": [row.pk]}, follow=True)
    assert "1 delivery is tried again within a minute." in response.content.decode()
    assert list(Reminder.objects.due(NOW)) == [row]


def test_try_again_now_leaves_alone_what_left_or_is_under_way(managed):
    gone = make_reminder(delivered_at=NOW)
    under_way = make_reminder(attempts=1, next_attempt_at=NOW + timedelta(minutes=10))
    both = [gone.pk, under_way.pk]
    response = managed.post(REMINDERS, {"action": "try_again", "_selected_action": both, "state": "all"}, follow=True)
    assert "0 deliveries are tried again" in response.content.decode()
    assert not Reminder.objects.due(NOW).exists()


def test_reminders_are_for_programme_managers(client):
    row = make_reminder(gave_up_at=NOW)
    client.force_login(make_reviewer())
    assert client.get(REMINDERS).status_code == 403
    assert client.post(REMINDERS, {"action": "try_again", "_selected_action": [row.pk]}).status_code == 403


@pytest.mark.parametrize(
    ("address", "make"),
    [
        (CREDENTIALS, lambda: make_credential(make_holder())),
        (EXTENSIONS, extended),
        (REMINDERS, make_reminder),
    ],
)
def test_thirty_rows_take_as_many_queries_as_one(managed, django_assert_max_num_queries, address, make):
    make()
    managed.get(address)
    with django_assert_max_num_queries(20) as one:
        assert len(listed(managed.get(address))) == 1
    for _ in range(29):
        make()
    with django_assert_max_num_queries(20) as thirty:
        assert len(listed(managed.get(address))) == 30
    assert len(thirty) == len(one)
