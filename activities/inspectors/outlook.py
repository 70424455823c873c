"""Mails as Outlook saves them (.msg)."""

from collections.abc import Iterator
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

from oxmsg import Message
from oxmsg.domain import constants as properties
from oxmsg.properties import Properties

from activities.inspection import Findings
from activities.inspectors import carried, mail
from activities.inspectors.mail import attempt

DELIVERED = 0x0E06  # when it reached the mailbox
SHORT_NAME, DISPLAYED_NAME = 0x3704, 0x3001
FORWARDED = "__substg1.0_3701000D"
FORWARDED_OFFSET = 24  # its properties begin earlier than those of the message around it
MAX_ATTACHMENTS = 2_000


def inspect(kind: str, content: bytes, folder: Path) -> Findings:
    try:
        message = Message.load(content)
        message_class = message.message_class.upper()
    except (KeyError, OSError, ValueError):
        return Findings("no mail")
    if not message_class.startswith("IPM."):
        return Findings("no mail")
    attachments = message.attachments
    if len(attachments) > MAX_ATTACHMENTS:
        raise ValueError("more attachments than a mail has")
    if any(carried.is_program(_name(file), _content(file)) for file in attachments):
        return Findings("carries program")
    return mail.drawn("\n\n".join([_letter(message, attachments), *_forwarded(attachments)]), folder)


def _letter(message: Message, attachments: tuple[Any, ...]) -> str:
    return mail.spelled(
        {
            "From": mail.header_text(attempt(lambda: message.sender or "", "")),
            "To": ", ".join(attempt(lambda: [str(r.name or r.email_address) for r in message.recipients[:50]], [])),
            "Date": attempt(lambda: _date(message), ""),
            "Subject": attempt(lambda: message.subject, ""),
        },
        _body(message),
        [name for name in map(_name, attachments) if name],
    )


def _body(message: Any) -> str:
    body = attempt(lambda: message.body or "", "")
    return body if body.strip() else mail.text_of_html(attempt(lambda: message.html_body or "", ""))


def _date(message: Message) -> str:
    sent = message.sent_date or message.properties.date_prop_value(DELIVERED)
    return format_datetime(sent) if sent else message.message_headers.get("Date", "")


def _content(file: Any) -> bytes:
    return attempt(lambda: bytes(file.file_bytes or b""), b"")


def _name(file: Any) -> str:
    name = attempt(lambda: file.file_name, None) or attempt(lambda: file.properties.str_prop_value(SHORT_NAME), None)
    return str(name or attempt(lambda: file.properties.str_prop_value(DISPLAYED_NAME), None) or "")


def _forwarded(attachments: tuple[Any, ...]) -> Iterator[str]:
    """Mails that were forwarded as attachments."""
    for file in attachments:
        inner = [storage for storage in file._storage.storages if storage.name == FORWARDED]
        yield from (attempt(partial(_inner_letter, storage), "") for storage in inner)


def _inner_letter(storage: Any) -> str:
    inner = Properties(storage, FORWARDED_OFFSET)
    sender = inner.str_prop_value(properties.PID_SENDER_NAME) or ""
    subject = inner.str_prop_value(properties.PID_SUBJECT) or ""
    return mail.spelled({"From": sender, "Subject": subject}, inner.str_prop_value(properties.PID_BODY) or "", [])
