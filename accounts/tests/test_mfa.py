"""The second factor: an app with codes, passkeys, recovery codes; and that the team's pages open to nothing less."""

import base64
import re
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts import second_factor
from accounts.models import AccountMail
from accounts.tests.signing_in import (
    LOGIN,
    browser_of,
    code_of,
    is_signed_in,
    prove_address,
    prove_again,
    recovery_codes,
    set_up_app,
)
from activities.models import Activity
from onepoints.tests.factories import NOW, PASSWORD, make_activity, make_evidence, make_holder, make_reviewer

pytestmark = pytest.mark.usefixtures("clock")
QUEUE = reverse("admin:submissions_submission_changelist")
MFA = reverse("mfa_authenticate")
HALF_A_MINUTE = 30


@pytest.fixture
def reviewer(program):
    return prove_address(make_reviewer("Rita Reviewer", email="rita@example.com"))


@pytest.fixture
def _required(settings):
    settings.REQUIRE_SECOND_FACTOR = True


def types(person):
    return set(Authenticator.objects.filter(user=person).values_list("type", flat=True))


@pytest.mark.parametrize(("moment", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_the_app_of_these_tests_shows_the_codes_of_the_standard(moment, code):
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert code_of(secret, datetime.fromtimestamp(moment, UTC)) == code


# --- setting up and signing in ----------------------------------------------------------------------------------------


def test_an_app_is_set_up_with_its_first_code_and_brings_ten_recovery_codes(person):
    browser = browser_of(person)
    set_up_app(browser)
    assert types(person) == {"totp", "recovery_codes"}
    assert len(set(recovery_codes(browser))) == 10


def test_a_wrong_code_sets_nothing_up(person):
    browser = browser_of(person)
    prove_again(browser)
    browser.get(reverse("mfa_activate_totp"))
    source = browser.post(reverse("mfa_activate_totp"), {"code": "000000"}).content.decode()
    assert "Use the code your app shows now" in source
    assert types(person) == set()


def test_with_an_app_the_password_is_half_the_way(person, clock):
    secret = set_up_app(browser_of(person))
    clock.shift(HALF_A_MINUTE)
    browser = browser_of(person)
    assert not is_signed_in(browser)
    assert "Your second factor" in browser.get(MFA).content.decode()
    response = browser.post(MFA, {"code": code_of(secret)})
    assert response["Location"] == reverse("home")
    assert is_signed_in(browser)


@pytest.mark.parametrize("seconds", [-60, -30, 30, 60])
def test_only_the_code_of_this_half_minute_opens(person, clock, seconds):
    secret = set_up_app(browser_of(person))
    clock.shift(600)
    code = code_of(secret)
    clock.shift(seconds)
    browser = browser_of(person)
    browser.post(MFA, {"code": code})
    assert not is_signed_in(browser)


def test_a_code_opens_once(person, clock):
    secret = set_up_app(browser_of(person))
    clock.shift(HALF_A_MINUTE)
    first, second = browser_of(person), browser_of(person)
    first.post(MFA, {"code": code_of(secret)})
    second.post(MFA, {"code": code_of(secret)})
    assert (is_signed_in(first), is_signed_in(second)) == (True, False)


def test_a_recovery_code_opens_once(person):
    browser = browser_of(person)
    set_up_app(browser)
    code = recovery_codes(browser)[3]
    first, second = browser_of(person), browser_of(person)
    first.post(MFA, {"code": code})
    second.post(MFA, {"code": code})
    assert (is_signed_in(first), is_signed_in(second)) == (True, False)
    assert "9 codes are left" in first.get(reverse("mfa_index")).content.decode()


def test_the_second_half_is_not_reached_without_the_first(client, person):
    set_up_app(browser_of(person))
    assert client.get(MFA)["Location"] == LOGIN
    client.post(MFA, {"code": "000000"})
    assert not is_signed_in(client)


def test_guessing_codes_ends_after_five(person, clock):
    secret = set_up_app(browser_of(person))
    clock.shift(HALF_A_MINUTE)
    browser = browser_of(person)
    for _ in range(5):
        browser.post(MFA, {"code": "000000"})
    source = browser.post(MFA, {"code": code_of(secret)}).content.decode()
    assert "Wait five minutes, then try again." in source
    assert not is_signed_in(browser)


def test_a_new_password_by_mail_does_not_get_around_the_second_factor(client, person, clock):
    set_up_app(browser_of(person))
    clock.shift(HALF_A_MINUTE)
    client.post(reverse("account_reset_password"), {"email": person.email})
    code = re.search(r"^\s*([A-Z]{4}-[A-Z]{4})$", AccountMail.objects.latest("pk").text, re.MULTILINE)[1]
    client.post(reverse("account_confirm_password_reset_code"), {"code": code})
    new = "a quite different staple"
    client.post(reverse("account_complete_password_reset"), {"password1": new, "password2": new})
    assert not is_signed_in(client)
    assert client.post(LOGIN, {"login": person.email, "password": new})["Location"] == MFA
    assert not is_signed_in(client)


def test_no_browser_is_ever_excused_from_the_second_factor(person, clock):
    secret = set_up_app(browser_of(person))
    clock.shift(HALF_A_MINUTE)
    browser = browser_of(person)
    browser.post(MFA, {"code": code_of(secret)})
    browser.post(reverse("account_logout"))
    browser.post(LOGIN, {"login": person.email, "password": PASSWORD})
    assert not is_signed_in(browser)


@pytest.mark.parametrize(
    ("page", "subject"),
    [
        ("mfa_deactivate_totp", "The app with codes was taken away from your account"),
        ("mfa_generate_recovery_codes", "New recovery codes were made for your account"),
    ],
)
def test_the_person_hears_by_mail_of_each_change(person, clock, page, subject, django_capture_on_commit_callbacks):
    browser = browser_of(person)
    with django_capture_on_commit_callbacks(execute=True):
        secret = set_up_app(browser)
    assert AccountMail.objects.filter(subject="An app with codes now protects your account", to=person.email).exists()
    clock.shift(HALF_A_MINUTE)
    prove_again(browser, code=code_of(secret))
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(reverse(page))
    assert AccountMail.objects.filter(subject=subject, to=person.email).exists()


def test_the_recovery_codes_come_as_a_file_that_stays_in_no_cache(person):
    browser = browser_of(person)
    set_up_app(browser)
    response = browser.get(reverse("mfa_download_recovery_codes"))
    assert response["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert response["Content-Type"].startswith("text/plain")
    assert "no-store" in response["Cache-Control"]
    assert re.findall(r"^\d{8}$", response.content.decode(), re.MULTILINE) == recovery_codes(browser)


def test_the_page_of_security_leads_to_everything_and_asks_the_database_as_often_for_many(
    person, django_assert_num_queries
):
    browser = browser_of(person)
    set_up_app(browser)
    page = reverse("security")
    source = browser.get(page).content.decode()
    for name in (
        "account_email",
        "account_change_password",
        "mfa_index",
        "mfa_list_webauthn",
        "mfa_view_recovery_codes",
    ):
        assert f'href="{reverse(name)}"' in source
    assert f'href="{reverse("browsers")}"' in source
    with django_assert_num_queries(5):
        browser.get(page)
    for _ in range(20):
        browser_of(person)
    with django_assert_num_queries(5):
        browser.get(page)


# --- the team's pages -------------------------------------------------------------------------------------------------


def test_on_one_machine_the_team_needs_no_second_factor(reviewer):
    assert browser_of(reviewer).get(QUEUE).status_code == 200


@pytest.mark.usefixtures("_required")
@pytest.mark.parametrize("superuser", [False, True])
def test_without_a_second_factor_the_team_is_led_to_set_one_up_and_told_why(reviewer, superuser):
    reviewer.is_superuser = superuser
    reviewer.save()
    browser = browser_of(reviewer)
    response = browser.get(QUEUE, follow=True)
    assert response.redirect_chain[-1][0].startswith(reverse("mfa_index"))
    assert "they open with a second factor only" in response.content.decode()


@pytest.mark.usefixtures("_required")
def test_from_setting_up_to_the_queue(reviewer, clock):
    browser = browser_of(reviewer)
    secret = set_up_app(browser)
    clock.shift(HALF_A_MINUTE)
    door = browser.get(browser.get(QUEUE)["Location"])["Location"]
    assert door.startswith(reverse("mfa_reauthenticate"))
    response = browser.post(door, {"code": code_of(secret), "next": QUEUE})
    assert response["Location"] == QUEUE
    assert browser.get(QUEUE).status_code == 200


@pytest.mark.usefixtures("_required")
def test_who_signed_in_with_both_goes_straight_in(reviewer, clock):
    secret = set_up_app(browser_of(reviewer))
    clock.shift(HALF_A_MINUTE)
    browser = browser_of(reviewer)
    browser.post(MFA, {"code": code_of(secret)})
    assert browser.get(QUEUE).status_code == 200


TEAM_ADDRESSES = [
    "/admin/",
    "/admin/jsi18n/",
    "/admin/password_change/",
    "/admin/autocomplete/",
    "/admin/nothing/here/",
    "/admin/r/1/1/",
    QUEUE,
    reverse("admin:submissions_submission_next"),
    reverse("admin:submissions_submission_review", args=[1]),
    reverse("admin:submissions_submission_approve", args=[1]),
    reverse("admin:accounts_user_changelist"),
    reverse("admin:accounts_user_add"),
]


@pytest.mark.usefixtures("_required")
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("address", TEAM_ADDRESSES)
def test_a_session_from_before_the_second_factor_enters_no_page_of_the_team(reviewer, address, method):
    reviewer.is_superuser = True
    reviewer.save()
    older = browser_of(reviewer)
    set_up_app(browser_of(reviewer))
    assert is_signed_in(older)
    response = getattr(older, method)(address)
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("admin:login"))
    assert older.get(response["Location"])["Location"].startswith(reverse("mfa_reauthenticate"))


@pytest.mark.usefixtures("_required")
def test_the_page_that_asks_takes_no_password_of_the_team(reviewer):
    browser = browser_of(reviewer)
    before = browser.session.session_key
    entry = {"username": reviewer.email, "password": PASSWORD, "next": QUEUE}
    assert browser.post(reverse("admin:login"), entry).status_code == 302
    assert browser.session.session_key == before
    assert browser.get(QUEUE).status_code == 302


@pytest.mark.usefixtures("_required")
def test_without_it_the_evidence_of_others_is_closed_too(reviewer, clock, settings):
    activity = make_activity(make_holder(), evidence=False)
    Activity.objects.filter(pk=activity.pk).update(shared_at=NOW)
    evidence = make_evidence(activity.holder, activity)
    picture = Path(settings.MEDIA_ROOT) / evidence.picture.name
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"a picture")
    page = reverse("evidence_picture", args=[evidence.pk])
    older = browser_of(reviewer)
    secret = set_up_app(browser_of(reviewer))
    assert older.get(page).status_code == 404
    clock.shift(HALF_A_MINUTE)
    prove_again(older, code=code_of(secret))
    response = older.get(page)
    assert response.status_code == 200
    response.close()


@pytest.mark.usefixtures("_required")
def test_a_holder_loses_nothing_by_having_no_second_factor(person):
    browser = browser_of(person)
    for name in ("home", "activities", "requests", "preferences", "security"):
        assert browser.get(reverse(name)).status_code == 200


@pytest.mark.usefixtures("_required")
def test_a_holder_stays_outside_with_a_second_factor_too(person, clock):
    secret = set_up_app(browser_of(person))
    clock.shift(HALF_A_MINUTE)
    browser = browser_of(person)
    browser.post(MFA, {"code": code_of(secret)})
    assert browser.get(QUEUE, follow=True).status_code == 403


@pytest.mark.usefixtures("_required")
def test_a_factor_that_was_taken_away_opens_no_longer(reviewer, clock):
    secret = set_up_app(browser_of(reviewer))
    clock.shift(HALF_A_MINUTE)
    browser = browser_of(reviewer)
    browser.post(MFA, {"code": code_of(secret)})
    Authenticator.objects.get(user=reviewer, type="totp").delete()
    assert browser.get(QUEUE).status_code == 302


@pytest.mark.usefixtures("_required")
def test_the_proof_of_another_person_in_the_same_browser_is_worth_nothing(reviewer, clock):
    other = prove_address(make_reviewer("Olaf Other", email="olaf@example.com"))
    secret = set_up_app(browser_of(reviewer))
    clock.shift(HALF_A_MINUTE)
    browser = browser_of(reviewer)
    browser.post(MFA, {"code": code_of(secret)})
    browser.post(reverse("account_logout"))
    browser.post(LOGIN, {"login": other.email, "password": PASSWORD})
    assert is_signed_in(browser)
    assert browser.get(QUEUE).status_code == 302


# --- asked again before it changes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["mfa_activate_totp", "mfa_add_webauthn"])
def test_setting_up_asks_for_the_password_first(person, page):
    browser = browser_of(person)
    response = browser.get(reverse(page))
    assert response["Location"].startswith(reverse("account_reauthenticate"))
    browser.post(response["Location"], {"password": "nonsense nonsense"})
    assert browser.get(reverse(page)).status_code == 302
    prove_again(browser)
    assert browser.get(reverse(page)).status_code == 200


@pytest.mark.parametrize("page", ["mfa_deactivate_totp", "mfa_generate_recovery_codes", "mfa_view_recovery_codes"])
def test_who_has_a_second_factor_must_prove_it_to_change_it(person, clock, page):
    secret = set_up_app(browser_of(person))
    clock.shift(600)
    browser = browser_of(person)
    browser.post(MFA, {"code": code_of(secret)})
    clock.shift(600)
    response = browser.get(reverse(page))
    assert response["Location"].startswith(reverse("mfa_reauthenticate"))
    password = browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert password["Location"].startswith(reverse("mfa_reauthenticate"))
    browser.post(reverse(page))
    assert types(person) == {"totp", "recovery_codes"}
    prove_again(browser, code=code_of(secret))
    assert browser.get(reverse(page)).status_code == 200


def test_the_proof_lasts_five_minutes(person, clock):
    browser = browser_of(person)
    prove_again(browser)
    clock.shift(299)
    assert browser.get(reverse("mfa_activate_totp")).status_code == 200
    clock.shift(2)
    assert browser.get(reverse("mfa_activate_totp")).status_code == 302


def test_taking_the_app_away_takes_the_recovery_codes_along(person, clock):
    browser = browser_of(person)
    set_up_app(browser)
    browser.post(reverse("mfa_deactivate_totp"))
    assert types(person) == set()
    assert is_signed_in(browser_of(person))


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_the_database_holds_no_secret_that_makes_codes(person):
    browser = browser_of(person)
    secret = set_up_app(browser)
    kept = "".join(str(factor.data) for factor in Authenticator.objects.all())
    assert secret not in kept
    assert not any(code in kept for code in recovery_codes(browser))
    app = Authenticator.objects.get(type="totp")
    assert second_factor.decrypt(app.data["secret"]) == secret


def test_a_new_secret_key_still_reads_what_the_one_before_wrote(settings):
    kept = second_factor.encrypt("JBSWY3DP")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another " * 8, [settings.SECRET_KEY]
    assert second_factor.decrypt(kept) == "JBSWY3DP"


def test_with_a_lost_secret_key_no_code_fits_and_no_page_breaks(person, clock, settings, caplog):
    secret = set_up_app(browser_of(person))
    clock.shift(HALF_A_MINUTE)
    settings.SECRET_KEY = "another " * 8
    browser = browser_of(person)
    response = browser.post(MFA, {"code": code_of(secret)})
    assert response.status_code == 200
    assert not is_signed_in(browser)
    assert "cannot be read with this SECRET_KEY" in caplog.text
    assert secret not in caplog.text


# --- when it is lost --------------------------------------------------------------------------------------------------


@pytest.fixture
def root(program):
    return prove_address(make_holder("Root", is_staff=True, is_superuser=True, email="root@example.com"))


def test_an_administrator_sees_who_has_what_and_never_a_secret(root, person):
    set_up_app(browser_of(person))
    browser = browser_of(root)
    factor = Authenticator.objects.get(user=person, type="totp")
    for address in (
        reverse("admin:mfa_authenticator_changelist"),
        reverse("admin:mfa_authenticator_change", args=[factor.pk]),
        reverse("admin:mfa_authenticator_changelist") + "?q=hanna",
    ):
        source = browser.get(address).content.decode()
        assert "TOTP" in source
        assert factor.data["secret"] not in source


def test_an_administrator_takes_a_lost_one_away_and_signs_the_person_out(root, person):
    theirs = browser_of(person)
    set_up_app(theirs)
    factor = Authenticator.objects.get(user=person, type="totp")
    browser_of(root).post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})
    assert types(person) == set()
    assert theirs.get(reverse("preferences")).status_code == 302
    assert is_signed_in(browser_of(person))


@pytest.mark.parametrize("group", ["Reviewers", "Programme managers"])
def test_nobody_else_sees_or_takes_second_factors(person, group):
    set_up_app(browser_of(person))
    factor = Authenticator.objects.get(user=person, type="totp")
    browser = browser_of(prove_address(make_reviewer("Curious", group, email="curious@example.com")))
    assert browser.get(reverse("admin:mfa_authenticator_changelist")).status_code == 403
    delete = reverse("admin:mfa_authenticator_delete", args=[factor.pk])
    assert browser.post(delete, {"post": "yes"}).status_code == 403
    assert types(person) == {"totp", "recovery_codes"}


def test_the_last_administrator_gets_help_on_the_machine(person):
    set_up_app(browser_of(person))
    call_command("take_second_factor_away", "Hanna@example.com", stdout=StringIO())
    assert types(person) == set()
    assert is_signed_in(browser_of(person))


def test_help_for_an_unknown_address_is_refused(person):
    with pytest.raises(CommandError, match="Nobody here has the address"):
        call_command("take_second_factor_away", "nobody@example.com")
