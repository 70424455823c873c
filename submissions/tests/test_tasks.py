"""The doorbells: what is due is enqueued, and goes out once, over one connection, if it is still true."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.clock import program_today
from accounts.models import User
from certifications.models import Credential, Reminder
from integrations.delivery import BATCH, PAUSES
from integrations.tests.post import Sink, smtp_server
from onepoints.tests.factories import make_credential, make_holder, make_points, make_reviewer
from onepoints.tests.factories import send as ask
from onepoints.tests.races import together
from submissions import tasks, workflow
from submissions.models import Notice, Submission
from submissions.rules import Status

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("program")]


def send(credential: Credential) -> Submission:
    return ask(credential, on=program_today(), at=timezone.now())


def make_request(**fields) -> Submission:
    holder = make_holder(**fields)
    make_points(holder, 40, program_today() - timedelta(days=100))
    return send(make_credential(holder, program_today() + timedelta(days=200)))


def make_reminded(days: int = 30, **fields) -> Credential:
    """A credential that ends so many days from today; its holder has enough points."""
    holder = make_holder(**fields)
    make_points(holder, 40, program_today() - timedelta(days=100))
    return make_credential(holder, program_today() + timedelta(days=days))


def deliver_notices() -> None:
    tasks.deliver_notices(ids=list(Notice.objects.values_list("pk", flat=True)))


def deliver_reminders() -> None:
    tasks.deliver_reminders(ids=list(Reminder.objects.values_list("pk", flat=True)))


@pytest.fixture
def enqueued(monkeypatch):
    """The batches a sweep hands to the workers."""
    batches = []
    for task in (tasks.deliver_notices, tasks.deliver_reminders):
        monkeypatch.setattr(task, "delay", lambda ids, name=task.name: batches.append((name.rsplit(".")[-1], ids)))
    return batches


# --- the sweep --------------------------------------------------------------------------------------------------------


def test_a_sweep_enqueues_whatever_is_due_and_nothing_else(enqueued):
    make_request()
    make_reminded()
    tasks.plan_reminders()
    Notice.objects.create(
        step=make_request().steps.create(move="approved", at=timezone.now()),
        reference="later",
        next_attempt_at=timezone.now() + timedelta(hours=1),
    )
    tasks.sweep()
    notices = Notice.objects.exclude(reference="later").order_by("next_attempt_at")
    assert enqueued == [
        ("deliver_notices", [notice.pk for notice in notices]),
        ("deliver_reminders", [Reminder.objects.get().pk]),
    ]


def test_a_sweep_hands_out_small_batches(enqueued):
    for _ in range(BATCH + 1):
        make_reminded()
    tasks.plan_reminders()
    tasks.sweep()
    assert [len(ids) for _, ids in enqueued] == [BATCH, 1]


# --- notices ----------------------------------------------------------------------------------------------------------


def test_a_notice_goes_out_once(sink):
    submission = make_request()
    deliver_notices()
    deliver_notices()
    (arrived,) = sink.mails
    assert arrived["Subject"] == f"We have your request {submission}"
    assert arrived["Message-ID"].startswith(f"<{Notice.objects.get().reference}@")
    assert Notice.objects.get().delivered_at
    assert Notice.objects.get().external_id == ""


def test_a_batch_goes_over_one_connection(sink):
    for _ in range(3):
        make_request()
    deliver_notices()
    assert (len(sink.mails), len(sink.sessions)) == (3, 1)


def test_an_address_that_does_not_exist_stops_no_other(use_mail_server):
    make_request(email="nobody@example.com")
    make_request(email="ada@example.com")
    sink = Sink(lambda to: "550 No such mailbox" if to.startswith("nobody") else "250 OK")
    with smtp_server(sink) as port:
        use_mail_server(port)
        deliver_notices()
    assert sink.recipients == ["ada@example.com"]
    refused = Notice.objects.get(gave_up_at__isnull=False)
    assert refused.step.submission.holder.email == "nobody@example.com"
    assert "550 No such mailbox" in refused.last_error


def test_a_server_that_asks_for_patience_gets_it(use_mail_server):
    make_request()
    with smtp_server(Sink(lambda to: "451 Later, please")) as port:
        use_mail_server(port)
        deliver_notices()
    notice = Notice.objects.get()
    assert (notice.delivered_at, notice.gave_up_at, notice.attempts) == (None, None, 1)
    assert timedelta(0) < notice.next_attempt_at - timezone.now() <= PAUSES[0]
    assert "451" in notice.last_error


def test_a_poisoned_notice_stops_no_other(sink):
    first, second = make_request(), make_request()
    first.steps.update(move="taken")  # of which there is no mail
    deliver_notices()
    assert sink.recipients == [second.holder.email]
    assert Notice.objects.waiting().get().step.submission == first


def test_a_return_that_was_answered_meanwhile_is_not_sent(sink):
    submission, reviewer = make_request(), make_reviewer()
    workflow.take(submission, by=reviewer, at=timezone.now())
    workflow.return_for_more(submission, "Why?", by=reviewer, at=timezone.now(), on=program_today())
    counted = [c.activity_id for c in submission.counted.held()]
    workflow.answer(submission, counted, at=timezone.now(), on=program_today())
    deliver_notices()
    assert [mail["Subject"] for mail in sink.mails] == [
        f"We have your request {submission}",
        f"We have your answer to {submission}",
    ]
    assert Notice.objects.get(step__move="returned").external_id == "not needed"


def test_a_closed_account_gets_no_mail(sink):
    make_request()
    User.objects.update(is_active=False)
    deliver_notices()
    assert sink.mails == []
    assert Notice.objects.get().external_id == "not needed"


# --- reminders --------------------------------------------------------------------------------------------------------


def test_a_reminder_goes_out_once(sink):
    credential = make_reminded()
    for _ in range(3):
        tasks.plan_reminders()
        deliver_reminders()
    (arrived,) = sink.mails
    assert arrived["Subject"] == "You have 40 points: extend Administration R2 now"
    assert sink.recipients == [credential.holder.email]
    assert (Reminder.objects.get().days_before, Reminder.objects.get().external_id) == (30, "")


def open_a_request(credential):
    send(credential)


def switch_off(credential):
    User.objects.update(reminders=User.Reminders.NONE)


def move_the_date(credential):
    Credential.objects.update(expires_on=credential.expires_on + timedelta(days=700))


def close_the_account(credential):
    User.objects.update(is_active=False)


@pytest.mark.parametrize("what_happens", [open_a_request, switch_off, move_the_date, close_the_account])
def test_what_happened_since_planning_makes_a_reminder_needless(sink, what_happens):
    credential = make_reminded()
    tasks.plan_reminders()
    what_happens(credential)
    deliver_reminders()
    reminder = Reminder.objects.get()
    assert sink.mails == []
    assert reminder.delivered_at
    assert reminder.external_id == "not needed"


def test_a_reminder_that_waited_out_an_outage_gives_way_to_the_next_step(sink):
    credential = make_reminded(30)
    tasks.plan_reminders()
    Credential.objects.update(expires_on=credential.expires_on - timedelta(days=16))
    Reminder.objects.update(expires_on=credential.expires_on - timedelta(days=16))  # as if 16 days had passed
    tasks.plan_reminders()
    deliver_reminders()
    assert dict(Reminder.objects.values_list("days_before", "external_id")) == {30: "not needed", 14: ""}
    assert len(sink.mails) == 1


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_several_workers_on_the_same_rows_send_each_mail_once(sink):
    people = [make_reminded().holder.email for _ in range(6)]
    tasks.plan_reminders()
    ids = list(Reminder.objects.values_list("pk", flat=True))
    together(4, lambda _n: tasks.deliver_reminders(ids=ids))
    assert sorted(sink.recipients) == sorted(people)


# --- the clock --------------------------------------------------------------------------------------------------------


def test_returns_that_nobody_answered_lapse_and_are_told(sink):
    submission, reviewer = make_request(), make_reviewer()
    workflow.take(submission, by=reviewer, at=timezone.now())
    past = program_today() - timedelta(days=31)
    workflow.return_for_more(submission, "Why?", by=reviewer, at=timezone.now(), on=past)
    tasks.lapse_unanswered()
    submission.refresh_from_db()
    assert submission.status == Status.LAPSED
    deliver_notices()
    assert sink.mails[-1]["Subject"] == f"{submission} has lapsed: your activities are free again"
