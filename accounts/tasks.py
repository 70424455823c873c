"""Doorbells for mail about accounts."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from accounts import emails, sessions
from accounts.models import AccountMail
from integrations.delivery import deliver, due_batches
from integrations.mail import post_office


@shared_task
def sweep() -> None:
    """Enqueue whatever account mail is due."""
    for ids in due_batches(AccountMail.objects.all(), timezone.now()):
        deliver_account_mail.delay(ids=ids)


@shared_task
def deliver_account_mail(*, ids: list[int]) -> None:
    with post_office() as office:

        def send(row: AccountMail) -> str:
            office.send(emails.build(row))
            emails.wipe(row)
            return ""

        deliver(AccountMail.objects.filter(pk__in=ids), send, timezone.now)


@shared_task
def sweep_sessions() -> None:
    """Forget sessions that have ended, and where they were."""
    SessionStore.clear_expired()
    sessions.forget_ended()
