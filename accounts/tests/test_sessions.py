"""Where a person is signed in: shown to them, ended by them, and ended for them."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts import sessions, tasks
from accounts.models import AccountMail, User
from accounts.tests.signing_in import LOGIN, browser_of, is_signed_in, prove_address
from onepoints.tests.factories import NOW, PASSWORD, make_holder

pytestmark = pytest.mark.usefixtures("clock")
PAGE, OTHERS = reverse("browsers"), reverse("sign_out_others")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130 Safari/537.36 Edg/130"
)
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/18 Safari/604"
)
ANDROID = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130 Mobile Safari/537.36"
NEW = "a quite different staple"


@pytest.fixture
def root(program):
    return prove_address(make_holder("Root", is_staff=True, is_superuser=True, email="root@example.com"))


def is_inside(browser):
    return browser.get(reverse("preferences")).status_code == 200


def rows(person):
    return UserSession.objects.filter(user=person)


# --- shown ------------------------------------------------------------------------------------------------------------


def test_each_browser_is_shown_with_its_address_and_when(person, clock):
    browser_of(person, HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="192.0.2.7")
    clock.shift(timedelta(days=1))
    here = browser_of(person, HTTP_USER_AGENT=PHONE, REMOTE_ADDR="2001:db8::1")
    source = here.get(PAGE).content.decode()
    assert source.index("Safari on iPhone") < source.index("Firefox on Linux")
    for text in ("192.0.2.7", "2001:db8::1", "24 November 2026", "25 November 2026"):
        assert text in source
    assert source.count("this one") == 1


@pytest.mark.parametrize(
    ("text", "device"),
    [
        (FIREFOX, ("Firefox", "Linux")),
        (EDGE, ("Edge", "Windows")),
        (PHONE, ("Safari", "iPhone")),
        (ANDROID, ("Chrome", "Android")),
        ("curl/8.9", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_browser_is_named_as_people_name_it(text, device):
    assert sessions.device(text) == device


def test_what_a_browser_says_of_itself_is_shown_as_text(person):
    here = browser_of(person, HTTP_USER_AGENT="<script>alert(1)</script>" * 20)
    source = here.get(PAGE).content.decode()
    assert "Unknown browser" in source
    assert "alert(1)" not in source


def test_last_seen_moves_on_but_is_not_written_with_every_page(person, clock, django_assert_num_queries):
    here = browser_of(person)
    begun = rows(person).get().last_seen_at
    clock.shift(299)
    with django_assert_num_queries(2):  # session and person
        here.get(reverse("preferences"))
    assert rows(person).get().last_seen_at == begun
    clock.shift(1)
    here.get(reverse("preferences"), REMOTE_ADDR="192.0.2.99")
    row = rows(person).get()
    assert row.last_seen_at == begun + timedelta(seconds=300)
    assert row.ip == "192.0.2.99"


def test_only_ones_own_are_shown(person):
    stranger = prove_address(make_holder(email="stranger@example.com"))
    browser_of(stranger, HTTP_USER_AGENT=EDGE)
    source = browser_of(person, HTTP_USER_AGENT=FIREFOX).get(PAGE).content.decode()
    assert "Edge" not in source
    assert "Sign out everywhere else" not in source


def test_what_has_ended_is_not_shown(person, clock):
    gone = browser_of(person, HTTP_USER_AGENT=EDGE)
    gone.post(reverse("account_logout"))
    browser_of(person, HTTP_USER_AGENT=ANDROID)
    clock.shift(timedelta(days=15))
    source = browser_of(person, HTTP_USER_AGENT=FIREFOX).get(PAGE).content.decode()
    assert "Edge" not in source
    assert "Android" not in source
    assert "Firefox" in source


def test_one_browser_and_thirty_ask_the_database_as_often(person, django_assert_num_queries):
    here = browser_of(person)
    here.get(PAGE)
    with django_assert_num_queries(3):
        here.get(PAGE)
    for _ in range(29):
        browser_of(person)
    with django_assert_num_queries(3):
        assert here.get(PAGE).content.decode().count("Since") == 31


# --- ended by the person ----------------------------------------------------------------------------------------------


def test_one_other_browser_is_signed_out_at_once(person):
    other, here = browser_of(person), browser_of(person)
    row = rows(person).get(session_key=other.session.session_key)
    here.post(reverse("sign_out_browser", args=[row.pk]))
    assert not is_inside(other)
    assert is_inside(here)


def test_everywhere_else_is_signed_out_and_nobody_else(person):
    stranger = browser_of(prove_address(make_holder(email="stranger@example.com")))
    others, here = [browser_of(person) for _ in range(3)], browser_of(person)
    source = here.post(OTHERS, follow=True).content.decode()
    assert "You are signed out everywhere else." in source
    assert not any(is_inside(other) for other in others)
    assert is_inside(here)
    assert is_inside(stranger)
    assert rows(person).count() == 1


def test_another_persons_browser_is_not_found(person):
    stranger = prove_address(make_holder(email="stranger@example.com"))
    theirs = browser_of(stranger)
    here = browser_of(person)
    for pk in (rows(stranger).get().pk, rows(person).get().pk, 10**6):
        assert here.post(reverse("sign_out_browser", args=[pk])).status_code == 404
    assert is_inside(theirs)
    assert is_inside(here)


@pytest.mark.parametrize("address", [OTHERS, reverse("sign_out_browser", args=[1])])
def test_a_link_or_a_foreign_page_signs_nobody_out(person, address):
    here = browser_of(person)
    assert here.get(address).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["sessionid"] = here.cookies["sessionid"].value
    assert strict.post(address).status_code == 403


@pytest.mark.parametrize("name", ["security", "browsers"])
def test_strangers_are_sent_to_sign_in(client, name):
    assert client.get(reverse(name))["Location"].startswith(LOGIN)


# --- ended for the person ---------------------------------------------------------------------------------------------


def test_a_new_password_signs_out_everywhere_else(person):
    other, here = browser_of(person), browser_of(person)
    entry = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    here.post(reverse("account_change_password"), entry)
    assert not is_inside(other)
    assert is_inside(here)
    assert Session.objects.count() == 1


def test_a_password_set_by_a_mailed_code_signs_out_everywhere(client, person):
    other = browser_of(person)
    client.post(reverse("account_reset_password"), {"email": person.email})
    code = AccountMail.objects.latest("pk").text.split("\n    ")[1].split("\n")[0]
    client.post(reverse("account_confirm_password_reset_code"), {"code": code})
    client.post(reverse("account_complete_password_reset"), {"password1": NEW, "password2": NEW})
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert not is_inside(other)
    assert not rows(person).exists()


def test_an_account_closed_by_the_team_has_no_session_left(person, root):
    theirs = [browser_of(person), browser_of(person)]
    page = reverse("admin:accounts_user_change", args=[person.pk])
    entry = {field: getattr(person, field) for field in ("email", "name", "time_zone", "reminders")}
    browser_of(root).post(page, entry)
    person.refresh_from_db()
    assert not person.is_active
    assert not any(is_inside(browser) for browser in theirs)
    assert not rows(person).exists()
    assert Session.objects.count() == 1  # the administrator's
    User.objects.filter(pk=person.pk).update(is_active=True)
    assert not any(is_inside(browser) for browser in theirs)


def test_a_form_that_fails_ends_no_session(person, root):
    theirs = browser_of(person)
    page = reverse("admin:accounts_user_change", args=[person.pk])
    browser_of(root).post(page, {"email": "nobody", "name": "x"})
    assert is_inside(theirs)


def test_an_account_closed_anywhere_is_signed_out_with_the_next_request(person):
    theirs = browser_of(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert theirs.get(reverse("preferences"))["Location"].startswith(LOGIN)


def test_what_has_ended_is_forgotten_by_the_sweep(person, clock):
    browser_of(person)
    clock.shift(timedelta(days=15))
    here = browser_of(person)
    tasks.sweep_sessions()
    assert rows(person).get().session_key == here.session.session_key
    assert Session.objects.count() == 1


# --- the cookie -------------------------------------------------------------------------------------------------------


def test_signing_in_changes_the_session_so_that_one_handed_over_is_worth_nothing(client, person):
    session = client.session
    session["seed"] = "planted"
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    client.post(LOGIN, {"login": person.email, "password": PASSWORD})
    assert is_signed_in(client)
    assert client.cookies["sessionid"].value != planted
    attacker = Client()
    attacker.cookies["sessionid"] = planted
    assert not is_inside(attacker)


def test_a_session_ends_with_the_browser(client, person):
    cookie = client.post(LOGIN, {"login": person.email, "password": PASSWORD}).cookies["sessionid"]
    assert cookie["expires"] == cookie["max-age"] == ""
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_two_idle_weeks_end_a_session_on_the_server_too(person, clock):
    here = browser_of(person)
    clock.shift(timedelta(days=13))
    assert is_inside(here)
    clock.shift(timedelta(days=13))
    assert is_inside(here)
    clock.shift(timedelta(days=15))
    assert not is_inside(here)


def test_a_session_begins_to_be_noted_at_the_moment_of_signing_in(person):
    browser_of(person)
    assert rows(person).get().created_at == NOW
