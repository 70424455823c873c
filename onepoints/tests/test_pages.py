"""What every page carries: the frame, its headers, and a calm page when something goes wrong."""

import re

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from onepoints import views
from onepoints.tests.factories import make_credential, make_holder, make_reviewer

pytestmark = pytest.mark.usefixtures("program")

PUBLIC = ["home", "catalogue", "help", "account_login", "account_signup", "account_reset_password", "account_inactive"]
PERSONAL = ["home", "catalogue", "help", "preferences", "account_email", "account_change_password", "account_logout"]
REFERENCE = re.compile(r"Reference <strong>([0-9A-F]{4}-[0-9A-F]{2})</strong>")


@pytest.fixture
def holder():
    holder = make_holder("Hanna Holder")
    make_credential(holder)
    return holder


# --- headers and frame ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_page_carries_the_strict_policy_and_nothing_inline(client, name):
    response = client.get(reverse(name))
    assert response.status_code == 200
    check_strict(response)


@pytest.mark.parametrize("name", PERSONAL)
def test_a_personal_page_carries_the_strict_policy_and_stays_in_no_cache(client, holder, name):
    client.force_login(holder)
    response = client.get(reverse(name))
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    check_strict(response)


def check_strict(response):
    source = response.content.decode()
    assert response["Content-Security-Policy"] == settings.CONTENT_SECURITY_POLICY
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", source)
    assert "<style" not in source
    assert all('src="' in tag for tag in re.findall(r"<script[^>]*>", source))


@pytest.mark.parametrize("name", PUBLIC)
def test_a_page_has_one_heading_a_title_a_language_and_a_way_past_the_menu(client, name):
    source = client.get(reverse(name)).content.decode()
    assert len(re.findall(r"<h1\b", source)) == 1
    assert re.search(r"<title>[^<]*\S[^<]* · OnePoints</title>", source)
    assert '<html lang="en">' in source
    assert source.index('class="skip-link" href="#content"') < source.index("<nav") < source.index('id="content"')


def test_a_stranger_is_offered_sign_in_and_no_personal_pages(client):
    source = client.get(reverse("help")).content.decode()
    assert reverse("account_login") in source
    assert f'href="{reverse("activities")}"' not in source
    assert reverse("preferences") not in source


def test_a_holder_sees_their_pages_and_not_the_teams(client, holder):
    client.force_login(holder)
    source = client.get(reverse("help")).content.decode()
    for name in ("activities", "catalogue", "requests", "help", "preferences", "account_email"):
        assert f'href="{reverse(name)}"' in source
    assert f'href="{reverse("admin:index")}"' not in source


def test_the_team_sees_its_link(client):
    client.force_login(make_reviewer())
    assert f'href="{reverse("admin:index")}"' in client.get(reverse("help")).content.decode()


def test_the_menu_marks_where_one_is(client):
    source = client.get(reverse("catalogue")).content.decode()
    assert f'<a href="{reverse("catalogue")}" aria-current="page">' in source
    assert source.count("aria-current") == 1


def test_a_name_is_shown_as_text_never_as_markup(client):
    client.force_login(make_holder("<b>Bold</b>"))
    source = client.get(reverse("help")).content.decode()
    assert "&lt;b&gt;Bold&lt;/b&gt;" in source
    assert "<b>Bold" not in source


def test_signing_out_is_one_button_in_the_menu(client, holder):
    client.force_login(holder)
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session


# --- preferences ------------------------------------------------------------------------------------------------------


def test_preferences_need_a_sign_in(client):
    response = client.get(reverse("preferences"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_preferences_keep_name_zone_and_reminders(client, holder):
    client.force_login(holder)
    entry = {"name": "Hanna H.", "time_zone": "Europe/Vienna", "reminders": User.Reminders.FEW}
    response = client.post(reverse("preferences"), entry, follow=True)
    holder.refresh_from_db()
    assert (holder.name, holder.time_zone, holder.reminders) == ("Hanna H.", "Europe/Vienna", "few")
    assert "Your preferences are saved." in response.content.decode()


@pytest.mark.parametrize(
    "wrong", [{"time_zone": "Mars/Olympus"}, {"reminders": "hourly"}, {"name": ""}, {"name": "x" * 151}]
)
def test_wrong_preferences_are_said_at_the_field_and_change_nothing(client, holder, wrong):
    client.force_login(holder)
    entry = {"name": "Other", "time_zone": "Europe/Vienna", "reminders": "few", **wrong}
    response = client.post(reverse("preferences"), entry)
    holder.refresh_from_db()
    assert response.status_code == 200
    assert "is-invalid" in response.content.decode()
    assert (holder.name, holder.time_zone) == ("Hanna Holder", "America/Detroit")


def test_preferences_change_nothing_else_of_a_person(client, holder):
    client.force_login(holder)
    entry = {"name": "Hanna", "time_zone": "Europe/Vienna", "reminders": "few"}
    client.post(reverse("preferences"), {**entry, "is_staff": "on", "is_superuser": "on", "email": "x@example.com"})
    before, holder = holder.email, User.objects.get(pk=holder.pk)
    assert (holder.is_staff, holder.is_superuser, holder.email) == (False, False, before)


@pytest.mark.parametrize("zone", ["America/Detroit", "Asia/Kolkata", "America/Argentina/Buenos_Aires", "UTC"])
def test_the_zone_a_person_has_is_among_the_choices(client, zone):
    client.force_login(make_holder(time_zone=zone))
    source = client.get(reverse("preferences")).content.decode()
    assert f'<option value="{zone}" selected>' in source


# --- when something goes wrong ----------------------------------------------------------------------------------------


def test_an_unknown_address_is_said_calmly_with_a_reference_that_stands_in_the_log(client, caplog):
    response = client.get("/nothing/here/")
    source = response.content.decode()
    assert response.status_code == 404
    assert "There is nothing at this address" in source
    assert REFERENCE.search(source)[1] in caplog.text
    check_strict(response)


@pytest.mark.parametrize(
    ("view", "status", "sentence"),
    [
        (lambda r: views.bad_request(r, SuspiciousOperation()), 400, "did not arrive whole"),
        (lambda r: views.forbidden(r, PermissionDenied()), 403, "not open to you"),
        (views.too_many, 429, "Wait five minutes"),
    ],
)
def test_each_refusal_says_what_to_do(view, status, sentence):
    request = RequestFactory().get("/somewhere/")
    request.user = AnonymousUser()
    response = view(request)
    assert response.status_code == status
    assert sentence in response.content.decode()
    assert REFERENCE.search(response.content.decode())


def test_a_form_without_its_token_has_expired_and_lost_nothing(holder):
    client = Client(enforce_csrf_checks=True)
    client.force_login(holder)
    response = client.post(reverse("preferences"), {"name": "X"})
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()
    assert REFERENCE.search(response.content.decode())


def test_a_fault_of_ours_shows_a_page_that_needs_neither_person_nor_database(holder):
    request = RequestFactory().get("/somewhere/")
    request.user = holder
    with CaptureQueriesContext(connection) as captured:
        response = views.server_error(request)
    source = response.content.decode()
    assert response.status_code == 500
    assert "Something broke on our side" in source
    assert REFERENCE.search(source)
    assert holder.email not in source
    assert len(captured) == 0


def test_a_view_that_breaks_answers_with_that_page(client, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("a fault")

    monkeypatch.setattr("onepoints.views.render", broken)
    client.raise_request_exception = False
    response = client.get(reverse("home"))
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
    check_strict(response)
