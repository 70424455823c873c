"""Signing up with a mailed code, signing in, a forgotten password, and what belongs to a proved address."""

import re
from datetime import date

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from accounts.models import AccountMail, User
from accounts.tasks import deliver_account_mail
from certifications.models import Certification, Credential
from onepoints.tests.factories import PASSWORD, make_holder

pytestmark = pytest.mark.usefixtures("program")

ADDRESS = "nora@example.com"
NEW_PASSWORD = "a quite different staple"


@pytest.fixture
def post_box():
    """Carry the mails that wait, and hand back those that arrived."""

    def collect():
        mail.outbox.clear()
        deliver_account_mail(ids=list(AccountMail.objects.filter(delivered_at=None).values_list("pk", flat=True)))
        return list(mail.outbox)

    return collect


def code_in(message):
    return re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})$", message.body, re.MULTILINE)[1]


def sign_up(client, email=ADDRESS, **fields):
    entry = {"email": email, "name": "Nora New", "password1": PASSWORD, **fields}
    return client.post(reverse("account_signup"), entry)


def make_verified(email=ADDRESS, **fields):
    person = make_holder(email=email, **fields)
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return person


def recorded(email=ADDRESS):
    """A credential the registry knows under this address, without a holder here."""
    return Credential.objects.create(
        certification=Certification.objects.get(code="OCA-ADM"),
        candidate_id="OS00012345",
        registry_email=email,
        expires_on=date(2099, 5, 12),
    )


def is_signed_in(client):
    return "_auth_user_id" in client.session


# --- signing up -------------------------------------------------------------------------------------------------------


def test_sign_up_asks_name_address_and_password_and_nothing_else(client):
    source = client.get(reverse("account_signup")).content.decode()
    names = set(re.findall(r'<input type="(?!hidden)[^"]*" name="([^"]+)"', source))
    assert names == {"email", "name", "password1"}


def test_the_whole_way_from_sign_up_to_the_certification_on_the_home_page(client, post_box):
    credential = recorded()
    response = sign_up(client)
    assert response["Location"] == reverse("account_email_verification_sent")
    (message,) = post_box()
    assert message.to == [ADDRESS]
    assert "nora@example.com" in client.get(reverse("account_email_verification_sent")).content.decode()
    assert not is_signed_in(client)

    response = client.post(reverse("account_email_verification_sent"), {"code": code_in(message)}, follow=True)

    assert is_signed_in(client)
    credential.refresh_from_db()
    assert credential.holder == User.objects.get(email=ADDRESS)
    source = response.content.decode()
    assert "OCA Administration R2" in source
    assert "Until 12 May 2099" in source
    assert "nora@example.com is confirmed." in source


def test_the_name_is_kept(client):
    sign_up(client, name="Nora N. New")
    assert User.objects.get(email=ADDRESS).name == "Nora N. New"


def test_before_the_code_nothing_recorded_under_the_address_is_given_away(client):
    credential = recorded()
    sign_up(client)
    credential.refresh_from_db()
    assert credential.holder is None


def test_a_wrong_code_proves_nothing(client, post_box):
    credential = recorded()
    sign_up(client)
    post_box()
    response = client.post(reverse("account_email_verification_sent"), {"code": "WRONG1"})
    credential.refresh_from_db()
    assert credential.holder is None
    assert not is_signed_in(client)
    assert "is-invalid" in response.content.decode()


def test_links_in_mails_come_from_the_settings_and_never_from_the_request(client, post_box, settings):
    settings.SITE_URL = "https://points.example"
    sign_up(client)
    client.post(reverse("account_reset_password"), {"email": "none@example.com"})
    messages = post_box()
    assert any("https://points.example/" in message.body for message in messages)
    assert not any("testserver" in part for message in messages for part in [message.body, *bodies(message)])


def bodies(message):
    return [content for content, _ in message.alternatives]


def test_the_code_is_forgotten_once_the_mail_has_left(client, post_box):
    sign_up(client)
    post_box()
    assert AccountMail.objects.get().text == ""


@pytest.mark.parametrize(
    ("wrong", "field"), [({"password1": "short"}, "password1"), ({"name": ""}, "name"), ({"email": "nobody"}, "email")]
)
def test_what_is_wrong_is_said_at_its_field_and_the_rest_stays(client, wrong, field):
    entry = {"email": ADDRESS, "name": "Nora New", **wrong}
    source = sign_up(client, **entry).content.decode()
    assert re.search(rf'id="error_\d+_id_{field}"|id="id_{field}_error"', source)
    if field != "name":
        assert 'value="Nora New"' in source
    assert not User.objects.exists()


def test_signing_up_with_a_known_address_gives_the_same_answer_and_a_mail_to_its_owner(client, post_box):
    make_verified()
    response = sign_up(client, ADDRESS)
    assert response["Location"] == reverse("account_email_verification_sent")
    (message,) = post_box()
    assert message.to == [ADDRESS]
    assert "already" in message.subject
    assert User.objects.count() == 1


# --- signing in and out -----------------------------------------------------------------------------------------------


def test_signing_in_leads_home(client):
    make_verified()
    response = client.post(reverse("account_login"), {"login": ADDRESS, "password": PASSWORD})
    assert response["Location"] == reverse("home")
    assert is_signed_in(client)


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client):
    make_verified()
    wrong = client.post(reverse("account_login"), {"login": ADDRESS, "password": "nonsense nonsense"})
    unknown = client.post(reverse("account_login"), {"login": "none@example.com", "password": "nonsense nonsense"})
    assert not is_signed_in(client)
    assert complaint(wrong) == complaint(unknown) != ""


def complaint(response):
    return "".join(re.findall(r"alert-danger.*?</div>", response.content.decode(), re.DOTALL))


def test_after_many_wrong_passwords_the_door_stays_shut_for_a_while(client):
    make_verified()
    for _ in range(11):
        response = client.post(reverse("account_login"), {"login": ADDRESS, "password": "nonsense nonsense"})
    response = client.post(reverse("account_login"), {"login": ADDRESS, "password": PASSWORD})
    assert not is_signed_in(client)
    assert response.status_code in (200, 429)


def test_a_closed_account_does_not_open(client):
    make_verified(is_active=False)
    client.post(reverse("account_login"), {"login": ADDRESS, "password": PASSWORD})
    assert not is_signed_in(client)


def test_a_personal_page_waits_behind_the_sign_in(client):
    make_verified()
    address = client.get(reverse("preferences"))["Location"]
    response = client.post(address, {"login": ADDRESS, "password": PASSWORD, "next": reverse("preferences")})
    assert response["Location"] == reverse("preferences")


def test_a_foreign_address_is_not_gone_to_after_signing_in(client):
    make_verified()
    response = client.post(
        reverse("account_login") + "?next=https://evil.example/", {"login": ADDRESS, "password": PASSWORD}
    )
    assert response["Location"] == reverse("home")


# --- a forgotten password ---------------------------------------------------------------------------------------------


def test_a_mailed_code_opens_the_way_to_a_new_password(client, post_box):
    make_verified()
    response = client.post(reverse("account_reset_password"), {"email": ADDRESS})
    assert response["Location"] == reverse("account_confirm_password_reset_code")
    (message,) = post_box()
    response = client.post(reverse("account_confirm_password_reset_code"), {"code": code_in(message)})
    assert response["Location"] == reverse("account_complete_password_reset")
    assert "Choose a new password" in client.get(response["Location"]).content.decode()
    client.post(response["Location"], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    assert User.objects.get(email=ADDRESS).check_password(NEW_PASSWORD)
    client.post(reverse("account_login"), {"login": ADDRESS, "password": NEW_PASSWORD})
    assert is_signed_in(client)


def test_an_unknown_address_gets_the_same_answer_as_a_known_one(client, post_box):
    make_verified()
    pages = {}
    for email in (ADDRESS, "none@example.com"):
        client.cookies.clear()
        response = client.post(reverse("account_reset_password"), {"email": email}, follow=True)
        text = response.content.decode().replace(email, "")
        pages[email] = response.redirect_chain, re.sub(r'csrfmiddlewaretoken" value="[^"]+"', "", text)
    assert pages[ADDRESS] == pages["none@example.com"]
    mails = {message.to[0]: message for message in post_box()}
    assert code_in(mails[ADDRESS])
    assert "There is no account for this address" in mails["none@example.com"].body


def test_a_wrong_code_opens_nothing(client, post_box):
    make_verified()
    client.post(reverse("account_reset_password"), {"email": ADDRESS})
    response = client.post(reverse("account_confirm_password_reset_code"), {"code": "WRONG1"})
    assert response.status_code == 200
    assert client.get(reverse("account_complete_password_reset")).status_code == 302


# --- more addresses ---------------------------------------------------------------------------------------------------


def test_an_address_added_and_confirmed_brings_what_the_registry_has_under_it(client, post_box):
    person = make_verified()
    credential = recorded("nora.at.work@example.com")
    client.post(reverse("account_login"), {"login": ADDRESS, "password": PASSWORD})
    entry = {"action_add": "", "email": "nora.at.work@example.com"}
    response = client.post(reverse("account_email"), entry)
    assert "Is it you?" in client.get(response["Location"]).content.decode()
    client.post(response["Location"], {"password": PASSWORD})
    credential.refresh_from_db()
    assert credential.holder is None
    message = next(m for m in post_box() if m.to == ["nora.at.work@example.com"])
    client.post(reverse("account_email_verification_sent"), {"code": code_in(message)})
    credential.refresh_from_db()
    assert credential.holder == person


def test_the_address_page_says_what_is_confirmed_and_loads_no_foreign_script(client):
    client.force_login(make_verified())
    source = client.get(reverse("account_email")).content.decode()
    assert "confirmed" in source
    assert "main address" in source
    assert re.findall(r"<script[^>]*>", source) == ['<script src="/static/site.js" defer>']


# --- the password -----------------------------------------------------------------------------------------------------


def test_the_password_is_changed_with_the_old_one(client):
    person = make_verified()
    client.force_login(person)
    entry = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    client.post(reverse("account_change_password"), entry)
    person.refresh_from_db()
    assert person.check_password(NEW_PASSWORD)


def test_without_the_old_password_it_stays(client):
    person = make_verified()
    client.force_login(person)
    entry = {"oldpassword": "wrong", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    response = client.post(reverse("account_change_password"), entry)
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert "is-invalid" in response.content.decode()


# --- what a machine may not read wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["account_login", "account_signup", "account_reset_password"])
def test_browsers_know_what_each_field_is(client, name):
    source = client.get(reverse(name)).content.decode()
    for field in re.findall(r'<input type="(?:email|password|text)"[^>]*>', source):
        assert "autocomplete=" in field
        name = re.search(r' id="([^"]+)"', field)[1]
        assert re.search(rf'<label\s+for="{name}"', source)
