from celery import shared_task
from django.utils import timezone

from activities import scanning, workflow


@shared_task
def sweep_uploads() -> None:
    workflow.sweep(timezone.now())


@shared_task
def scan_held() -> None:
    scanning.scan_held()
