"""Mails about an account: rows first, in our voice, with links from the setting, and forgotten once they have left."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone

from accounts import emails, tasks
from accounts.models import AccountMail
from integrations.tests.conftest import sink, use_mail_server
from integrations.tests.post import Sink, free_port, smtp_server
from onepoints.signin import AccountAdapter
from onepoints.tests.factories import NOW, PASSWORD, make_holder

__all__ = ["sink", "use_mail_server"]

pytestmark = pytest.mark.django_db

ADDRESS = "ada@example.com"
SITE = "https://points.example.com"


@pytest.fixture(autouse=True)
def _site(settings):
    settings.SITE_URL = SITE


def deliver() -> None:
    tasks.deliver_account_mail(ids=list(AccountMail.objects.values_list("pk", flat=True)))


def html(message) -> str:
    return message.alternatives[0][0]


def render(template: str, **context):
    """The mail as it would leave."""
    AccountAdapter().send_mail(f"account/email/{template}", ADDRESS, context)
    return emails.build(AccountMail.objects.latest("pk"))


@pytest.mark.parametrize(
    ("template", "subject"),
    [
        ("email_confirmation", "Your code for OnePoints"),
        ("email_confirmation_signup", "Your code for OnePoints"),
        ("password_reset_code", "Your code for a new password"),
        ("login_code", "Your code to sign in to OnePoints"),
    ],
)
def test_a_code_is_in_both_texts_and_never_in_the_subject(template, subject):
    message = render(template, code="H7KQ-3MPX")
    assert message.subject == subject
    assert "\n    H7KQ-3MPX\n" in message.body
    assert '<p class="code">H7KQ-3MPX</p>' in html(message)
    assert ADDRESS in message.body


@pytest.mark.parametrize(
    "template",
    ["email_confirmation", "password_reset_code", "login_code", "account_already_exists", "unknown_account"],
)
def test_each_mail_says_why_it_comes_and_what_to_do_if_it_was_somebody_else(template):
    message = render(template, code="H7KQ-3MPX")
    said = re.sub(r"\s+", " ", message.body)
    for text in (said, html(message)):
        assert "You get this mail because somebody" in text
        assert "If it was not you, do nothing" in text


@pytest.mark.parametrize(
    ("template", "page"),
    [("account_already_exists", "account_reset_password"), ("unknown_account", "account_signup")],
)
def test_links_come_from_the_setting_and_never_from_the_request(client, template, page):
    message = render(template, password_reset_url="https://evil.example/", signup_url="https://evil.example/")
    assert f"\n{SITE}{reverse(page)}\n" in message.body
    assert f'href="{SITE}{reverse(page)}"' in html(message)
    assert "evil" not in message.body + html(message)


@pytest.mark.parametrize(
    "template",
    ["password_changed", "password_set", "password_reset", "email_changed", "email_confirm", "email_deleted"],
)
def test_a_change_of_the_account_is_told_with_a_way_out(template):
    message = render(
        template,
        ip="192.0.2.7",
        user_agent="Fox <script>alert(1)</script>",
        timestamp=timezone.now(),
        from_email="old@example.com",
        to_email="new@example.com",
        deleted_email="old@example.com",
    )
    assert "192.0.2.7" in message.body
    assert f"{SITE}{reverse('account_reset_password')}" in message.body
    assert "<script>" not in html(message)
    assert re.findall(r"\{[{%]", message.body + html(message) + message.subject) == []


def test_sign_up_writes_a_row_and_the_worker_sends_it(client, sink, program):
    client.post(reverse("account_signup"), {"email": ADDRESS, "name": "Ada", "password1": PASSWORD})
    assert AccountMail.objects.waiting().get().to == ADDRESS
    assert sink.mails == []
    deliver()
    (arrived,) = sink.mails
    assert arrived["Subject"] == "Your code for OnePoints"
    code = re.search(r"^\s+([A-Z0-9-]{6,})\s*$", arrived.get_body(["plain"]).get_content(), re.MULTILINE)[1]
    assert code in arrived.get_body(["html"]).get_content()


def test_a_known_and_an_unknown_address_get_the_same_page_and_one_row_each(client, program):
    user = make_holder(email=ADDRESS)
    EmailAddress.objects.create(user=user, email=ADDRESS, verified=True, primary=True)
    pages = [
        client.post(reverse("account_reset_password"), {"email": address})
        for address in (ADDRESS, "nobody@example.com")
    ]
    assert [(page.status_code, page.headers["Location"]) for page in pages] == [
        (302, reverse("account_confirm_password_reset_code"))
    ] * 2
    assert list(AccountMail.objects.order_by("pk").values_list("to", flat=True)) == [ADDRESS, "nobody@example.com"]


def test_once_sent_the_code_is_forgotten(sink):
    render("login_code", code="H7KQ-3MPX")
    deliver()
    row = AccountMail.objects.get()
    assert row.delivered_at
    assert (row.text, row.html) == ("", "")
    assert "H7KQ" not in row.subject + row.reference
    deliver()
    assert len(sink.mails) == 1


def test_what_could_not_be_sent_is_kept_and_goes_later(use_mail_server):
    render("login_code", code="H7KQ-3MPX")
    use_mail_server(free_port())
    deliver()
    row = AccountMail.objects.get()
    assert (row.delivered_at, row.attempts) == (None, 1)
    assert "H7KQ-3MPX" in row.text
    row.record(next_attempt_at=timezone.now() - timedelta(seconds=1))
    sink = Sink()
    with smtp_server(sink) as port:
        use_mail_server(port)
        deliver()
    assert sink.recipients == [ADDRESS]


def test_a_sweep_enqueues_account_mail_that_is_due(monkeypatch):
    batches = []
    monkeypatch.setattr(tasks.deliver_account_mail, "delay", lambda *, ids: batches.append(ids))
    render("login_code", code="H7KQ-3MPX")
    row = AccountMail.objects.get()
    AccountMail.objects.create(
        reference="later", to=ADDRESS, created_at=NOW, next_attempt_at=timezone.now() + timedelta(hours=1)
    )
    tasks.sweep()
    assert batches == [[row.pk]]
