"""Mail: one way to build it, one way to send it. Every mail is HTML and plain text, and is a Delivery row first."""

import re
import smtplib
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.utils import parseaddr
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from integrations.errors import Refused, Unavailable


def one_line(text: str) -> str:
    """The text without line breaks, control and direction characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def header_text(text: str) -> str:
    """A person's words made fit for a mail header."""
    return one_line(text)[:200]


def link(name: str, *args: object) -> str:
    """The whole address of a page: built from the ONEPOINTS_URL setting, never from a request."""
    return f"{settings.SITE_URL}{reverse(name, args=args)}"


def tidy(text: str) -> str:
    """Plain text in lines fit for a mail, without the blank lines that template tags leave behind. Links stay whole."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(map(_wrapped, text.splitlines())).strip()) + "\n"


def _wrapped(line: str) -> str:
    indent = "  " if line.startswith("- ") else ""
    return textwrap.fill(line, 76, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def compose(
    template: str, context: dict[str, object], *, to: str, reference: str, language: str
) -> EmailMultiAlternatives:
    """The mail `templates/emails/<template>.{subject.txt,txt,html}` for one person.

    `reference` is the delivery row's: the Message-ID is made from it, so that a second sending is recognisably the same
    mail.
    """
    context = {"site_url": settings.SITE_URL, **context}
    with translation.override(language):
        subject = header_text(render_to_string(f"emails/{template}.subject.txt", context))
        text = tidy(render_to_string(f"emails/{template}.txt", context))
        html = render_to_string(f"emails/{template}.html", {**context, "subject": subject})
    return envelope(subject, text, html, to=to, reference=reference)


def envelope(subject: str, text: str, html: str, *, to: str, reference: str) -> EmailMultiAlternatives:
    """A message with our headers. `Auto-Submitted` keeps out-of-office answers from writing back."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    message = EmailMultiAlternatives(
        subject=header_text(subject),
        body=text,
        to=[to],
        headers={"Message-ID": f"<{reference.replace('/', '.')}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
    if html:
        message.attach_alternative(html, "text/html")
    return message


@contextmanager
def post_office() -> Iterator["PostOffice"]:
    """One connection to the mail server for a batch of mails; opened with the first mail that is sent."""
    office = PostOffice()
    try:
        yield office
    finally:
        office.close()


class PostOffice:
    """Sends mails over one connection and says of a failure whether trying again helps."""

    def __init__(self) -> None:
        self.connection = get_connection()

    def send(self, message: EmailMessage) -> None:
        """Raises Refused when the server will never take this mail, Unavailable when it may later.

        Only what it says of the recipient or of the content is about this mail. A wrong password or a sender it does
        not like is ours to mend, and then the mail goes.
        """
        message.connection = self.connection
        try:
            self.connection.open()
            message.send()
        except smtplib.SMTPRecipientsRefused as refusal:
            self.close()
            raise _verdict(*next(iter(refusal.recipients.values()))) from refusal
        except smtplib.SMTPDataError as refusal:
            self.close()
            raise _verdict(refusal.smtp_code, refusal.smtp_error) from refusal
        except (OSError, smtplib.SMTPException) as trouble:
            self.close()
            raise Unavailable(f"The mail server does not take mail: {trouble}") from trouble

    def close(self) -> None:
        """Hang up. A server that is already gone is no reason to fail."""
        try:
            self.connection.close()
        except (OSError, smtplib.SMTPException):
            self.connection = get_connection()


def _verdict(code: int, words: bytes | str) -> Exception:
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    kind = Refused if code >= 500 else Unavailable
    return kind(f"The mail server said {code} {said}")


class FileBackend(BaseEmailBackend):
    """The embedded default's mail server: each mail becomes one .eml file under EMAIL_FILE_PATH."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{timezone.now():%Y%m%d-%H%M%S-%f}-{uuid4().hex[:6]}"
            draft = folder / f".{name}"
            draft.write_bytes(message.message().as_bytes(linesep="\r\n"))  # type: ignore[call-arg]
            draft.chmod(0o600)
            draft.rename(folder / f"{name}.eml")
        return len(email_messages)
