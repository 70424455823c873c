"""One way to build a mail, one way to send it, against a real mail server."""

from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.core import mail as django_mail

from integrations import mail
from integrations.errors import Refused, Unavailable
from integrations.mail import FileBackend
from integrations.tests.post import Sink, free_port, silent_server, smtp_server


def letter(subject="Subject", text="Text", html="<p>HTML</p>", to="ada@example.com", reference="SUB-00042-7-returned"):
    return mail.envelope(subject, text, html, to=to, reference=reference)


def send(*messages) -> None:
    with mail.post_office() as office:
        for message in messages:
            office.send(message)


def test_a_mail_arrives_as_text_and_html_with_our_headers(sink, settings):
    settings.DEFAULT_FROM_EMAIL = "OnePoints <portal@points.example.com>"
    send(letter(subject="Zwölf Punkte", text="Fünf – “sechs”"))
    (arrived,) = sink.mails
    assert arrived["Subject"] == "Zwölf Punkte"
    assert arrived["From"] == "OnePoints <portal@points.example.com>"
    assert arrived["Message-ID"] == "<SUB-00042-7-returned@points.example.com>"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived.get_body(["plain"]).get_content().strip() == "Fünf – “sechs”"
    assert arrived.get_body(["html"]).get_content().strip() == "<p>HTML</p>"
    assert sink.recipients == ["ada@example.com"]


def test_the_same_row_sent_again_is_recognisably_the_same_mail(sink):
    send(letter(), letter())
    assert len({m["Message-ID"] for m in sink.mails}) == 1


def test_a_batch_goes_over_one_connection(sink):
    send(*(letter(to=f"p{n}@example.com") for n in range(5)))
    assert (len(sink.mails), len(sink.sessions)) == (5, 1)


@pytest.mark.parametrize(
    "evil",
    [
        "Hi\r\nBcc: eve@example.com",
        "Hi\nBcc: eve@example.com\n\nNew body",
        "Hi\x0bBcc: eve@example.com",
        "Hi\u2028Bcc: eve@example.com\x00\x1b",
        "Hi\x85\u202eBcc: eve@example.com",
        "Hi" + " x" * 5000,
    ],
)
def test_no_words_become_a_header(sink, evil):
    send(letter())
    send(letter(subject=evil))
    plain, arrived = sink.mails
    assert sorted(arrived.keys()) == sorted(plain.keys())
    assert "Bcc" not in arrived
    assert sink.recipients == ["ada@example.com"] * 2
    assert len(arrived["Subject"]) <= 200
    assert arrived["Subject"].isprintable()


def test_an_address_with_a_line_break_is_refused_not_sent(sink):
    with pytest.raises(ValueError, match="Invalid address"):
        send(letter(to="ada@example.com\nBcc: eve@example.com"))
    assert sink.mails == []


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ("550 No such mailbox", Refused, "The mail server said 550 No such mailbox"),
        ("552 Mailbox full", Refused, "552"),
        ("451 Try again later", Unavailable, "The mail server said 451 Try again later"),
        ("421 Closing", Unavailable, "421"),
    ],
)
def test_the_servers_answer_says_whether_trying_again_helps(use_mail_server, answer, kind, words):
    with smtp_server(Sink(lambda to: answer)) as port:
        use_mail_server(port)
        with pytest.raises(kind, match=words):
            send(letter())


def test_after_a_refusal_the_next_mail_of_the_batch_still_goes(use_mail_server):
    sink = Sink(lambda to: "550 No" if to.startswith("nobody") else "250 OK")
    with smtp_server(sink) as port, mail.post_office() as office:
        use_mail_server(port)
        office.connection = django_mail.get_connection()
        with pytest.raises(Refused):
            office.send(letter(to="nobody@example.com"))
        office.send(letter())
    assert sink.recipients == ["ada@example.com"]


def test_a_server_nobody_runs_is_unavailable(use_mail_server):
    use_mail_server(free_port())
    with pytest.raises(Unavailable, match="does not take mail"):
        send(letter())


def test_a_silent_server_is_unavailable_after_the_timeout(use_mail_server):
    with silent_server() as port:
        use_mail_server(port, timeout=0.3)
        with pytest.raises(Unavailable, match="timed out"):
            send(letter())


def test_a_server_that_hangs_up_is_unavailable(use_mail_server):
    class Rude(Sink):
        async def handle_DATA(self, server, session, envelope):
            server.transport.abort()
            return "250 OK"

    with smtp_server(Rude()) as port:
        use_mail_server(port)
        with pytest.raises(Unavailable):
            send(letter())


def test_a_wrong_password_of_ours_is_no_fault_of_the_mail(sink, settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "portal", "wrong"
    with pytest.raises(Unavailable, match="does not take mail"):
        send(letter())


def test_a_sender_the_server_does_not_like_is_no_fault_of_the_mail(use_mail_server):
    class Picky(Sink):
        async def handle_MAIL(self, server, session, envelope, address, options):
            return "550 Who are you?"

    with smtp_server(Picky()) as port:
        use_mail_server(port)
        with pytest.raises(Unavailable, match="Who are you"):
            send(letter())


def test_without_a_mail_server_each_mail_is_a_file(settings, tmp_path):
    settings.EMAIL_BACKEND = "integrations.mail.FileBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    send(letter(), letter(to="bob@example.com"))
    files = sorted(Path(settings.EMAIL_FILE_PATH).iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    content = files[0].read_bytes()
    assert b"\r\n" in content
    assert message_from_bytes(content, policy=policy.default)["To"] == "ada@example.com"


def test_the_file_backend_takes_a_timeout_like_any_other():
    assert django_mail.get_connection("integrations.mail.FileBackend", timeout=2).__class__ is FileBackend


# --- words ------------------------------------------------------------------------------------------------------------


def test_links_come_from_the_setting(settings):
    settings.SITE_URL = "https://points.example.com"
    assert mail.link("request", 42) == "https://points.example.com/requests/42/"


def test_plain_text_is_tidy():
    link = "https://points.example.com/" + "x" * 100
    text = f"\n\nHello,\n\n\n\n- {'word ' * 20}\n{link}\n\n"
    assert mail.tidy(text) == f"Hello,\n\n- {'word ' * 14}word\n  {'word ' * 4}word\n{link}\n"
