"""What the mails say: subject, both texts, dates, one button, and how to get fewer."""

import re
from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from certifications.models import Credential, Reminder
from onepoints.tests.factories import (
    NOW,
    TODAY,
    accept_all,
    approve,
    make_activity,
    make_credential,
    make_holder,
    make_points,
    make_reviewer,
    send,
)
from submissions import emails, workflow
from submissions.models import Notice, Step, Submission
from submissions.rules import Reason, Verdict

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("program")]

MAY_12 = date(2027, 5, 12)


@pytest.fixture(autouse=True)
def _site(settings):
    settings.SITE_URL = "https://points.example.com"


@pytest.fixture
def reviewer():
    return make_reviewer()


def holder_with(*points, name="Ada Lovelace", **fields):
    holder = make_holder(name, **fields)
    for number in points:
        make_points(holder, number)
    return holder


def last_notice(submission: Submission, on: date = TODAY):
    step = submission.steps.latest("pk")
    return emails.build_notice(Notice.objects.get(step=step), Step.objects.get(pk=step.pk), on=on)


def remind(credential: Credential, on: date):
    return emails.build_reminder(
        Reminder(credential=credential, expires_on=credential.expires_on, reference="reminder-1"), on=on
    )


def html(message) -> str:
    return message.alternatives[0][0]


def plain(message) -> str:
    """The text with each paragraph on one line."""
    return re.sub(r"(?<!\n)\n(?!\n) *", " ", message.body)


def check_form(message, link: str) -> None:
    """What every mail of ours is: two texts that hold the same one button, and nothing from elsewhere."""
    buttons = re.findall(r'<a class="button" href="([^"]+)"', html(message))
    assert buttons == [link]
    assert f":\n{link}\n" in message.body
    assert re.findall(r"<(?:img|script|iframe|link|form)\b", html(message)) == []
    assert set(re.findall(r"https?://[^/\"<\s]+", html(message) + message.body)) == {"https://points.example.com"}
    assert "<table" not in html(message)
    assert "prefers-color-scheme: dark" in html(message)
    assert "You get this mail because" in html(message)
    assert "You get this mail because" in plain(message)
    assert "&#" not in message.body + message.subject
    assert "&quot;" not in message.body
    assert "\n\n\n" not in message.body


# --- about a request --------------------------------------------------------------------------------------------------


def test_sent():
    submission = send(make_credential(holder_with(40), MAY_12))
    message = last_notice(submission)
    assert message.subject == f"We have your request {submission}"
    assert message.to == [submission.holder.email]
    assert "Hello Ada," in message.body
    assert "protected while we decide, even past 12 May 2027" in plain(message)
    assert "sent on 24 November 2026" in plain(message)
    check_form(message, f"https://points.example.com/requests/{submission.pk}/")


@pytest.mark.parametrize(
    ("refused", "subject"),
    [(0, "A question about {}"), (1, "One thing is missing from {}"), (2, "Two things are missing from {}")],
)
def test_returned_counts_what_is_missing(reviewer, refused, subject):
    submission = send(make_credential(holder_with(10, 10, 20), MAY_12))
    workflow.take(submission, by=reviewer, at=NOW)
    first, *others = submission.counted.held()
    workflow.judge(first, Verdict.ACCEPTED, by=reviewer)
    for counted in others[:refused]:
        workflow.judge(counted, Verdict.REFUSED, reason=Reason.UNREADABLE, words="Page 2 is <black>.", by=reviewer)
    workflow.return_for_more(submission, "Please look & add.", by=reviewer, at=NOW, on=TODAY)
    message = last_notice(submission)
    assert message.subject == subject.format(submission)
    assert "Please look & add." in message.body
    assert "Please look &amp; add." in html(message)
    assert message.body.count("The evidence cannot be read. Page 2 is <black>.") == refused
    assert html(message).count("Page 2 is &lt;black&gt;.") == refused
    assert "Answer by 24 December 2026" in plain(message)
    check_form(message, f"https://points.example.com/requests/{submission.pk}/answer/")


def test_many_missing_things_are_a_number(reviewer):
    submission = send(make_credential(holder_with(*[4] * 10), MAY_12))
    workflow.take(submission, by=reviewer, at=NOW)
    for counted in submission.counted.held():
        workflow.judge(
            counted, Verdict.FEWER, points=Decimal(1), reason=Reason.FEWER_HOURS, words="1 hour", by=reviewer
        )
    workflow.return_for_more(submission, "All of them.", by=reviewer, at=NOW, on=TODAY)
    assert last_notice(submission).subject == f"10 things are missing from {submission}"


def test_answered(reviewer):
    submission = send(make_credential(holder_with(40), MAY_12))
    accept_all(submission, reviewer)
    workflow.return_for_more(submission, "Why?", by=reviewer, at=NOW, on=TODAY)
    workflow.answer(submission, [c.activity_id for c in submission.counted.held()], at=NOW, on=TODAY)
    message = last_notice(submission)
    assert message.subject == f"We have your answer to {submission}"
    check_form(message, f"https://points.example.com/requests/{submission.pk}/")


def test_approved_names_the_gain_first_and_what_is_free_again(reviewer):
    holder = make_holder()
    activities = [make_points(holder, 20), make_points(holder, 20), make_points(holder, 8)]
    submission = send(make_credential(holder, MAY_12), activities)
    accept_all(submission, reviewer)
    workflow.judge(
        submission.counted.get(points=8), Verdict.REFUSED, reason=Reason.OTHER_NAME, words="It names Bob.", by=reviewer
    )
    workflow.approve(submission, "Well done.", from_day=MAY_12, by=reviewer, at=NOW)
    message = last_notice(submission)
    assert message.subject == "Extended: Administration R2 until 12 May 2029"
    assert "no longer ends on 12 May 2027 but on 12 May 2029" in plain(message)
    assert "Well done." in message.body
    assert "free again in your log: - " in plain(message)
    assert message.body.count("The evidence names another person. It names Bob.") == 1
    check_form(message, f"https://points.example.com/requests/{submission.pk}/")


def test_approved_without_refusals_speaks_of_none(reviewer):
    submission = send(make_credential(holder_with(40), MAY_12))
    approve(submission, reviewer)
    assert "free again" not in last_notice(submission).body


def test_rejected_says_what_the_team_wrote_and_the_next_step(reviewer):
    submission = send(make_credential(holder_with(40), MAY_12))
    accept_all(submission, reviewer)
    workflow.reject(submission, "Not yours.", by=reviewer, at=NOW)
    message = last_notice(submission)
    assert message.subject == f"Decided: {submission} was not approved"
    assert "Not yours." in message.body
    assert "active until 12 May 2027: until that day you can send a new request" in plain(message)
    check_form(message, f"https://points.example.com/certifications/{submission.credential_id}/ask/")


def test_rejected_after_the_expiry_date_names_the_exam(reviewer):
    submission = send(make_credential(holder_with(40), MAY_12))
    accept_all(submission, reviewer)
    workflow.reject(submission, "Not yours.", by=reviewer, at=NOW)
    message = last_notice(submission, on=MAY_12 + timedelta(days=1))
    assert "ended on 12 May 2027; an updated exam renews it" in plain(message)
    check_form(message, f"https://points.example.com/requests/{submission.pk}/")


def test_lapsed(reviewer):
    submission = send(make_credential(holder_with(40), MAY_12))
    workflow.take(submission, by=reviewer, at=NOW)
    workflow.return_for_more(submission, "Why?", by=reviewer, at=NOW, on=TODAY)
    workflow.lapse_unanswered(at=NOW, on=TODAY + timedelta(days=31))
    message = last_notice(submission)
    assert message.subject == f"{submission} has lapsed: your activities are free again"
    check_form(message, f"https://points.example.com/certifications/{submission.credential_id}/ask/")


# --- about an expiry date ---------------------------------------------------------------------------------------------


def check_reminder(message, page: str) -> None:
    check_form(message, f"https://points.example.com{page}")
    assert 'href="https://points.example.com/preferences/"' in html(message)
    assert "Get fewer reminders, or none: https://points.example.com/preferences/" in plain(message)


def test_enough_points():
    credential = make_credential(holder_with(40, 2), MAY_12)
    message = remind(credential, TODAY)
    assert message.subject == "You have 42 points: extend Administration R2 now"
    assert "40 extend it until 12 May 2029" in plain(message)
    assert "Ask by 12 April 2027, at the latest on 12 May 2027." in plain(message)
    check_reminder(message, f"/certifications/{credential.pk}/ask/")


def test_enough_points_that_do_not_last_name_the_day():
    holder = holder_with(34)
    make_points(holder, 8, date(2025, 3, 3))
    message = remind(make_credential(holder, MAY_12), TODAY)
    assert "Ask by 3 March 2027: after that day some of your points stop counting" in plain(message)


def test_enough_points_that_last_need_no_warning():
    holder = holder_with(40)
    make_points(holder, 8, date(2025, 3, 3))
    assert "stop counting" not in remind(make_credential(holder, MAY_12), TODAY).body


def test_points_missing_say_how_many_what_lapses_and_what_would_close_the_gap():
    holder = holder_with(26)
    make_activity(holder, "SPL-WSH-F", date(2025, 3, 3), title="Splash & more")
    make_activity(holder, "WAV-ATT", date(2026, 10, 20), title="WAVE", evidence=False, quantity=Decimal(6))
    message = remind(make_credential(holder, MAY_12), TODAY)
    assert message.subject == "6 points to go: Administration R2 ends on 12 May 2027"
    said = plain(message)
    assert "“Splash & more”: its 8 points count until 3 March 2027 only. Ask by then, or replace them." in said
    assert "“WAVE”: No evidence yet: add it and this counts." in said
    assert "Instructor-led course, 1 day (8 points), or 6 × Tech Talk, attended live." in said
    assert "About 2 points a month until 12 April 2027 are enough." in said
    check_reminder(message, "/activities/log/")


def test_one_point_is_one_point():
    message = remind(make_credential(holder_with(39), MAY_12), TODAY)
    assert message.subject == "1 point to go: Administration R2 ends on 12 May 2027"


def test_a_quarter_missing_is_missing():
    message = remind(make_credential(holder_with("39.75"), MAY_12), TODAY)
    assert message.subject == "0.25 points to go: Administration R2 ends on 12 May 2027"


def test_what_can_never_count_again_is_not_proposed():
    holder = holder_with(34)
    make_activity(holder, "TT-ATT", date(2024, 1, 5), title="Long ago", held_at=time(9))
    assert "Long ago" not in remind(make_credential(holder, MAY_12), TODAY).body


def test_nothing_logged_says_what_points_are():
    message = remind(make_credential(holder_with(), MAY_12), TODAY)
    assert message.subject == "40 points to go: Administration R2 ends on 12 May 2027"
    assert "nothing is logged yet" in plain(message)
    assert "in the last 24 months" in plain(message)
    check_reminder(message, "/activities/log/")


@pytest.mark.parametrize("points", [(40,), (34,), ()])
def test_past_the_advised_day_the_last_one_is_what_matters(points):
    message = remind(make_credential(holder_with(*points), MAY_12), date(2027, 4, 13))
    assert "The day we advise, 12 April 2027, has passed. You are in time until 12 May 2027." in plain(message)
    on_the_day = remind(make_credential(holder_with(*points), MAY_12), date(2027, 4, 12))
    assert "has passed" not in on_the_day.body


@pytest.mark.parametrize(("points", "page"), [(40, "/certifications/{}/ask/"), (34, "/activities/log/")])
@pytest.mark.parametrize(
    ("days", "subject"),
    [
        (7, "Last day to ask is Wednesday, 12 May"),
        (1, "Last day to ask is Wednesday, 12 May"),
        (0, "Today is the last day to ask: Administration R2"),
    ],
)
def test_the_last_days(points, page, days, subject):
    holder = make_holder()
    make_points(holder, points, date(2027, 5, 1))
    credential = make_credential(holder, MAY_12)
    message = remind(credential, MAY_12 - timedelta(days=days))
    assert message.subject == subject
    check_reminder(message, page.format(credential.pk))


@pytest.mark.parametrize(
    ("days", "subject"),
    [
        (1, "Administration R2 ended yesterday: what you can do now"),
        (3, "Administration R2 ended on 12 May 2027: what you can do now"),
    ],
)
def test_afterwards(days, subject):
    message = remind(make_credential(holder_with(40), MAY_12), MAY_12 + timedelta(days=days))
    assert message.subject == subject
    assert "The day to ask was 12 April 2027, the last one 12 May 2027." in plain(message)
    assert "updated exam renews it" in plain(message)
    check_reminder(message, "/")


# --- to whom ----------------------------------------------------------------------------------------------------------


def test_a_hostile_name_stays_text():
    holder = make_holder("Ada\r\nBcc:eve@example.com <script>alert(1)</script>")
    make_points(holder, 34)
    make_activity(holder, "WAV-ATT", title="<img src=x>\nSubject: x", evidence=False, quantity=Decimal(6))
    message = remind(make_credential(holder, MAY_12), TODAY)
    assert message.to == [holder.email]
    assert set(message.message().keys()) >= {"Subject", "To", "From"}
    assert "Bcc" not in message.message()
    assert re.findall(r"<(script|img)", html(message)) == []


def test_words_are_written_in_a_persons_language_and_moments_in_their_zone(monkeypatch):
    seen = []
    monkeypatch.setattr(
        emails.mail, "compose", lambda *args, **kwargs: seen.append((timezone.get_current_timezone_name(), kwargs))
    )
    holder = holder_with(40, time_zone="Pacific/Auckland", language="en")
    last_notice(send(make_credential(holder, MAY_12)))
    remind(Credential.objects.get(), TODAY)
    assert [zone for zone, _ in seen] == ["Pacific/Auckland"] * 2
    assert {kwargs["language"] for _, kwargs in seen} == {"en"}
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_reminder_takes_a_fixed_number_of_queries(django_assert_num_queries):
    def queries(number):
        holder = holder_with(*[1] * number)
        credential = make_credential(holder, MAY_12)
        with django_assert_num_queries(8):
            remind(credential, TODAY)

    queries(1)
    queries(30)
