"""Signing in as people do in a browser: password and app, a real passkey, no JavaScript; and no barrier on the way."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import expect

from accounts.tests.signing_in import browser_of, code_of, prove_address
from onepoints.tests.browser.test_pages_axe import SCREENS, barriers
from onepoints.tests.factories import PASSWORD, load_defaults, make_holder, make_reviewer

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = ["account_login", "account_signup", "account_reset_password"]
OWN = [
    "security",
    "browsers",
    "preferences",
    "account_email",
    "account_change_password",
    "mfa_index",
    "mfa_list_webauthn",
]
PROTECTED = ["mfa_add_webauthn", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_deactivate_totp"]


@pytest.fixture(autouse=True)
def _time_to_type(settings):
    """The half minute may end between reading a code and typing it; that this is refused is proved elsewhere."""
    settings.MFA_TOTP_TOLERANCE = 1


@pytest.fixture
def person():
    load_defaults()
    return prove_address(make_holder("Hanna Holder", email="hanna@example.com"))


@pytest.fixture
def open_page(browser, live_server):
    """A fresh browser window; what its console complains about is collected."""

    def opened(width=1280, scheme="light", **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=live_server.url, **options
        )
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page

    return opened


@pytest.fixture
def device():
    """Give a window a device that keeps passkeys and knows its person's finger."""

    def attached(page, **options):
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        kind = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        added = session.send("WebAuthn.addVirtualAuthenticator", {"options": {**kind, **options}})
        session.authenticator = added["authenticatorId"]
        return session

    return attached


def sign_in(page, person):
    page.goto(reverse("account_login"))
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def prove(page):
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def sign_out(page):
    page.locator("summary", has_text="Your account:").click()
    page.get_by_role("button", name="Sign out").click()


def enter_code(page, secret, button):
    page.get_by_label(re.compile("Code|six digits")).fill(code_of(secret))
    page.get_by_role("button", name=button, exact=True).click()


def set_up_app(page):
    page.goto(reverse("mfa_activate_totp"))
    prove(page)
    secret = page.locator("code").inner_text()
    enter_code(page, secret, "Turn it on")
    return secret


def add_passkey(page, name="Laptop"):
    page.goto(reverse("mfa_add_webauthn"))
    if page.get_by_role("button", name="Go on").count():
        prove(page)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add the passkey").click()


def forget_used_codes():
    """As if half a minute had passed: a code opens once."""
    cache.clear()


# --- the ways in ------------------------------------------------------------------------------------------------------


def test_an_app_is_set_up_and_asked_for(open_page, person):
    page = open_page()
    sign_in(page, person)
    page.locator("summary", has_text="Your account:").click()
    page.get_by_role("link", name="Sign-in and security").click()
    page.get_by_role("link", name="Second factor").click()
    page.get_by_role("link", name="Set up an app").click()
    prove(page)
    picture = page.get_by_alt_text("A QR code that holds the key below")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    secret = page.locator("code").inner_text()
    enter_code(page, secret, "Turn it on")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert page.locator("main li code").count() == 10
    recovery = page.locator("main li code").first.inner_text()

    sign_out(page)
    sign_in(page, person)
    expect(page.get_by_role("heading", name="Your second factor")).to_be_visible()
    assert barriers(page) == []
    page.get_by_label("Code").fill("123")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("That did not fit.")).to_be_visible()
    assert barriers(page) == []
    forget_used_codes()
    enter_code(page, secret, "Sign in")
    expect(page.get_by_text("Hanna Holder")).to_be_visible()

    sign_out(page)
    sign_in(page, person)
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("Hanna Holder")).to_be_visible()
    assert page.complaints == []


def test_a_passkey_is_added_and_signs_in_without_a_password(open_page, person, device):
    page = open_page()
    device(page)
    sign_in(page, person)
    add_passkey(page)
    expect(page.get_by_text("The passkey is added.")).to_be_visible()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto(reverse("mfa_list_webauthn"))
    expect(page.get_by_text("Signs you in without a password")).to_be_visible()
    assert barriers(page) == []

    sign_out(page)
    page.goto(reverse("preferences"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Preferences")).to_be_visible()
    assert Authenticator.objects.get(type="webauthn").last_used_at
    assert page.complaints == []


def test_a_passkey_is_the_second_half_after_the_password(open_page, person, device):
    page = open_page()
    device(page)
    sign_in(page, person)
    add_passkey(page)
    page.get_by_role("heading", name="Recovery codes").wait_for()
    sign_out(page)
    sign_in(page, person)
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_text("Hanna Holder")).to_be_visible()
    assert page.complaints == []


def test_a_device_that_did_not_see_its_person_signs_nobody_in(open_page, person, device):
    page = open_page()
    session = device(page)
    sign_in(page, person)
    add_passkey(page)
    page.get_by_role("heading", name="Recovery codes").wait_for()
    sign_out(page)
    session.send("WebAuthn.setUserVerified", {"authenticatorId": session.authenticator, "isUserVerified": False})
    page.goto(reverse("account_login"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The passkey was not used. Nothing has changed")
    assert barriers(page) == []
    page.goto(reverse("preferences"))
    expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def test_a_passkey_is_renamed_and_taken_away(open_page, person, device):
    page = open_page()
    device(page)
    sign_in(page, person)
    add_passkey(page)
    page.get_by_role("heading", name="Recovery codes").wait_for()
    page.goto(reverse("mfa_list_webauthn"))
    page.get_by_role("link", name="Rename").click()
    if page.get_by_role("button", name="Use your passkey").count():
        page.get_by_role("button", name="Use your passkey").click()
    page.get_by_label("Name").fill("Work laptop")
    assert barriers(page) == []
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Take away Work laptop").click()
    assert barriers(page) == []
    page.get_by_role("button", name="Take it away").click()
    expect(page.get_by_role("heading", name="No passkey yet")).to_be_visible()
    assert not Authenticator.objects.exists()
    assert page.complaints == []


def test_the_team_sets_up_a_passkey_and_enters(open_page, device, settings):
    settings.REQUIRE_SECOND_FACTOR = True
    load_defaults()
    reviewer = prove_address(make_reviewer("Rita Reviewer", email="rita@example.com"))
    page = open_page()
    device(page)
    sign_in(page, reviewer)
    page.get_by_role("link", name="Team").click()
    expect(page.get_by_text("they open with a second factor only")).to_be_visible()
    assert barriers(page) == []
    page.get_by_role("link", name="Add a passkey").click()
    prove(page)
    page.get_by_role("button", name="Add the passkey").click()
    page.get_by_role("link", name="Team").click()
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    assert barriers(page) == []
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_role("heading", name="What the certification team works on")).to_be_visible()

    fresh = open_page()
    sign_in(fresh, reviewer)
    expect(fresh.get_by_role("heading", name="Your second factor")).to_be_visible()
    fresh.goto(reverse("admin:index"))
    expect(fresh.get_by_role("heading", name="Your second factor")).to_be_visible()
    assert page.complaints == []


def test_without_javascript_the_app_protects_all_the_same(open_page, person):
    page = open_page(java_script_enabled=False)
    sign_in(page, person)
    secret = set_up_app(page)
    sign_out_plainly(page)
    page.goto(reverse("account_login"))
    expect(page.get_by_text("This browser cannot use passkeys")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    sign_in(page, person)
    forget_used_codes()
    enter_code(page, secret, "Sign in")
    page.goto(reverse("preferences"))
    expect(page.get_by_role("heading", name="Preferences")).to_be_visible()


def sign_out_plainly(page):
    page.goto(reverse("account_logout"))
    page.get_by_role("main").get_by_role("button", name="Sign out").click()


def test_another_browser_is_signed_out_from_here(open_page, person):
    here, there = open_page(), open_page()
    sign_in(there, person)
    sign_in(here, person)
    here.goto(reverse("security"))
    expect(here.get_by_text("In 2 browsers.")).to_be_visible()
    here.get_by_role("link", name="See them, or sign out elsewhere").click()
    here.get_by_role("button", name="Sign out everywhere else").click()
    expect(here.get_by_text("You are signed out everywhere else.")).to_be_visible()
    there.goto(reverse("preferences"))
    expect(there.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


# --- no barrier -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "scheme"), [*SCREENS, (320, "light")])
def test_no_page_of_signing_in_has_a_barrier(open_page, person, device, width, scheme):
    page = open_page(width, scheme)
    device(page)
    for name in BEFORE:
        check(page, reverse(name))
    browser_of(person, HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Firefox/132.0")
    sign_in(page, person)
    check(page, reverse("mfa_index"))
    check(page, reverse("mfa_list_webauthn"))
    check(page, reverse("account_reauthenticate"))
    check(page, reverse("mfa_activate_totp"))
    prove(page)
    check(page)
    enter_code(page, page.locator("code").inner_text(), "Turn it on")
    add_passkey(page)
    page.get_by_text("The passkey is added.").wait_for()
    for name in [*OWN, *PROTECTED, "mfa_reauthenticate", "mfa_reauthenticate_webauthn"]:
        check(page, reverse(name))
    assert page.complaints == []


def check(page, address=None):
    if address:
        assert page.goto(address).status == 200
    assert barriers(page) == [], page.url
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), page.url
    small = page.locator("main a.btn, main button:visible, main .form-control").evaluate_all(
        "all => all.filter(e => e.offsetParent && e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"
    )
    assert small == [], page.url
