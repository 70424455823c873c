"""The timetable, and a real worker on a real broker."""

import os
import subprocess
import sys
from datetime import timedelta
from urllib.parse import quote

import pytest
from celery.beat import Scheduler
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.clock import program_today
from certifications.models import Reminder
from integrations.models import Heartbeat
from integrations.tests.conftest import sink, use_mail_server
from integrations.tests.post import LOOPBACK
from onepoints import celery
from onepoints.environment import PROJECT
from onepoints.tests.factories import make_credential, make_holder, make_points, send
from submissions.models import Notice

__all__ = ["sink", "use_mail_server"]


# --- the timetable ----------------------------------------------------------------------------------------------------


def test_every_line_of_the_timetable_names_a_task_that_exists():
    celery.app.loader.import_default_modules()
    named = {line["task"] for line in celery.app.conf.beat_schedule.values()}
    assert named <= set(celery.app.tasks)
    assert "submissions.tasks.plan_reminders" in named


def test_the_timetable_is_one_that_beat_can_read():
    scheduler = Scheduler(celery.app, lazy=True)
    scheduler.merge_inplace(celery.app.conf.beat_schedule)
    assert set(scheduler.schedule) >= set(celery.app.conf.beat_schedule)
    for entry in scheduler.schedule.values():
        assert entry.is_due()


def test_reminders_are_planned_by_the_programmes_clock():
    assert str(celery.app.timezone) == settings.PROGRAM_TIME_ZONE


def test_beat_is_heard_at_its_start_and_not_a_minute_later(monkeypatch):
    sent = []
    monkeypatch.setattr(celery.app, "send_task", sent.append)
    celery.ring_at_start()
    assert sent == ["integrations.tasks.heartbeat"]


def test_a_lost_worker_loses_no_task_and_messages_hold_no_pickles():
    conf = celery.app.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert (conf.accept_content, conf.task_serializer) == (["json"], "json")
    assert not conf.task_always_eager


# --- a real worker ----------------------------------------------------------------------------------------------------


@pytest.fixture
def worker(broker_url, sink, tmp_path):
    """A worker process on the test's own database, with the sink as its mail server; ended after its last task."""
    environment = {
        **os.environ,
        "DATABASE_URL": _database_url(),
        "REDIS_URL": broker_url,
        "EMAIL_URL": f"smtp://{LOOPBACK}:{settings.EMAIL_PORT}",
        "ONEPOINTS_VAR": str(tmp_path / "var"),
    }
    with celery.app.connection(broker_url) as broker:
        celery.app.control.purge(broker)
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "onepoints", "worker", "--concurrency=1"]
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(
            [*command, "--loglevel=INFO", "--without-mingle", "--without-gossip"],
            cwd=PROJECT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

        def finish() -> str:
            process.terminate()
            process.wait(30)
            return (tmp_path / "log").read_text()

        try:
            yield finish
        finally:
            process.kill()
            process.wait(30)


def _database_url() -> str:
    db = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(str(db['NAME']))}"
    person = f"{quote(db['USER'])}:{quote(db['PASSWORD'])}" if db["PASSWORD"] else quote(db["USER"])
    return f"postgres://{person}@{db['HOST'] or LOOPBACK}:{db['PORT'] or 5432}/{quote(str(db['NAME']))}"


def ring(task: str, broker_url: str) -> None:
    with celery.app.connection(broker_url) as broker:
        celery.app.send_task(task, connection=broker)


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_on_a_real_broker_delivers_notices_and_reminders(worker, program, broker_url, sink):
    holder = make_holder(email="ada@example.com")
    make_points(holder, 40)
    submission = send(make_credential(holder, program_today() + timedelta(days=200)), at=timezone.now())
    make_credential(make_holder(email="bob@example.com"), program_today() + timedelta(days=30))
    for task in ("integrations.tasks.heartbeat", "submissions.tasks.plan_reminders", "submissions.tasks.sweep"):
        ring(task, broker_url)
    assert sink.wait_for(2, seconds=60), worker()
    log = worker()
    subjects = {str(mail["To"]): mail["Subject"] for mail in sink.mails}
    assert subjects["ada@example.com"] == f"We have your request {submission}"
    assert subjects["bob@example.com"].startswith("40 points to go: Administration R2 ends on")
    assert Notice.objects.get().delivered_at, log
    assert Reminder.objects.get().delivered_at, log
    assert Heartbeat.objects.get()
