"""The audit trail in the team's pages: managers look, narrow it down and take it along; nobody changes it."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.urls import reverse

from accounts import audit
from accounts.audit import Action
from accounts.models import AuditEntry
from onepoints.tests.factories import NOW, make_holder, make_reviewer

pytestmark = pytest.mark.usefixtures("program", "clock")
LIST, EXPORT = reverse("admin:accounts_auditentry_changelist"), reverse("admin:accounts_auditentry_export")
HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =HYPERLINK(1)", '"=1', "=1\n=2", "Ünï → “x”;,"]


@pytest.fixture
def manager(client):
    manager = make_reviewer("Mona Manager", "Programme managers", email="mona@example.com")
    client.force_login(manager)
    return manager


def page_of(entry):
    return reverse("admin:accounts_auditentry_change", args=[entry.pk])


def write(action=Action.CHANGED, **said):
    return audit.record(action, **{"subject": "policy 2026-01-01", "by": None, "at": NOW, **said})


def listed(client, **asked):
    return {entry.subject for entry in client.get(LIST, asked).context["cl"].result_list}


def exported(client, **asked):
    """The rows of the file but its head, as a spreadsheet reads them."""
    response = client.get(EXPORT, asked)
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    head, *rows = csv.reader(StringIO(text, newline=""))
    assert head == ["at", "by_text", "action", "subject", "details", "address", "agent", "request_id"]
    return rows


# --- looking ----------------------------------------------------------------------------------------------------------


def test_a_manager_sees_who_did_what_to_which_record_when_and_from_where(client, manager):
    ada = make_holder("Ada Holder", email="ada@example.com")
    entry = write(by=ada, details={"points": [40, 38], "note": [None, "Less"]})
    for address in (LIST, page_of(entry)):
        page = client.get(address).content.decode()
        assert "Ada Holder &lt;ada@example.com&gt;" in page
        assert "note: – → Less; points: 40 → 38" in page
        assert f'<a href="{LIST}?q=policy+2026-01-01">policy 2026-01-01</a>' in page
        assert "24 November 2026" in page


def test_what_people_typed_stays_text_on_the_page(client, manager):
    write(by=make_holder("<script>alert(1)</script>"), details={"<b>": "<i>"}, subject="<u>")
    page = client.get(LIST).content.decode()
    for tag in ("<script>alert", "<b>", "<i>", "<u>"):
        assert tag not in page


def test_an_action_of_an_earlier_release_is_still_shown(client, manager):
    AuditEntry.objects.create(at=NOW, action="teleported", subject="SUB-00001")
    assert "teleported" in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("asked", "subjects"),
    [
        ({}, {"activity 1", "activity 10", "SUB-00001"}),
        ({"q": "activity 1"}, {"activity 1"}),
        ({"q": "activity"}, {"activity 1", "activity 10"}),
        ({"what": "taken"}, {"SUB-00001"}),
        ({"person": "ADA"}, {"activity 1"}),
        ({"person": "ada@example.com"}, {"activity 1"}),
        ({"first": "2026-11-24"}, {"activity 1", "SUB-00001"}),
        ({"last": "2026-11-23"}, {"activity 10"}),
        ({"first": "2026-11-24", "last": "2026-11-24", "what": "changed"}, {"activity 1"}),
        ({"first": "someday"}, set()),
        ({"what": "unheard-of"}, set()),
    ],
)
def test_the_list_and_its_export_are_narrowed_alike(client, manager, asked, subjects):
    write(subject="activity 1", by=make_holder("Ada Holder", email="ada@example.com"))
    write(subject="activity 10", at=NOW - timedelta(days=1))
    write(subject="SUB-00001", action=Action.TAKEN, at=NOW + timedelta(hours=1))
    assert listed(client, **asked) == subjects
    found = {row[3] for row in exported(client, **asked)}
    assert found - {"audit trail"} == subjects


def test_a_day_is_the_readers_own(client, manager):
    type(manager).objects.filter(pk=manager.pk).update(time_zone="Pacific/Auckland")
    write(at=NOW)  # the 25th already, there
    assert listed(client, first="2026-11-25") == {"policy 2026-01-01"}
    assert listed(client, last="2026-11-24") == set()


def test_all_that_one_click_did_is_found_by_its_number(client, manager):
    AuditEntry.objects.create(at=NOW, action="taken", subject="SUB-00001", request_id="abc")
    write()
    assert listed(client, q="abc") == {"SUB-00001"}


def test_the_form_keeps_what_else_was_asked(client, manager):
    page = client.get(LIST, {"q": "policy", "person": "Ada", "p": "0"}).content.decode()
    assert '<input type="hidden" name="q" value="policy">' in page
    assert '<input type="text" name="person" value="Ada"' in page
    assert f'href="{EXPORT}?q=policy&amp;person=Ada&amp;p=0"' in page


def test_three_hundred_entries_take_as_many_queries_as_one(client, manager, django_assert_max_num_queries):
    write(by=manager)
    with django_assert_max_num_queries(20) as one:
        client.get(LIST)
    audit.record_each(Action.CHANGED, [(f"policy {n}", {}) for n in range(299)], by=manager, at=NOW)
    with django_assert_max_num_queries(20) as many:
        client.get(LIST)
    assert len(many) == len(one)
    with django_assert_max_num_queries(20) as export:
        assert len(exported(client)) == 301  # the export too is an entry
    assert len(export) <= len(one) + 1


# --- taking along -----------------------------------------------------------------------------------------------------


def test_an_export_is_written_down_with_what_it_was_narrowed_to(client, manager):
    write()
    exported(client, person="Ada")
    entry = AuditEntry.objects.get(action="exported")
    assert (entry.by, entry.subject, entry.details) == (manager, "audit trail", {"filter": "person=Ada"})
    assert entry.address == "127.0.0.1"


def test_the_exported_file_holds_each_entry_whole(client, manager):
    write(by=manager, details={"points": [40, 38]}, subject="policy 2026-01-01")
    _export, row = exported(client)
    assert row[:5] == [
        "2026-11-24T15:00:00+00:00",
        "Mona Manager <mona@example.com>",
        "changed",
        "policy 2026-01-01",
        '{"points": [40, 38]}',
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_the_export_is_a_formula_whatever_people_are_called(client, manager, text):
    AuditEntry.objects.create(at=NOW, by_text=text, action="taken", subject=text, agent=text, address=text[:45])
    rows = exported(client)
    assert len(rows) == 2
    for cell in rows[1]:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    assert rows[1][3].endswith(text)


def test_the_export_is_a_file_to_save_that_no_cache_keeps(client, manager):
    response = client.get(EXPORT)
    assert response.headers["Content-Disposition"] == 'attachment; filename="audit-trail.csv"'
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]
    assert response.streaming


def test_a_nonsensical_question_leads_back_to_the_list(client, manager):
    assert client.get(EXPORT, {"nonsense__gt": "1"}).headers["Location"] == LIST


# --- who --------------------------------------------------------------------------------------------------------------


def pages():
    return [LIST, EXPORT, page_of(AuditEntry.objects.earliest("pk"))]


def test_a_superuser_sees_it(client):
    write()
    client.force_login(make_holder(is_staff=True, is_superuser=True))
    assert {client.get(address).status_code for address in pages()} == {200}


def test_a_reviewer_does_not(client):
    write()
    client.force_login(make_reviewer())
    assert {client.get(address).status_code for address in pages()} == {403}


def test_a_holder_does_not(client):
    write()
    client.force_login(make_holder())
    for address in pages():
        response = client.get(address, follow=True)
        assert response.status_code == 403
        assert b"policy 2026" not in response.content
    assert not AuditEntry.objects.filter(action="exported").exists()


def test_a_stranger_is_led_to_the_sign_in(client):
    write()
    for address in pages():
        assert client.get(address, follow=True).redirect_chain[-1][0].startswith(reverse("account_login"))


@pytest.mark.parametrize("is_superuser", [True, False])
def test_nobody_changes_adds_or_deletes_an_entry_by_a_post(client, is_superuser):
    entry = write()
    client.force_login(make_reviewer("Mona", "Programme managers", is_superuser=is_superuser))
    before = list(AuditEntry.objects.values())
    form = {"subject": "other", "action": "taken", "post": "yes", "_selected_action": entry.pk, "index": "0"}
    add = reverse("admin:accounts_auditentry_add")
    delete = reverse("admin:accounts_auditentry_delete", args=[entry.pk])
    for address in (*pages(), add, delete):
        for action in ("taken", "delete_selected"):
            assert client.post(address, {**form, "action": action}).status_code in (200, 302, 403, 405)
    assert client.post(add, form).status_code == 403
    assert client.post(delete, form).status_code == 403
    assert list(AuditEntry.objects.values()) == before
