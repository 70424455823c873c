"""Doorbells for what leaves the portal about requests and expiry dates: the work stands in rows."""

from celery import shared_task
from django.utils import timezone

from accounts.clock import program_today
from certifications.models import Reminder
from integrations.delivery import deliver, due_batches
from integrations.mail import post_office
from submissions import emails, reminders, workflow
from submissions.models import Notice


@shared_task
def sweep() -> None:
    """Enqueue whatever mail is due. (A credentialing case lives in the portal and is delivered as it is opened.)"""
    for ids in due_batches(Notice.objects.all(), timezone.now()):
        deliver_notices.delay(ids=ids)
    for ids in due_batches(Reminder.objects.all(), timezone.now()):
        deliver_reminders.delay(ids=ids)


@shared_task
def deliver_notices(*, ids: list[int]) -> None:
    with post_office() as office:
        rows = Notice.objects.filter(pk__in=ids).order_by("pk")
        deliver(rows, lambda row: emails.send_notice(row, office, on=program_today()), timezone.now)


@shared_task
def deliver_reminders(*, ids: list[int]) -> None:
    with post_office() as office:
        rows = Reminder.objects.filter(pk__in=ids).order_by("pk")
        deliver(rows, lambda row: emails.send_reminder(row, office, on=program_today()), timezone.now)


@shared_task
def plan_reminders() -> None:
    reminders.plan(program_today(), at=timezone.now())


@shared_task
def lapse_unanswered() -> None:
    workflow.lapse_unanswered(at=timezone.now(), on=program_today())
