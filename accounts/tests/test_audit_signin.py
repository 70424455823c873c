"""What happens around signing in leaves one entry each: who, from where, and never a password or a code."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import AccountMail, AuditEntry, User
from accounts.tasks import deliver_account_mail
from accounts.tests.signing_in import LOGIN, browser_of, code_of, prove_again, set_up_app
from onepoints.tests.factories import NOW, PASSWORD, make_holder

pytestmark = pytest.mark.usefixtures("clock")
BROWSER = {"REMOTE_ADDR": "203.0.113.9", "HTTP_USER_AGENT": "Firefox"}
NEW = "a quite different staple"


@pytest.fixture
def firefox(person):
    """Signed in by password, from one address."""
    return browser_of(person, **BROWSER)


def written(action, by=None, subject=None):
    """The one entry of this kind, which says who and from where."""
    entry = AuditEntry.objects.get(action=action)
    assert (entry.by, entry.at, entry.address, entry.agent) == (by, NOW, "203.0.113.9", "Firefox")
    assert entry.subject == (subject or f"person {by.pk}")
    assert entry.request_id
    for secret in (PASSWORD, NEW):
        assert secret not in str(entry.details)
    return entry.details


def mailed_code():
    mail.outbox.clear()
    deliver_account_mail(ids=list(AccountMail.objects.filter(delivered_at=None).values_list("pk", flat=True)))
    return re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})$", mail.outbox[-1].body, re.MULTILINE)[1]


def test_signing_in_is_one_entry_and_says_what_was_shown(person, firefox):
    assert written("signed-in", person) == {"shown": ["password"]}
    assert AuditEntry.objects.count() == 1


def test_signing_out_is_one_entry(person, firefox):
    firefox.post(reverse("account_logout"))
    written("signed-out", person)
    assert AuditEntry.objects.count() == 2


@pytest.mark.parametrize("address", ["hanna@example.com", "nobody@example.com"])
def test_a_failed_sign_in_is_one_entry_known_address_or_not(person, address):
    Client(**BROWSER).post(LOGIN, {"login": address, "password": "wrong horse battery"})
    assert written("sign-in-failed", subject="sign-in") == {"email": address}
    assert AuditEntry.objects.count() == 1


def test_what_is_no_address_is_not_kept(person):
    """People type their password into the wrong field."""
    Client(**BROWSER).post(LOGIN, {"login": PASSWORD, "password": ""})
    assert not AuditEntry.objects.exists()


def test_a_wrong_password_when_asked_again_is_one_entry(person, firefox):
    firefox.post(reverse("account_reauthenticate"), {"password": "wrong horse battery"})
    assert written("sign-in-failed", subject="sign-in") == {"email": person.email}


def test_signing_up_confirming_and_a_wrong_code_are_one_entry_each(program):
    browser = Client(**BROWSER)
    browser.post(reverse("account_signup"), {"email": "nora@example.com", "name": "Nora New", "password1": PASSWORD})
    nora = User.objects.get()
    written("signed-up", nora)
    browser.post(reverse("account_email_verification_sent"), {"code": "AAA-AAA"})
    written("code-refused", nora)
    browser.post(reverse("account_email_verification_sent"), {"code": mailed_code()})
    assert written("email-confirmed", nora) == {"email": "nora@example.com"}
    written("signed-in", nora)
    assert AuditEntry.objects.count() == 4


def test_changing_the_password_is_one_entry(person, firefox):
    firefox.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert written("password-changed", person) == {}
    assert AuditEntry.objects.count() == 2


def test_a_forgotten_password_is_one_entry_when_the_new_one_is_set(person):
    browser = Client(**BROWSER)
    browser.post(reverse("account_reset_password"), {"email": person.email})
    page = browser.post(reverse("account_confirm_password_reset_code"), {"code": mailed_code()})
    browser.post(page.headers["Location"], {"password1": NEW, "password2": NEW})
    person.refresh_from_db()
    assert person.check_password(NEW)
    written("password-reset", person)


def test_an_added_a_confirmed_and_a_removed_address_are_one_entry_each(person, firefox):
    prove_again(firefox)
    firefox.post(reverse("account_email"), {"email": "second@example.com", "action_add": ""})
    firefox.post(reverse("account_email_verification_sent"), {"code": mailed_code()})
    assert written("email-added", person) == {"email": "second@example.com"}
    assert written("email-confirmed", person) == {"email": "second@example.com"}
    firefox.post(reverse("account_email"), {"email": "second@example.com", "action_primary": ""})
    assert written("email-changed", person) == {"email": ["hanna@example.com", "second@example.com"]}
    firefox.post(reverse("account_email"), {"email": "hanna@example.com", "action_remove": ""})
    assert written("email-removed", person) == {"email": "hanna@example.com"}


@pytest.mark.django_db(transaction=True)  # allauth tells of these once they are committed
def test_a_second_factor_set_up_renewed_and_taken_away_is_written_down(person, firefox):
    set_up_app(firefox)
    assert kinds("factor-added") == ["recovery_codes", "totp"]
    firefox.post(reverse("mfa_generate_recovery_codes"))
    assert kinds("factor-renewed") == ["recovery_codes"]
    firefox.post(reverse("mfa_deactivate_totp"))
    assert kinds("factor-removed") == ["recovery_codes", "totp"]
    assert set(AuditEntry.objects.values_list("subject", "address")) == {(f"person {person.pk}", "203.0.113.9")}


def kinds(action):
    return sorted(e.details["kind"] for e in AuditEntry.objects.filter(action=action))


def test_a_sign_in_with_an_app_says_so_and_a_wrong_code_is_one_entry(person, clock):
    secret = set_up_app(browser_of(person))
    clock.shift(60)
    browser = browser_of(person, **BROWSER)
    assert AuditEntry.objects.filter(action="signed-in").count() == 1
    browser.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert AuditEntry.objects.get(action="factor-refused").details == {"kind": "totp"}
    browser.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    signed_in = AuditEntry.objects.filter(action="signed-in").first()
    assert signed_in.details == {"shown": ["password", "totp"]}
    assert signed_in.address == "203.0.113.9"


def test_ending_the_other_browsers_is_one_entry(person, firefox):
    browser_of(person)
    firefox.post(reverse("sign_out_others"))
    assert written("signed-out-elsewhere", person) == {"browser": "all"}


def test_ending_one_other_browser_is_one_entry(person, firefox):
    other = browser_of(person, HTTP_USER_AGENT="Mozilla/5.0 (iPhone) Safari")
    row = next(r["session"] for r in firefox.get(reverse("browsers")).context["rows"] if not r["here"])
    firefox.post(reverse("sign_out_browser", args=[row.pk]))
    assert written("signed-out-elsewhere", person) == {"browser": "Safari iPhone"}
    assert "_auth_user_id" not in other.session


def test_a_factor_taken_away_by_the_team_is_one_entry_of_theirs(person, program):
    set_up_app(browser_of(person))
    root = make_holder("Root", is_staff=True, is_superuser=True)
    browser = Client(**BROWSER)
    browser.force_login(root)
    factor = person.authenticator_set.get(type="totp")
    browser.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})
    assert not person.authenticator_set.exists()
    written("deleted", root, subject=f"person {person.pk}")
