"""What every page of signing in carries, the words on it, and which settings a production may not start with."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings as portal
from django.urls import reverse

from accounts.models import AccountMail
from accounts.tests.signing_in import LOGIN, browser_of, code_of, is_signed_in, prove_again, set_up_app
from onepoints.tests.factories import PASSWORD

OPEN = [
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_password_reset_completed",
    "account_inactive",
]
SIGNED_IN = [
    "security",
    "browsers",
    "preferences",
    "account_email",
    "account_change_password",
    "account_reauthenticate",
    "account_logout",
    "mfa_index",
    "mfa_list_webauthn",
]
PROVED = ["mfa_activate_totp", "mfa_add_webauthn"]
WITH_APP = ["mfa_reauthenticate", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"]
# allauth's and Django's own words for what the portal says otherwise.
NOT_OURS = re.compile(
    r"\bEmail\b|Remember Me|Two-Factor|Authenticator|Recovery Codes|Security Key|Alternative options|specified are not"
    r"|Incorrect|Sign In\b|Sign Up\b|Current Password|again\)|placeholder=|IP Address|Master key"
)


def check(response, *, signed_in):
    source = response.content.decode()
    assert response.status_code == 200
    assert response["Content-Security-Policy"] == portal.CONTENT_SECURITY_POLICY
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert not signed_in or "no-store" in response["Cache-Control"]
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=|<style|javascript:", source)
    scripts = re.findall(r"<script[^>]*>", source)
    assert all('src="/static/' in tag or 'type="application/json"' in tag for tag in scripts)
    assert len(re.findall(r"<h1\b", source)) == 1
    assert re.search(r"<title>[^<]*\S[^<]* · OnePoints</title>", source)
    assert not NOT_OURS.findall(source)


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("name", OPEN)
def test_a_page_before_signing_in_is_strict_and_ours(client, name):
    check(client.get(reverse(name)), signed_in=False)


@pytest.mark.parametrize("name", SIGNED_IN)
def test_a_page_of_ones_own_security_is_strict_and_ours(person, name):
    check(browser_of(person).get(reverse(name)), signed_in=True)


@pytest.mark.parametrize("name", PROVED)
def test_a_page_that_sets_up_a_second_factor_is_strict_and_ours(person, name):
    browser = browser_of(person)
    prove_again(browser)
    check(browser.get(reverse(name)), signed_in=True)


@pytest.mark.parametrize("name", ["security", "mfa_index", *WITH_APP])
def test_a_page_about_a_second_factor_is_strict_and_ours(person, name):
    browser = browser_of(person)
    set_up_app(browser)
    check(browser.get(reverse(name)), signed_in=True)


def make_passkey(person, name="Laptop"):
    credential = {"clientExtensionResults": {"credProps": {"rk": True}}}
    data = {"name": name, "credential": credential}
    return Authenticator.objects.create(user=person, type="webauthn", data=data)


@pytest.mark.parametrize("name", ["mfa_edit_webauthn", "mfa_remove_webauthn"])
def test_a_page_about_one_passkey_is_strict_and_ours_and_nobody_elses(person, name):
    browser = browser_of(person)
    prove_again(browser)
    passkey = make_passkey(person)
    check(browser.get(reverse(name, args=[passkey.pk])), signed_in=True)
    check(browser.get(reverse("mfa_list_webauthn")), signed_in=True)
    foreign = make_passkey(type(person).objects.create_user("stranger@example.com", PASSWORD, name="S"))
    for method in (browser.get, browser.post):
        assert method(reverse(name, args=[foreign.pk])).status_code == 404
    assert Authenticator.objects.filter(pk=foreign.pk).exists()


def test_the_second_half_of_signing_in_is_strict_and_stays_in_no_cache(person, client):
    set_up_app(browser_of(person))
    client.post(LOGIN, {"login": person.email, "password": PASSWORD})
    check(client.get(reverse("mfa_authenticate")), signed_in=True)


@pytest.mark.django_db
def test_the_pages_that_wait_for_a_code_are_strict_and_ours(client, person):
    client.post(reverse("account_reset_password"), {"email": person.email})
    check(client.get(reverse("account_confirm_password_reset_code")), signed_in=False)
    client.post(reverse("account_signup"), {"email": "new@example.com", "name": "N", "password1": PASSWORD})
    check(client.get(reverse("account_email_verification_sent")), signed_in=False)


def test_forms_with_errors_speak_our_words_too(person, client):
    wrong = [
        (LOGIN, {"login": person.email, "password": "x"}),
        (LOGIN, {"login": "", "password": ""}),
        (reverse("account_signup"), {"email": "x", "name": "", "password1": "x"}),
        (reverse("account_reset_password"), {"email": "x"}),
    ]
    for address, entry in wrong:
        check(client.post(address, entry), signed_in=False)
    browser = browser_of(person)
    own = [
        ("account_change_password", {"oldpassword": "x", "password1": "y", "password2": "z"}),
        ("account_reauthenticate", {"password": "x"}),
        ("account_email", {"action_add": "", "email": person.email}),
    ]
    for name, entry in own:
        check(browser.post(reverse(name), entry), signed_in=True)


@pytest.mark.django_db
def test_the_sign_in_page_offers_a_passkey_and_no_stay_signed_in(client):
    source = client.get(LOGIN).content.decode()
    assert re.search(r'<label\s+for="id_login"[^>]*>\s*E-mail address', source)
    assert "remember" not in source
    assert "Sign in with a passkey" in source
    assert f'action="{reverse("mfa_login_webauthn")}"' in source


# --- before the address changes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["action_add", "action_remove", "action_primary"])
def test_addresses_change_only_after_proving_oneself_again(person, action):
    second = EmailAddress.objects.create(user=person, email="second@example.com", verified=True)
    browser = browser_of(person)
    email = "third@example.com" if action == "action_add" else second.email
    response = browser.post(reverse("account_email"), {action: "", "email": email})
    assert response["Location"].startswith(reverse("account_reauthenticate"))
    browser.post(response["Location"], {"password": "nonsense nonsense"})
    second.refresh_from_db()
    assert not second.primary
    assert not AccountMail.objects.exists()
    browser.post(response["Location"], {"password": PASSWORD})  # and what was asked for happens
    happened = {
        "action_add": AccountMail.objects.filter(to="third@example.com").exists(),
        "action_remove": not EmailAddress.objects.filter(pk=second.pk).exists(),
        "action_primary": EmailAddress.objects.filter(pk=second.pk, primary=True).exists(),
    }
    assert happened[action]


def test_with_a_second_factor_the_password_alone_changes_no_address(person, clock):
    browser = browser_of(person)
    secret = set_up_app(browser)
    clock.shift(600)
    response = browser.post(reverse("account_email"), {"action_add": "", "email": "third@example.com"})
    assert response["Location"].startswith(reverse("mfa_reauthenticate"))
    browser.post(response["Location"], {"code": code_of(secret)})
    assert AccountMail.objects.filter(to="third@example.com").exists()


def test_the_person_hears_of_a_new_password_and_a_new_address(person):
    second = EmailAddress.objects.create(user=person, email="second@example.com", verified=True)
    browser = browser_of(person)
    new = "a quite different staple"
    browser.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert AccountMail.objects.filter(to=person.email, subject="Your password was changed").exists()
    browser.post(reverse("account_reauthenticate"), {"password": new})
    browser.post(reverse("account_email"), {"action_primary": "", "email": second.email})
    assert AccountMail.objects.filter(to="hanna@example.com", text__contains="second@example.com").exists()


@pytest.mark.parametrize(
    "next_page",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "https:evil.com"],
)
def test_no_step_of_signing_in_leads_to_a_foreign_page(person, next_page):
    browser = browser_of(person)
    for name, entry in [
        ("account_reauthenticate", {"password": PASSWORD}),
        ("account_logout", {}),
        ("account_login", {"login": person.email, "password": PASSWORD}),
    ]:
        response = browser.post(reverse(name) + "?next=https://evil.example/", {**entry, "next": next_page})
        assert response.status_code == 302
        assert "evil" not in response["Location"]
        assert "javascript" not in response["Location"]
    assert is_signed_in(browser)


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_the_door_of_the_team_leads_to_no_foreign_page(person, next_page, client):
    to_sign_in = client.get(reverse("admin:login"), {"next": next_page})["Location"]
    response = client.post(to_sign_in, {"login": person.email, "password": PASSWORD})
    assert response["Location"] == reverse("home")


# --- production -------------------------------------------------------------------------------------------------------


def start(tmp_path, **changes):
    """What Django says to these settings."""
    production = {
        "ONEPOINTS_MODE": "production",
        "ONEPOINTS_VAR": str(tmp_path),
        "ONEPOINTS_URL": "https://points.example.org",
        "ALLOWED_HOSTS": "points.example.org",
        "SECRET_KEY": "kQ3-x8Zt_pL5vW9sN2mB7cJ4hG6fD1aY0rT-uEiOqXwKzRvHyM",
        "DATABASE_URL": "postgres://points:secret@database.example.org/points",
        "REDIS_URL": "redis://broker.example.org/0",
        "EMAIL_URL": "smtp+tls://points:secret@mail.example.org:587",
    }
    code = "from django.conf import settings as s; print(s.REQUIRE_SECOND_FACTOR, s.SESSION_COOKIE_NAME)"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=portal.BASE_DIR,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "onepoints.settings", **production, **changes},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_production_requires_the_second_factor_unless_told_otherwise(tmp_path):
    assert start(tmp_path).stdout.split() == ["True", "__Host-session"]
    assert start(tmp_path, REQUIRE_SECOND_FACTOR="false").stdout.split() == ["False", "__Host-session"]
    assert start(tmp_path, ONEPOINTS_MODE="local").stdout.split() == ["False", "sessionid"]


@pytest.mark.parametrize("key", ["short", "x" * 49, "x" * 60, "ababababab" * 6, "1234567" * 9])
def test_production_refuses_a_key_that_can_be_guessed(tmp_path, key):
    result = start(tmp_path, SECRET_KEY=key)
    assert result.returncode != 0
    assert "SECRET_KEY is too easy to guess" in result.stderr
    assert key not in result.stderr.splitlines()[-1]


def test_readme_names_every_setting_of_signing_in():
    readme = Path(portal.BASE_DIR, "README.md").read_text()
    for name in ("REQUIRE_SECOND_FACTOR", "SECRET_KEY_FALLBACKS", "TRUSTED_PROXIES", "take_second_factor_away"):
        assert f"`{name}" in readme or f" {name}" in readme
