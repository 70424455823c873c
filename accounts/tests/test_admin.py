"""People in the team's pages: only an administrator adds them, changes them and says what they may do."""

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import AccountMail, User
from certifications.models import Credential
from onepoints.tests.factories import NOW, PASSWORD, make_credential, make_holder, make_reviewer

pytestmark = pytest.mark.usefixtures("program", "today")
PEOPLE, ADD = reverse("admin:accounts_user_changelist"), reverse("admin:accounts_user_add")
MAILS = reverse("admin:accounts_accountmail_changelist")
NEW = {"email": "Ada@Example.org", "name": "Ada Holder", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def administered(client):
    client.force_login(make_holder("Root", is_staff=True, is_superuser=True, email="root@example.org"))
    return client


def change_page(person):
    return reverse("admin:accounts_user_change", args=[person.pk])


def person_form(person, **changes):
    kept = {"email": person.email, "name": person.name, "time_zone": person.time_zone, "reminders": person.reminders}
    return {**kept, "is_active": "on", **changes}


def unclaimed(email):
    credential = make_credential(make_holder())
    Credential.objects.filter(pk=credential.pk).update(holder=None, registry_email=email)
    return credential


def test_a_person_added_by_the_team_can_sign_in_and_gets_their_certifications(administered, client):
    credential = unclaimed("ada@example.org")
    response = administered.post(ADD, NEW, follow=True)
    assert "1 certification was recorded under this address" in response.content.decode()
    ada = User.objects.get(email="ada@example.org")
    assert ada.check_password(PASSWORD)
    assert not ada.is_staff
    address = EmailAddress.objects.get(user=ada)
    assert (address.email, address.verified, address.primary) == ("ada@example.org", True, True)
    credential.refresh_from_db()
    assert credential.holder == ada
    client.logout()
    client.post(reverse("account_login"), {"login": "ada@example.org", "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(ada.pk)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"email": "ROOT@example.org"}, "already an account with this e-mail address"),
        ({"email": "nobody"}, "valid email address"),
        ({"password2": "something else 1"}, "didn’t match"),
        ({"password1": "short", "password2": "short"}, "at least 10 characters"),
    ],
)
def test_a_person_that_cannot_be_added_is_refused_at_the_form(administered, changes, sentence):
    page = administered.post(ADD, {**NEW, **changes}).content.decode()
    assert sentence in page
    assert User.objects.count() == 1


def test_an_address_that_somebody_else_has_confirmed_is_not_given_away(administered):
    other = make_holder()
    EmailAddress.objects.create(user=other, email="ada@example.org", verified=True, primary=True)
    page = administered.post(ADD, NEW).content.decode()
    assert "Another person has confirmed this address as theirs." in page
    assert not User.objects.filter(email="ada@example.org").exists()


def test_a_new_address_replaces_the_old_one_for_signing_in(administered):
    person = make_holder(email="old@example.org")
    EmailAddress.objects.create(user=person, email="old@example.org", verified=True, primary=True)
    credential = unclaimed("new@example.org")
    administered.post(change_page(person), person_form(person, email="new@example.org"))
    assert list(EmailAddress.objects.filter(user=person).values_list("email", "verified")) == [
        ("new@example.org", True)
    ]
    credential.refresh_from_db()
    assert credential.holder == person


def test_a_change_that_leaves_the_address_alone_vouches_for_nothing(administered):
    person = make_holder()
    administered.post(change_page(person), person_form(person, name="New Name"))
    person.refresh_from_db()
    assert person.name == "New Name"
    assert not EmailAddress.objects.filter(user=person).exists()


def test_an_administrator_puts_a_person_into_the_team_by_group(administered):
    person = make_holder()
    group = Group.objects.get(name="Reviewers")
    administered.post(change_page(person), person_form(person, is_staff="on", groups=[group.pk]))
    person = User.objects.get(pk=person.pk)
    assert person.is_staff
    assert person.has_perm("submissions.review_submission")


def test_the_last_sign_in_is_shown_and_not_edited(administered):
    person = make_holder(last_login=NOW - timedelta(days=3))
    page = administered.get(change_page(person)).content.decode()
    assert "21 November 2026" in page
    administered.post(change_page(person), person_form(person, last_login_0="2020-01-01", last_login_1="00:00"))
    person.refresh_from_db()
    assert person.last_login == NOW - timedelta(days=3)


def test_a_disabled_persons_open_session_ends_at_once(administered, client):
    person = make_holder()
    theirs = type(client)()
    theirs.force_login(person)
    administered.post(change_page(person), {k: v for k, v in person_form(person).items() if k != "is_active"})
    assert theirs.get(PEOPLE).status_code == 302
    assert reverse("account_login") in theirs.get(PEOPLE, follow=True).redirect_chain[-1][0]


def test_nobody_is_deleted(administered):
    person = make_holder()
    assert administered.post(reverse("admin:accounts_user_delete", args=[person.pk])).status_code == 403


def test_a_programme_manager_looks_people_up_and_sees_no_rights(client):
    person = make_holder("Ada Holder", email="ada@example.org")
    client.force_login(make_reviewer("Max", "Programme managers"))
    response = client.get(PEOPLE, {"q": "ada@"})
    assert list(response.context["cl"].result_list) == [person]
    page = client.get(change_page(person)).content.decode()
    assert "ada@example.org" in page
    assert "Superuser" not in page
    assert "Groups" not in page
    assert "algorithm" not in page


@pytest.mark.parametrize("group", ["Reviewers", "Programme managers"])
def test_nobody_but_an_administrator_adds_or_changes_people(client, group):
    person = make_reviewer("Climber", group)
    client.force_login(person)
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, NEW).status_code == 403
    climb = person_form(person, is_staff="on", is_superuser="on")
    assert client.post(change_page(person), climb).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[person.pk])
    assert client.post(password, {"password1": "x", "password2": "x"}).status_code == 403
    person.refresh_from_db()
    assert not person.is_superuser


def test_a_reviewer_does_not_see_people(client):
    client.force_login(make_reviewer())
    assert client.get(PEOPLE).status_code == 403


def test_what_groups_may_do_is_shown_and_not_edited(administered):
    group = Group.objects.get(name="Reviewers")
    change = reverse("admin:auth_group_change", args=[group.pk])
    assert "Can review and decide requests" in administered.get(change).content.decode()
    assert administered.post(change, {"name": "Renamed", "permissions": []}).status_code == 403
    assert administered.get(reverse("admin:auth_group_add")).status_code == 403


# --- mails about accounts ---------------------------------------------------------------------------------------------


def make_mail(**fields):
    return AccountMail.objects.create(
        **{
            "reference": f"account-{AccountMail.objects.count()}",
            "to": "ada@example.org",
            "subject": "A code for you",
            "text": "Your code is 4711-0815",
            "html": "<p>4711-0815</p>",
            "created_at": NOW,
            "next_attempt_at": NOW,
            **fields,
        }
    )


@pytest.mark.parametrize("superuser", [False, True])
def test_mails_about_accounts_are_shown_without_their_words(client, superuser):
    mail = make_mail(last_error="The mail server cannot be reached")
    manager = make_reviewer("Max", "Programme managers", is_superuser=superuser)
    client.force_login(manager)
    for address in (MAILS, reverse("admin:accounts_accountmail_change", args=[mail.pk])):
        page = client.get(address).content.decode()
        assert "ada@example.org" in page
        assert "cannot be reached" in page
        assert "4711" not in page


def test_a_mail_that_was_given_up_is_tried_again(client):
    mail = make_mail(gave_up_at=NOW, last_error="no")
    client.force_login(make_reviewer("Max", "Programme managers"))
    client.post(MAILS, {"action": "try_again", "_selected_action": [mail.pk]})
    assert list(AccountMail.objects.due(NOW)) == [mail]


@pytest.mark.parametrize(("address", "make"), [(PEOPLE, make_holder), (MAILS, make_mail)])
def test_thirty_rows_take_as_many_queries_as_two(administered, django_assert_max_num_queries, address, make):
    make()
    administered.get(address)
    with django_assert_max_num_queries(20) as few:
        administered.get(address)
    for _ in range(28):
        make()
    with django_assert_max_num_queries(20) as many:
        assert len(administered.get(address).context["cl"].result_list) >= 29
    assert len(many) == len(few)
