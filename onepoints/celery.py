"""The Celery app and its whole timetable. Tasks are doorbells: the work itself stands in database rows."""

import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onepoints.settings")

app = Celery("onepoints")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    # Every minute: enqueue whatever is due to leave the portal.
    "deliver account mail": {"task": "accounts.tasks.sweep", "schedule": 60.0},
    "deliver notices and reminders": {"task": "submissions.tasks.sweep", "schedule": 60.0},
    # Every minute: ask the virus scanner about files it has not answered for yet.
    "scan what is held back": {"task": "activities.tasks.scan_held", "schedule": 60.0},
    # Every minute: prove that beat, broker and worker live; /readyz reads it.
    "heartbeat": {"task": "integrations.tasks.heartbeat", "schedule": 60.0},
    # Hours are the programme's. Reminders go out by day, and are planned hourly because a missed hour must not
    # cost a day: each planning only adds what is not there yet.
    "plan reminders": {"task": "submissions.tasks.plan_reminders", "schedule": crontab(minute=20, hour="7-20")},
    "lapse unanswered returns": {"task": "submissions.tasks.lapse_unanswered", "schedule": crontab(minute=10)},
    "sweep unused uploads": {"task": "activities.tasks.sweep_uploads", "schedule": crontab(minute=40)},
    "sweep sessions": {"task": "accounts.tasks.sweep_sessions", "schedule": crontab(minute=50, hour=3)},
}


@beat_init.connect
def ring_at_start(**_: object) -> None:
    """Beat once at the start, so that a fresh portal is ready in seconds instead of a minute."""
    app.send_task("integrations.tasks.heartbeat")
