"""The catalogue in the team's pages: versions, and never overwriting what was used."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from activities.models import Activity, ActivityType
from onepoints.tests.factories import (
    NOW,
    TODAY,
    make_activity,
    make_credential,
    make_evidence,
    make_holder,
    make_points,
    make_reviewer,
    send,
)

pytestmark = pytest.mark.usefixtures("program", "today")
LIST, ADD = reverse("admin:activities_activitytype_changelist"), reverse("admin:activities_activitytype_add")


@pytest.fixture
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def managed(client):
    client.force_login(make_reviewer("Max Manager", "Programme managers"))
    return client


def line(code="ILT-3D"):
    return ActivityType.objects.get(code=code)


def new_version(code, valid_from, **changes):
    version = line(code)
    version.pk, version.valid_from = None, valid_from
    for name, value in changes.items():
        setattr(version, name, value)
    version.save()
    return version


def change_page(version):
    return reverse("admin:activities_activitytype_change", args=[version.pk])


def fields(version, **changes):
    """What the form of a line sends."""
    names = ["code", "name", "description", "category", "unit", "points", "evidence"]
    sent = {name: getattr(version, name) for name in names}
    return {**sent, "valid_from": version.valid_from.isoformat(), "cap": "", "is_eligible": "on", **changes}


def listed(response):
    return list(response.context["cl"].result_list)


def test_the_catalogue_shows_of_each_code_the_version_in_force(managed):
    replaced, current = line("ILT-3D"), new_version("ILT-3D", TODAY, points=Decimal(20))
    future = new_version("ILT-2D", TODAY + timedelta(days=1))
    shown = listed(managed.get(LIST))
    assert current in shown
    assert replaced not in shown
    assert future not in shown
    assert len(shown) == ActivityType.objects.values("code").distinct().count()
    assert listed(managed.get(LIST, {"version": "past"})) == [replaced]
    assert listed(managed.get(LIST, {"version": "future"})) == [future]
    assert {replaced, current, future} <= set(listed(managed.get(LIST, {"version": "all"})))


def test_lines_that_are_not_confirmed_are_marked_and_can_be_filtered(managed):
    ActivityType.objects.exclude(code="TT-ATT").update(is_confirmed=True)
    response = managed.get(LIST, {"is_confirmed__exact": 0})
    assert listed(response) == [line("TT-ATT")]
    assert "Unconfirmed" in response.content.decode()


def test_confirming_values_marks_the_chosen_lines_and_stays_in_their_history(managed):
    response = managed.post(
        LIST, {"action": "confirm_values", "_selected_action": [line("TT-ATT").pk, line("TW-ATT").pk]}, follow=True
    )
    assert "2 lines are confirmed." in response.content.decode()
    assert set(ActivityType.objects.filter(is_confirmed=True).values_list("code", flat=True)) == {"TT-ATT", "TW-ATT"}
    history = managed.get(reverse("admin:activities_activitytype_history", args=[line("TT-ATT").pk])).content.decode()
    assert "Max Manager" in history


def test_a_new_version_starts_as_an_unconfirmed_copy_from_tomorrow(managed):
    ActivityType.objects.update(is_confirmed=True)
    kept = line("TW-ATT")
    initial = managed.get(ADD, {"version_of": kept.pk}).context["adminform"].form.initial
    assert (initial["code"], initial["name"], initial["points"]) == (kept.code, kept.name, kept.points)
    assert initial["statement_suffices"]
    assert initial["valid_from"] == TODAY + timedelta(days=1)
    assert "is_confirmed" not in initial
    response = managed.post(ADD, fields(kept, valid_from="2026-12-01", points="2"))
    assert response.status_code == 302
    versions = ActivityType.objects.filter(code="TW-ATT").order_by("valid_from")
    assert [(v.valid_from, v.points) for v in versions] == [(date(2022, 1, 1), 1), (date(2026, 12, 1), 2)]


@pytest.mark.parametrize("number", ["", "0", "x", "999999999999999", "²"])
def test_a_new_version_of_nothing_is_an_empty_form(managed, number):
    assert managed.get(ADD, {"version_of": number}).status_code == 200


def test_two_versions_from_the_same_day_are_refused_at_the_form(managed):
    response = managed.post(ADD, fields(line("TW-ATT")))
    assert response.status_code == 200
    assert ActivityType.objects.filter(code="TW-ATT").count() == 1


def test_a_used_version_keeps_its_values_whatever_is_posted(managed):
    make_activity(make_holder(), "ILT-3D", evidence=False)
    used = line("ILT-3D")
    before = ActivityType.objects.filter(pk=used.pk).values().get()
    page = managed.get(change_page(used)).content.decode()
    assert "it stays as it is" in page
    assert 'name="points"' not in page
    sent = fields(used, code="X", name="Changed", points="40", valid_from="2023-01-01", cap="1", is_confirmed="on")
    assert managed.post(change_page(used), sent).status_code == 302
    assert ActivityType.objects.filter(pk=used.pk).values().get() == {**before, "is_confirmed": True}


def test_a_version_that_nothing_used_can_be_corrected_and_taken_away(managed):
    version = new_version("ILT-3D", TODAY + timedelta(days=30))
    managed.post(change_page(version), fields(version, points="25"))
    version.refresh_from_db()
    assert version.points == 25
    managed.post(reverse("admin:activities_activitytype_delete", args=[version.pk]), {"post": "yes"})
    assert not ActivityType.objects.filter(pk=version.pk).exists()


def test_a_used_version_cannot_be_deleted_by_anybody(client):
    make_activity(make_holder(), "ILT-3D", evidence=False)
    client.force_login(make_holder(is_staff=True, is_superuser=True))
    page = reverse("admin:activities_activitytype_delete", args=[line("ILT-3D").pk])
    assert client.post(page, {"post": "yes"}).status_code == 403
    assert ActivityType.objects.filter(code="ILT-3D").exists()


def test_reviewers_read_the_catalogue_and_change_nothing(client):
    client.force_login(make_reviewer())
    page = client.get(LIST)
    assert page.status_code == 200
    assert "New version" not in page.content.decode()
    assert client.get(ADD).status_code == 403
    assert client.post(change_page(line()), fields(line(), points="1")).status_code == 403
    client.post(LIST, {"action": "confirm_values", "_selected_action": [line().pk]})
    assert (line().points, line().is_confirmed) == (24, False)


def test_the_catalogue_takes_as_many_queries_for_thirty_lines_as_for_one(managed, django_assert_max_num_queries):
    query = {"version": "all", "q": "ILT-3D"}
    managed.get(LIST, query)
    with django_assert_max_num_queries(20) as one:
        assert len(listed(managed.get(LIST, query))) == 1
    for day in range(1, 30):
        new_version("ILT-3D", TODAY + timedelta(days=day)) if day == 1 else _later("ILT-3D", day)
    with django_assert_max_num_queries(20) as thirty:
        assert len(listed(managed.get(LIST, query))) == 30
    assert len(thirty) == len(one)


def _later(code, days):
    version = ActivityType.objects.filter(code=code).first()
    version.pk, version.valid_from = None, TODAY + timedelta(days=days)
    version.save()


# --- what people have handed in ---------------------------------------------------------------------------------------

PAGES = ["activities_activity", "activities_evidence"]


def counted_request(name="Ada Holder"):
    holder = make_holder(name)
    make_points(holder, 40)
    return send(make_credential(holder))


@pytest.mark.parametrize("page", PAGES)
def test_the_team_sees_what_requests_count_and_no_private_log(client, page):
    request = counted_request()
    private = make_activity(make_holder("Private Person"))
    make_evidence(make_holder("Undecided Person"))
    client.force_login(make_reviewer())
    response = client.get(reverse(f"admin:{page}_changelist"))
    assert [row.holder for row in listed(response)] == [request.holder]
    row = listed(response)[0]
    assert client.get(reverse(f"admin:{page}_change", args=[row.pk])).status_code == 200
    model = type(row)
    hidden = private if model is Activity else private.evidence_files.get()
    assert client.get(reverse(f"admin:{page}_change", args=[hidden.pk])).status_code == 302
    client.force_login(make_holder(is_staff=True, is_superuser=True))
    assert len(listed(client.get(reverse(f"admin:{page}_changelist")))) == model.objects.count() > 1


@pytest.mark.parametrize("page", PAGES)
def test_what_people_handed_in_is_found_by_holder_and_never_edited(managed, page):
    request = counted_request("Ada Lovelace")
    counted_request("Grace Hopper")
    found = listed(managed.get(reverse(f"admin:{page}_changelist"), {"q": "lovelace"}))
    assert [row.holder for row in found] == [request.holder]
    assert managed.get(reverse(f"admin:{page}_add")).status_code == 403
    change = reverse(f"admin:{page}_change", args=[found[0].pk])
    assert managed.post(change, {"title": "Changed", "shown_name": "changed.pdf"}).status_code == 403
    assert managed.post(reverse(f"admin:{page}_delete", args=[found[0].pk]), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_thirty_rows_take_as_many_queries_as_one(managed, django_assert_max_num_queries, page):
    address = reverse(f"admin:{page}_changelist")
    counted_request()
    managed.get(address)
    with django_assert_max_num_queries(20) as one:
        assert len(listed(managed.get(address))) == 1
    for number in range(29):
        counted_request(f"Holder {number}")
    with django_assert_max_num_queries(20) as thirty:
        assert len(listed(managed.get(address))) == 30
    assert len(thirty) == len(one)
