"""Titles and holders."""

from datetime import date

import pytest
from django.db.models import ProtectedError

from certifications.models import Certification, Credential
from onepoints.tests.factories import make_credential, make_holder

pytestmark = pytest.mark.usefixtures("program")


def test_a_certification_is_named_in_full():
    titles = {c.code: str(c) for c in Certification.objects.all()}
    assert titles == {
        "OCA-ADM": "OCA Administration R2",
        "OCA-IMP": "OCA Implementation Foundations",
        "OCP-LA": "OCP Lead Architect R1",
    }


def test_a_credential_is_named_by_title_and_candidate():
    assert str(make_credential(make_holder(), candidate_id="OS00001")) == "OCA Administration R2 (OS00001)"


@pytest.mark.parametrize(
    ("day", "active"), [(date(2027, 5, 11), True), (date(2027, 5, 12), True), (date(2027, 5, 13), False)]
)
def test_a_credential_is_active_through_its_expiry_date(day, active):
    assert Credential(expires_on=date(2027, 5, 12)).is_active(day) is active


def test_only_ones_own_credentials_are_found():
    holder = make_holder()
    mine = make_credential(holder)
    make_credential(make_holder())
    unclaimed = make_credential(None)
    assert list(Credential.objects.of(holder)) == [mine]
    assert list(Credential.objects.unclaimed()) == [unclaimed]


def test_credentials_come_soonest_ending_first():
    holder = make_holder()
    late, soon = make_credential(holder, date(2028, 1, 1)), make_credential(holder, date(2027, 1, 1), "OCP-LA")
    assert list(Credential.objects.of(holder)) == [soon, late]


def test_neither_person_nor_title_disappears_from_under_a_credential():
    credential = make_credential(make_holder())
    for row in (credential.holder, credential.certification):
        with pytest.raises(ProtectedError):
            row.delete()


def test_an_older_release_stays_as_long_as_its_successor_is_named():
    old, new = Certification.objects.get(code="OCA-ADM"), Certification.objects.get(code="OCP-LA")
    old.replaced_by = new
    old.save()
    with pytest.raises(ProtectedError):
        new.delete()
