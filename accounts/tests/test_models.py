"""One mailbox, one person."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import User, check_time_zone

pytestmark = pytest.mark.django_db


def make(email="Ada@Example.COM", **fields):
    return User.objects.create_user(email, "a long password", **{"name": "Ada Lovelace", **fields})


def test_an_address_is_kept_in_lower_case_and_without_spaces():
    assert make("  Ada@Example.COM ").email == "ada@example.com"


def test_saving_keeps_it_so():
    person = make()
    person.email = " ADA@example.com"
    person.save()
    assert User.objects.get().email == "ada@example.com"


def test_one_mailbox_is_one_person_however_it_is_written():
    make("ada@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        make("ADA@EXAMPLE.COM")
    assert User.objects.count() == 1


def test_the_database_itself_knows_upper_and_lower_case():
    make("ada@example.com")
    make("bea@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(email="bea@example.com").update(email="ADA@example.com")


def test_a_second_account_is_refused_with_a_sentence():
    make("ada@example.com")
    with pytest.raises(ValidationError, match="already"):
        User(email="Ada@example.com", name="Ada").full_clean(exclude=["password"])


def test_signing_in_does_not_care_for_capitals():
    person = make()
    assert User.objects.get_by_natural_key(" ADA@Example.com") == person


@pytest.mark.parametrize("email", ["", "   ", None])
def test_nobody_is_made_without_an_address(email):
    with pytest.raises(ValueError, match="needs an e-mail address"):
        make(email)
    assert not User.objects.exists()


def test_a_person_without_a_password_cannot_sign_in_by_one():
    assert not User.objects.create_user("ada@example.com", name="Ada").has_usable_password()


def test_a_superuser_is_of_the_team():
    person = User.objects.create_superuser("root@example.com", "a long password", name="Root")
    assert person.is_staff
    assert person.is_superuser
    assert not make().is_staff


def test_a_person_is_called_by_name_and_else_by_address():
    assert (str(make()), make("b@example.com").get_short_name()) == ("Ada Lovelace", "Ada")
    nameless = User(email="c@example.com", name="")
    assert (str(nameless), nameless.get_full_name(), nameless.get_short_name()) == ("c@example.com",) * 3


@pytest.mark.parametrize("zone", ["America/Detroit", "Pacific/Auckland", "UTC"])
def test_known_time_zones(zone):
    check_time_zone(zone)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "america/detroit"])
def test_unknown_time_zones_are_refused(zone):
    with pytest.raises(ValidationError, match="not a known time zone"):
        check_time_zone(zone)
