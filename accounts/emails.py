"""Mails about an account: written as rows by the sign-in pages, carried by Celery."""

from datetime import datetime
from uuid import uuid4

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import EmailMessage

from accounts.models import AccountMail
from integrations import doorbell, mail


def enqueue(message: EmailMessage, *, at: datetime) -> None:
    """Keep allauth's rendered message for the worker: the page does not wait for a mail server."""
    html = next((a[0] for a in getattr(message, "alternatives", []) if a[1] == "text/html"), "")
    for address in message.to:
        AccountMail.objects.create(
            reference=f"account-{uuid4().hex}",
            next_attempt_at=at,
            created_at=at,
            to=address,
            subject=mail.header_text(str(message.subject)),
            text=str(message.body),
            html=html,
        )
    doorbell.ring_on_commit("accounts.tasks.sweep")


def build(row: AccountMail) -> EmailMultiAlternatives:
    return mail.envelope(row.subject, row.text, row.html, to=row.to, reference=row.reference)


def wipe(row: AccountMail) -> None:
    """Forget the code that was in a mail which has left."""
    AccountMail.objects.filter(pk=row.pk).update(text="", html="")
