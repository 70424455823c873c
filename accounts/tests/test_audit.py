"""The audit trail itself: an entry says who, what, when and from where, and nobody changes it afterwards."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from accounts import audit, origin
from accounts.audit import Action
from accounts.models import AppendOnlyError, AuditEntry, User
from onepoints.tests.factories import NOW, make_holder
from submissions.models import Step

TABLE = AuditEntry._meta.db_table


@pytest.fixture
def entry(program):
    ada = make_holder("Ada Holder", email="ada@example.com")
    return audit.record(Action.CHANGED, subject="policy 2026-01-01", by=ada, at=NOW, details={"points": [40, 38]})


def stored():
    return AuditEntry.objects.values().get()


def raw(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


# --- what an entry says -----------------------------------------------------------------------------------------------


def test_an_entry_says_who_did_what_to_which_record_and_when(entry):
    kept = AuditEntry.objects.get()
    assert kept.by_text == "Ada Holder <ada@example.com>"
    assert (kept.by, kept.at) == (User.objects.get(), NOW)
    assert (kept.action, kept.subject, kept.details) == ("changed", "policy 2026-01-01", {"points": [40, 38]})


def test_outside_a_request_an_entry_comes_from_nowhere_and_nobody(program):
    audit.record(Action.LAPSED, subject="SUB-00001", by=None)
    assert [stored()[name] for name in ("by_id", "by_text", "address", "agent", "request_id")] == [None, "", "", "", ""]


def test_what_one_request_does_shares_its_number_address_and_browser(program):
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9", HTTP_USER_AGENT="Fire\x07fox\r\n 140 " + "x" * 300)
    with origin.of(request):
        first, second = (audit.record(Action.TAKEN, subject=f"SUB-{n}", by=None) for n in (1, 2))
    with origin.of(request):
        third = audit.record(Action.TAKEN, subject="SUB-3", by=None)
    assert first.address == "203.0.113.9"
    assert first.agent.startswith("Fire fox 140 xxx")
    assert len(first.agent) == 200
    assert first.request_id == second.request_id
    assert first.request_id != third.request_id
    assert origin.current() == origin.NOWHERE


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        (0, "198.51.100.1", "203.0.113.9"),
        (1, "198.51.100.66, 198.51.100.1", "198.51.100.1"),
        (1, "not an address", ""),
    ],
)
def test_of_forwarded_addresses_only_a_trusted_proxys_is_believed(settings, trusted, forwarded, address):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = trusted
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR=forwarded)
    assert origin.client_address(request) == address


def test_many_entries_are_written_at_once(program, django_assert_num_queries):
    with django_assert_num_queries(1):
        audit.record_each(Action.MOVED, [(f"credential {n}", {"n": n}) for n in range(50)], by=None, at=NOW)
    assert AuditEntry.objects.filter(at=NOW, action="moved").count() == 50


def test_a_word_that_is_no_action_is_refused(program):
    with pytest.raises(ValueError, match="fiddled"):
        audit.record("fiddled", subject="SUB-00001", by=None)


def test_every_step_of_a_request_is_an_action_of_the_trail():
    assert {move.value for move in Step.Move} <= set(Action.values)


def test_values_are_short_and_name_records(program):
    ada = make_holder()
    assert audit.plain(ada) == f"person {ada.pk}"
    assert audit.plain("x" * 1000) == "x" * 200
    assert audit.plain([ada]) == [f"person {ada.pk}"]
    assert audit.plain(Decimal("1.50")) == Decimal("1.50")


# --- append-only ------------------------------------------------------------------------------------------------------


def test_a_rolled_back_change_leaves_no_entry(program):
    with transaction.atomic():
        audit.record(Action.TAKEN, subject="SUB-00001", by=None)
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.save(),
        lambda entry: entry.delete(),
        lambda entry: AuditEntry(pk=entry.pk, at=NOW, action="taken", subject="x").save(),
        lambda entry: AuditEntry.objects.get().save(update_fields=["action"]),
        lambda entry: AuditEntry.objects.update(action="taken"),
        lambda entry: AuditEntry.objects.all().delete(),
        lambda entry: AuditEntry.objects.bulk_update([entry], ["action"]),
        lambda entry: AuditEntry.objects.update_or_create(pk=entry.pk, defaults={"action": "taken"}),
        lambda entry: AuditEntry.objects.bulk_create(
            [entry], update_conflicts=True, unique_fields=["id"], update_fields=["action"]
        ),
        lambda entry: AuditEntry._base_manager.update(action="taken"),
        lambda entry: AuditEntry._base_manager.all().delete(),
    ],
)
def test_the_orm_changes_and_deletes_nothing(entry, change):
    before = stored()
    entry.action = "taken"
    with pytest.raises((AppendOnlyError, DatabaseError)), transaction.atomic():
        change(entry)
    assert stored() == before


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET action = 'taken'",
        f"UPDATE {TABLE} SET subject = 'other'",
        f"UPDATE {TABLE} SET at = '2020-01-01 00:00:00+00:00'",
        f"UPDATE {TABLE} SET details = '{{}}'",
        f"UPDATE {TABLE} SET address = '192.0.2.1'",
        f"UPDATE {TABLE} SET agent = 'other'",
        f"UPDATE {TABLE} SET request_id = 'other'",
        f"UPDATE {TABLE} SET id = id + 1000",
        f"UPDATE {TABLE} SET by_text = ''",
        f"UPDATE {TABLE} SET by_id = NULL, by_text = 'Somebody Else'",
        f"UPDATE {TABLE} SET by_id = NULL, by_text = '', subject = 'other'",
        f"DELETE FROM {TABLE}",
    ],
)
def test_the_database_changes_and_deletes_nothing_either(entry, statement):
    before = stored()
    with pytest.raises(DatabaseError, match="append-only"):
        raw(statement)
    assert stored() == before


def test_an_entry_is_not_given_to_another_person(entry):
    other = make_holder()
    with pytest.raises(DatabaseError, match="append-only"):
        raw(f"UPDATE {TABLE} SET by_id = %s", other.pk)


def test_an_entry_is_not_replaced_by_one_of_the_same_number(entry):
    kept = "id, at, by_text, subject, details, address, agent, request_id"
    into = f"{TABLE} ({kept}, action) SELECT {kept}, 'taken' FROM {TABLE}"
    replaced = {
        "sqlite": f"INSERT OR REPLACE INTO {into}",
        "postgresql": f"INSERT INTO {into} ON CONFLICT (id) DO UPDATE SET action = 'taken'",
    }
    with pytest.raises(DatabaseError, match="append-only"):
        raw(replaced[connection.vendor])
    assert stored()["action"] == "changed"


def test_an_erased_person_leaves_their_entries_without_themselves(entry):
    before = stored()
    User.objects.all().delete()
    assert stored() == {**before, "by_id": None}
    assert raw(f"UPDATE {TABLE} SET by_text = ''") == 1
    assert stored() == {**before, "by_id": None, "by_text": ""}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_an_emptied_test_database_begins_without_entries_and_with_its_guards(turn):
    assert not AuditEntry.objects.exists()
    audit.record(Action.TAKEN, subject=f"SUB-{turn}", by=None)
    with pytest.raises(DatabaseError, match="append-only"):
        raw(f"DELETE FROM {TABLE}")


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_record_is_found_by_its_whole_name_or_all_of_its_kind(program):
    for subject in ("activity 17", "activity 170", "SUB-00017"):
        audit.record(Action.CHANGED, subject=subject, by=None)
    found = {text: AuditEntry.objects.about(text).count() for text in ("activity 17", "Activity", "sub-00017", "act")}
    assert found == {"activity 17": 1, "Activity": 2, "sub-00017": 1, "act": 0}


def test_entries_are_found_between_two_moments_the_latest_first(program):
    for hours in (0, 1, 2):
        audit.record(Action.CHANGED, subject=f"policy {hours}", by=None, at=NOW + timedelta(hours=hours))
    late = AuditEntry.objects.between(NOW + timedelta(hours=1), None)
    assert [e.subject for e in late] == ["policy 2", "policy 1"]
    assert [e.subject for e in AuditEntry.objects.between(None, NOW + timedelta(hours=1))] == ["policy 0"]
