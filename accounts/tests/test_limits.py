"""Guessing ends soon, says when to go on, and gains nothing by forged addresses; and no answer tells who is here."""

import re

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AccountMail
from accounts.tests.signing_in import LOGIN, browser_of, is_signed_in, prove_address, set_up_app
from onepoints.tests.factories import PASSWORD, make_holder

pytestmark = pytest.mark.usefixtures("clock", "person")
SIGNUP, RESET = reverse("account_signup"), reverse("account_reset_password")
CODE, RESET_CODE = reverse("account_email_verification_sent"), reverse("account_confirm_password_reset_code")
KNOWN, UNKNOWN = "hanna@example.com", "nobody@example.com"
WRONG = "nonsense nonsense"
PAUSE = "Wait five minutes, then try again."


def sign_in(browser, email=KNOWN, password=PASSWORD, **headers):
    return browser.post(LOGIN, {"login": email, "password": password}, **headers)


def said(response):
    return response.content.decode()


# --- limits -----------------------------------------------------------------------------------------------------------


def test_the_counts_stand_in_the_database_where_every_process_sees_them(client):
    sign_in(client, password=WRONG)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cache WHERE cache_key LIKE '%%login_failed%%'")
        assert cursor.fetchone()[0] == 2  # by address of the visitor and by account


def test_after_five_wrong_passwords_the_right_one_waits_five_minutes(client, clock):
    for _ in range(5):
        assert PAUSE not in said(sign_in(client, password=WRONG))
    assert PAUSE in said(sign_in(Client()))
    clock.shift(299)
    assert PAUSE in said(sign_in(Client()))
    clock.shift(2)
    browser = Client()
    sign_in(browser)
    assert is_signed_in(browser)


def test_the_limit_of_one_account_leaves_others_alone(client):
    prove_address(make_holder(email="other@example.com"))
    for _ in range(6):
        sign_in(client, password=WRONG)
    browser = Client()
    sign_in(browser, "other@example.com")
    assert is_signed_in(browser)


def test_spelling_the_address_otherwise_gives_no_further_tries(client):
    for email in (KNOWN, KNOWN.upper(), f" {KNOWN} ", "Hanna@Example.com", "hANNA@example.com"):
        sign_in(client, email, WRONG)
    assert PAUSE in said(sign_in(client))


def test_one_visitor_tries_ten_accounts_a_minute(client, clock):
    for number in range(10):
        assert PAUSE not in said(sign_in(client, f"somebody{number}@example.com", WRONG))
    assert PAUSE in said(sign_in(client))
    clock.shift(61)
    sign_in(client)
    assert is_signed_in(client)


def test_fifty_forged_addresses_are_one_visitor(client):
    for number in range(50):
        sign_in(client, f"somebody{number}@example.com", WRONG, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    headers = {
        "HTTP_X_FORWARDED_FOR": "203.0.113.1",
        "HTTP_X_REAL_IP": "203.0.113.1",
        "HTTP_FORWARDED": "for=203.0.113.1",
    }
    response = sign_in(Client(), **headers)
    assert response.status_code == 429 or PAUSE in said(response)


def test_behind_one_proxy_the_address_it_saw_counts_and_what_the_visitor_wrote_does_not(client, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(10):
        sign_in(client, f"somebody{number}@example.com", WRONG, HTTP_X_FORWARDED_FOR=f"203.0.113.{number}, 192.0.2.1")
    assert PAUSE in said(sign_in(Client(), HTTP_X_FORWARDED_FOR="203.0.113.77, 192.0.2.1"))
    browser = Client()
    sign_in(browser, HTTP_X_FORWARDED_FOR="203.0.113.77, 192.0.2.2")
    assert is_signed_in(browser)


def test_neighbours_in_one_ipv6_network_are_one_visitor(client):
    for number in range(10):
        sign_in(client, f"somebody{number}@example.com", WRONG, REMOTE_ADDR=f"2001:db8::{number}")
    assert PAUSE in said(sign_in(Client(), REMOTE_ADDR="2001:db8::ffff"))
    browser = Client()
    sign_in(browser, REMOTE_ADDR="2001:db8:0:1::1")
    assert is_signed_in(browser)


def test_a_flood_of_names_does_not_push_the_count_of_one_account_out(client):
    for _ in range(5):
        sign_in(client, password=WRONG)
    for number in range(1000):
        cache.set(f"flood-{number}", number)
    assert PAUSE in said(sign_in(Client(REMOTE_ADDR="192.0.2.55")))


def flooded(browser, address, entries):
    """The answer to the last of many posts."""
    responses = [browser.post(address, entry) for entry in entries]
    return responses[-1]


FLOODS = {
    "sign-in": (LOGIN, [{"login": UNKNOWN, "password": ""}] * 31),
    "sign-up": (SIGNUP, [{"email": "nobody", "name": "", "password1": ""}] * 21),
    "reset, one address": (RESET, [{"email": KNOWN}] * 4),
    "reset, unknown address": (RESET, [{"email": UNKNOWN}] * 4),
    "reset, many addresses": (RESET, [{"email": f"a{n}@example.com"} for n in range(21)]),
    "passkeys": (reverse("mfa_login_webauthn"), [{"credential": "{}"}] * 11),
}


@pytest.mark.parametrize(("address", "entries"), FLOODS.values(), ids=FLOODS)
def test_a_flood_ends_with_a_calm_page_that_says_when_to_go_on(client, address, entries):
    response = flooded(client, address, entries)
    assert response.status_code == 429
    assert "Too many tries in a short time" in said(response)
    assert PAUSE in said(response)
    assert re.search(r"Reference <strong>", said(response))
    assert flooded(Client(), address, entries[-1:]).status_code == 429


@pytest.mark.parametrize(("address", "entries"), FLOODS.values(), ids=FLOODS)
def test_after_five_minutes_it_goes_on(client, clock, address, entries):
    flooded(client, address, entries)
    clock.shift(301)
    assert client.post(address, entries[-1]).status_code != 429


def test_one_more_before_the_flood_is_still_answered(client):
    for address, entries in FLOODS.values():
        cache.clear()
        assert flooded(Client(), address, entries[:-1]).status_code != 429


def test_proving_oneself_again_ends_after_five_wrong_passwords(person):
    browser = browser_of(person)
    page = reverse("account_reauthenticate")
    for _ in range(5):
        assert PAUSE not in said(browser.post(page, {"password": WRONG}))
    assert PAUSE in said(browser.post(page, {"password": PASSWORD}))


def test_proving_oneself_again_is_limited_whatever_is_sent(person):
    assert flooded(browser_of(person), reverse("account_reauthenticate"), [{"password": ""}] * 11).status_code == 429


def test_changing_the_password_is_tried_five_times_a_minute(person):
    entry = {"oldpassword": WRONG, "password1": "x", "password2": "y"}
    assert flooded(browser_of(person), reverse("account_change_password"), [entry] * 6).status_code == 429


def test_a_mailed_code_is_guessed_three_times_and_then_worth_nothing(client):
    client.post(SIGNUP, {"email": "new@example.com", "name": "New", "password1": PASSWORD})
    right = code_in_last_mail()
    for _ in range(3):
        response = client.post(CODE, {"code": "WRNG-WRNG"})
    assert response["Location"] == LOGIN
    assert PAUSE in said(client.get(LOGIN))
    client.post(CODE, {"code": right})
    assert not is_signed_in(client)


def test_a_code_for_a_new_password_is_guessed_three_times_and_then_worth_nothing(client):
    client.post(RESET, {"email": KNOWN})
    right = code_in_last_mail()
    for _ in range(3):
        response = client.post(RESET_CODE, {"code": "WRNG-WRNG"})
    assert response["Location"] == LOGIN
    client.post(RESET_CODE, {"code": right})
    assert client.get(reverse("account_complete_password_reset")).status_code == 302


def code_in_last_mail():
    return re.search(r"^\s*([A-Z]{4}-[A-Z]{4})$", AccountMail.objects.latest("pk").text, re.MULTILINE)[1]


@pytest.mark.parametrize(("seconds", "works"), [(179, True), (181, False)])
def test_a_code_for_a_new_password_is_good_for_three_minutes(client, clock, seconds, works):
    client.post(RESET, {"email": KNOWN})
    clock.shift(seconds)
    response = client.post(RESET_CODE, {"code": code_in_last_mail()})
    assert (response["Location"] == reverse("account_complete_password_reset")) is works


# --- who is here ------------------------------------------------------------------------------------------------------


@pytest.fixture
def hashes(monkeypatch):
    """How many passwords have been hashed: what takes the time in a sign-in."""
    counted = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args: counted.append(1) or encode(*args))
    return counted


def answer(address, entry, hashes):
    """What a visitor with a fresh browser gets, byte by byte but for the token and what they typed; and its work."""
    browser = Client()
    hashes.clear()
    with CaptureQueriesContext(connection) as captured:
        response = browser.post(address, entry)
    pages = [response, *([browser.get(response["Location"])] if response.status_code == 302 else [])]
    typed = entry.get("login") or entry["email"]
    bodies = [re.sub(r'csrfmiddlewaretoken" value="[^"]+"', "", said(page)).replace(typed, "") for page in pages]
    heads = [{name: value for name, value in page.headers.items() if name != "Content-Length"} for page in pages]
    return {"status": response.status_code, "bodies": bodies, "heads": heads}, len(hashes), statements(captured)


def statements(captured):
    """Which tables were asked or written, in which order, apart from the counting of limits."""
    found = [re.match(r'(\w+).*?(?:FROM|INTO|UPDATE) "(\w+)"', query["sql"]) for query in captured.captured_queries]
    return [match.groups() for match in found if match and match[2] != "cache"]


def test_sign_in_answers_and_works_the_same_whether_the_address_is_known_or_not(hashes):
    known, unknown = (answer(LOGIN, {"login": email, "password": WRONG}, hashes) for email in (KNOWN, UNKNOWN))
    assert known[0] == unknown[0]
    assert known[1] == unknown[1] == 1
    assert (
        abs(len(known[2]) - len(unknown[2])) <= 1
    )  # one look-up more beside a hash that takes a thousand times longer


def test_a_closed_account_looks_like_none_to_who_does_not_know_its_password(person, hashes):
    person.is_active = False
    person.save()
    closed, unknown = (answer(LOGIN, {"login": email, "password": WRONG}, hashes) for email in (KNOWN, UNKNOWN))
    assert closed[:2] == unknown[:2]


def test_an_account_with_a_second_factor_looks_like_any_to_who_does_not_know_its_password(person, hashes):
    set_up_app(browser_of(person))
    cache.clear()
    protected, unknown = (answer(LOGIN, {"login": email, "password": WRONG}, hashes) for email in (KNOWN, UNKNOWN))
    assert protected[:2] == unknown[:2]


def test_a_forgotten_password_answers_and_works_the_same_whether_the_address_is_known_or_not(hashes):
    known, unknown = (answer(RESET, {"email": email}, hashes) for email in (KNOWN, UNKNOWN))
    assert known[0] == unknown[0]
    assert known[1] == unknown[1] == 0
    assert known[2] == unknown[2]
    assert AccountMail.objects.count() == 2


def test_sign_up_answers_and_hashes_the_same_whether_the_address_is_known_or_not(hashes):
    entries = ({"email": email, "name": "New", "password1": PASSWORD} for email in (KNOWN, UNKNOWN))
    known, unknown = (answer(SIGNUP, entry, hashes) for entry in entries)
    assert known[0] == unknown[0]
    assert known[1] == unknown[1] == 1
    assert AccountMail.objects.count() == 2


def test_the_locked_door_does_not_tell_either(hashes):
    answers = []
    for email in (KNOWN, UNKNOWN):
        cache.clear()
        for _ in range(5):
            sign_in(Client(), email, WRONG)
        answers.append(answer(LOGIN, {"login": email, "password": WRONG}, hashes))
    assert answers[0][:2] == answers[1][:2]
