from celery import shared_task
from django.utils import timezone

from integrations.models import Heartbeat


@shared_task
def heartbeat() -> None:
    Heartbeat.beat(timezone.now())
