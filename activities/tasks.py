from celery import shared_task
from django.utils import timezone

from activities import workflow


@shared_task
def sweep_uploads() -> None:
    workflow.sweep(timezone.now())
