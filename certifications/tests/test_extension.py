"""An expiry date moves on once, from the date that was seen, and is kept as history."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from accounts.rules import NotAllowed
from certifications.models import Credential, Extension
from onepoints.tests.factories import NOW, make_credential, make_holder, make_reviewer

pytestmark = pytest.mark.usefixtures("program")

DAY = date(2027, 5, 12)


@pytest.fixture
def credential(program):
    return make_credential(make_holder(), DAY)


def extend(credential, from_day=DAY, source="SUB-00001", months=24):
    return credential.extend(from_day=from_day, months=months, source=source, by=make_reviewer(), at=NOW)


def refused(*args, **named):
    with pytest.raises(NotAllowed) as caught, transaction.atomic():
        extend(*args, **named)
    return caught.value.sentence


def test_the_date_moves_on_and_the_move_is_kept(credential):
    extension = extend(credential)
    assert credential.expires_on == date(2029, 5, 12)
    assert Credential.objects.get().expires_on == date(2029, 5, 12)
    assert (extension.old_expires_on, extension.new_expires_on) == (DAY, date(2029, 5, 12))
    assert (extension.source, extension.granted_at, extension.confirmed_at) == ("SUB-00001", NOW, None)
    assert str(extension).endswith("2027-05-12 → 2029-05-12")


@pytest.mark.parametrize(
    ("day", "until"),
    [
        (date(2028, 2, 29), date(2030, 2, 28)),
        (date(2026, 2, 28), date(2028, 2, 28)),
        (date(2027, 8, 31), date(2029, 8, 31)),
        (date(2026, 12, 31), date(2028, 12, 31)),
    ],
)
def test_the_ends_of_months_stay_ends_where_the_calendar_has_them(day, until):
    assert extend(make_credential(make_holder(), day), day).new_expires_on == until


def test_an_extension_starts_at_the_old_date_also_after_it_has_passed(credential):
    assert credential.extend(
        from_day=DAY, months=24, source="SUB-1", by=make_reviewer(), at=NOW.replace(year=2027, month=8)
    ).new_expires_on == date(2029, 5, 12)


def test_a_date_that_has_changed_is_not_extended(credential):
    stale = Credential.objects.get()
    Credential.objects.update(expires_on=date(2028, 9, 1))
    assert "now 1 September 2028" in refused(stale)
    assert not Extension.objects.exists()
    assert Credential.objects.get().expires_on == date(2028, 9, 1)


def test_the_same_months_are_never_added_twice(credential):
    extend(credential)
    refused(Credential.objects.get(), source="SUB-00002")
    assert Credential.objects.get().expires_on == date(2029, 5, 12)


def test_a_date_set_back_by_hand_is_not_extended_again(credential):
    """The history would hold two moves from one date; the team corrects the date instead."""
    extend(credential)
    Credential.objects.update(expires_on=DAY)
    sentence = refused(Credential.objects.get(), source="SUB-00002")
    assert sentence.startswith("SUB-00001 has extended this certification from 12 May 2027 already.")
    assert Extension.objects.count() == 1


def test_a_second_extension_goes_on_from_the_first(credential):
    extend(credential)
    extend(credential, date(2029, 5, 12), "SUB-00002")
    assert Credential.objects.get().expires_on == date(2031, 5, 12)
    assert Extension.objects.count() == 2


def test_one_request_extends_once(credential):
    extend(credential)
    with pytest.raises(IntegrityError), transaction.atomic():
        extend(credential, date(2029, 5, 12), "SUB-00001")
    assert Credential.objects.get().expires_on == date(2029, 5, 12)


def test_another_credential_is_not_touched(credential):
    other = make_credential(credential.holder, DAY, code="OCP-LA")
    extend(credential)
    other.refresh_from_db()
    assert other.expires_on == DAY
