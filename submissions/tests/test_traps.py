"""The traps of the handbook, by name. Each goes through the portal's own calls, with real rows."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
import time_machine
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.clock import program_today
from accounts.rules import NotAllowed
from activities import workflow as activity_workflow
from activities.models import Activity, ActivityType, Evidence
from certifications.models import Certification, Credential
from certifications.rules import add_months
from onepoints.tests.factories import (
    MORNING,
    NOW,
    TODAY,
    accept_all,
    approve,
    make_activity,
    make_credential,
    make_holder,
    make_points,
    make_reviewer,
    pdf_upload,
    send,
)
from submissions import workflow
from submissions.models import Policy, Submission
from submissions.rules import Reason, Status, Verdict
from submissions.standing import standing_of

pytestmark = pytest.mark.usefixtures("program")


@pytest.fixture
def holder(program):
    return make_holder()


@pytest.fixture
def reviewer(program):
    return make_reviewer()


def counted_until(holder, credential, completed_on):
    """The last day on which an activity of that day can still be sent, found by trying each day around it."""
    make_points(holder, 40, completed_on)
    around = add_months(completed_on, 24)
    days = [around + timedelta(days=n) for n in range(-3, 4)]
    return [day for day in days if standing_of(credential, day).points]


# --- points -----------------------------------------------------------------------------------------------------------


def test_thirty_nine_and_three_quarters_may_not_be_sent(holder):
    activity = make_points(holder, "39.75")
    credential = make_credential(holder)
    with pytest.raises(NotAllowed, match=r"0\.25 more points are needed"):
        send(credential, [activity])
    assert not standing_of(credential, TODAY).can_submit
    assert not Submission.objects.exists()


def test_forty_points_may_be_sent(holder):
    parts = [make_points(holder, "39.75"), make_points(holder, "0.25")]
    credential = make_credential(holder)
    assert standing_of(credential, TODAY).can_submit
    assert send(credential, parts).points == Decimal("40.00")


# --- the window -------------------------------------------------------------------------------------------------------


def test_the_first_day_of_the_window_counts_and_the_day_before_does_not(holder):
    credential = make_credential(holder)
    make_points(holder, 40, date(2024, 11, 24))
    outside = make_points(holder, 40, date(2024, 11, 23))
    standing = standing_of(credential, TODAY)
    assert standing.points == 40
    assert [line.activity for line in standing.not_counting] == [outside]
    with pytest.raises(NotAllowed, match="Stopped counting after 23 November 2026"):
        send(credential, [outside])


def test_the_last_day_of_the_window_is_the_day_of_asking(holder):
    credential = make_credential(holder)
    activity = make_points(holder, 40, TODAY)
    assert standing_of(credential, TODAY).points == 40
    with pytest.raises(NotAllowed, match="Counts from 24 November 2026 on"):
        send(credential, [activity], on=TODAY - timedelta(days=1))
    assert send(credential, [activity]).points == 40


@pytest.mark.parametrize(
    ("completed_on", "last"),
    [
        (date(2028, 2, 29), date(2030, 2, 28)),
        (date(2026, 2, 28), date(2028, 2, 28)),
        (date(2026, 8, 31), date(2028, 8, 31)),
        (date(2026, 12, 31), date(2028, 12, 31)),
    ],
)
def test_the_twenty_ninth_of_february_and_the_ends_of_august_and_december(holder, completed_on, last):
    credential = make_credential(holder, expires_on=date(2031, 1, 1))
    counting = counted_until(holder, credential, completed_on)
    assert counting == [last - timedelta(days=n) for n in (3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("expires_on", "until"),
    [
        (date(2028, 2, 29), date(2030, 2, 28)),
        (date(2026, 12, 31), date(2028, 12, 31)),
        (date(2027, 8, 31), date(2029, 8, 31)),
    ],
)
def test_certifications_that_end_on_the_last_of_a_month(holder, reviewer, expires_on, until):
    activity = make_points(holder, 40)
    assert approve(send(make_credential(holder, expires_on), [activity]), reviewer).new_expires_on == until


def test_a_course_across_the_windows_edge_counts_on_its_last_day(holder):
    credential = make_credential(holder)
    make_activity(holder, "ILT-5D", date(2024, 11, 25), started_on=date(2024, 11, 20))
    assert standing_of(credential, TODAY).points == 40
    assert standing_of(credential, date(2026, 11, 25)).points == 40
    assert standing_of(credential, date(2026, 11, 26)).points == 0


def test_a_course_across_the_first_day_of_the_programme_counts_on_its_last_day(holder):
    credential = make_credential(holder)
    make_activity(holder, "ILT-5D", date(2022, 1, 3), started_on=date(2021, 12, 30))
    assert standing_of(credential, date(2022, 6, 1)).points == 40


# --- requests ---------------------------------------------------------------------------------------------------------


def test_two_requests_open_for_one_certification_never_exist(holder):
    credential = make_credential(holder)
    first = send(credential, [make_points(holder, 40)])
    with pytest.raises(NotAllowed, match=f"{first} is open"):
        send(credential, [make_points(holder, 40)])
    assert Submission.objects.get() == first


def test_one_activity_in_two_requests_is_spent_on_the_first(holder):
    activity, rest = make_points(holder, 8), make_points(holder, 40)
    first = send(make_credential(holder), [activity, make_points(holder, 32)])
    with pytest.raises(NotAllowed, match=f"Already spent on {first}"):
        send(make_credential(holder, code="OCP-LA"), [activity, rest])


def test_two_consecutive_extensions_within_24_months_need_forty_points_each(holder, reviewer):
    credential = make_credential(holder)
    spent = make_points(holder, 40)
    first = send(credential, [spent])
    approve(first, reviewer)
    credential.refresh_from_db()
    assert standing_of(credential, TODAY).points == 0
    with pytest.raises(NotAllowed, match=f"Already spent on {first}"):
        send(credential, [spent])
    approve(send(credential, [make_points(holder, 40)]), reviewer)
    credential.refresh_from_db()
    assert credential.expires_on == date(2031, 5, 12)
    assert [e.old_expires_on for e in credential.extensions.order_by("old_expires_on")] == [
        date(2027, 5, 12),
        date(2029, 5, 12),
    ]


def test_a_reviewer_cutting_below_forty_cannot_approve(holder, reviewer):
    submission = send(make_credential(holder), [make_points(holder, 40)])
    workflow.take(submission, by=reviewer, at=NOW)
    cut = {"points": Decimal("39.75"), "reason": Reason.FEWER_HOURS}
    workflow.judge(submission.counted.get(), Verdict.FEWER, by=reviewer, **cut)
    with pytest.raises(NotAllowed, match=r"0\.25 more points"):
        workflow.approve(submission, from_day=submission.expires_on, by=reviewer, at=NOW)
    submission.refresh_from_db()
    assert submission.status == Status.SUBMITTED


def test_a_reviewer_cutting_down_to_forty_can_approve(holder, reviewer):
    submission = send(make_credential(holder), [make_points(holder, 44)])
    workflow.take(submission, by=reviewer, at=NOW)
    workflow.judge(submission.counted.get(), Verdict.FEWER, points=Decimal(40), reason=Reason.OTHER, by=reviewer)
    assert workflow.approve(submission, from_day=submission.expires_on, by=reviewer, at=NOW)


def test_expiry_while_returned_costs_nothing(holder, reviewer):
    """Protected: answered and approved after the expiry date, extended from the old one."""
    credential = make_credential(holder, expires_on=TODAY)
    activity = make_points(holder, 40)
    submission = send(credential, [activity])
    workflow.take(submission, by=reviewer, at=NOW)
    workflow.return_for_more(submission, "More", by=reviewer, at=NOW, on=TODAY)
    after = TODAY + timedelta(days=20)
    assert not standing_of(credential, after).is_active
    workflow.answer(submission, [activity.pk], at=NOW, on=after)
    accept_all(submission, reviewer)
    extension = workflow.approve(submission, from_day=TODAY, by=reviewer, at=NOW + timedelta(days=21))
    assert extension.new_expires_on == date(2028, 11, 24)


def test_expiry_while_returned_and_unanswered_ends_it(holder, reviewer):
    credential = make_credential(holder, expires_on=TODAY)
    activity = make_points(holder, 40)
    submission = send(credential, [activity])
    workflow.take(submission, by=reviewer, at=NOW)
    workflow.return_for_more(submission, "More", by=reviewer, at=NOW, on=TODAY)
    after = TODAY + timedelta(days=31)
    assert workflow.lapse_unanswered(at=NOW, on=after) == 1
    with pytest.raises(NotAllowed, match="ended on 24 November 2026"):
        send(credential, [activity], on=after)


# --- versions ---------------------------------------------------------------------------------------------------------


def test_a_policy_change_between_logging_and_asking_applies_to_the_request_and_not_to_the_activity(holder):
    activity = make_activity(holder, "ILT-5D")
    ActivityType.objects.create(
        code="ILT-5D", valid_from=date(2026, 6, 1), name="Shorter now", category="course", unit="course",
        points=20, evidence="Certificate", is_eligible=False,
    )  # fmt: skip
    Policy.objects.create(effective_from=TODAY, points_needed=Decimal("40.25"))
    credential = make_credential(holder)
    assert standing_of(credential, TODAY - timedelta(days=1)).can_submit
    standing = standing_of(credential, TODAY)
    assert (standing.points, standing.missing) == (40, Decimal("0.25"))
    submission = send(credential, [activity, make_points(holder, 1)])
    assert submission.policy.points_needed == Decimal("40.25")


def test_a_corrected_activity_keeps_its_version_while_kind_and_day_stay(holder):
    activity = make_activity(holder, "ILT-5D", date(2026, 7, 1))
    ActivityType.objects.create(
        code="ILT-5D", valid_from=date(2026, 6, 1), name="Shorter now", category="course", unit="course",
        points=20, evidence="Certificate",
    )  # fmt: skip
    entry = {"code": "ILT-5D", "title": "Corrected"}
    same = activity_workflow.Entry(completed_on=date(2026, 7, 1), **entry)
    assert activity_workflow.change(activity, same, at=NOW, today=TODAY).points == 40
    moved = activity_workflow.Entry(completed_on=date(2026, 7, 2), **entry)
    assert activity_workflow.change(activity, moved, at=NOW, today=TODAY).points == 20


def test_a_certification_replaced_by_a_newer_release_is_still_extended(holder, reviewer):
    old = Certification.objects.get(code="OCA-ADM")
    old.replaced_by = Certification.objects.create(
        code="OCA-ADM-R3", name="Administration", level="associate", release="R3"
    )
    old.save()
    credential = make_credential(holder, code="OCA-ADM")
    make_credential(holder, code="OCA-ADM-R3", expires_on=date(2028, 1, 1))
    approve(send(credential, [make_points(holder, 40)]), reviewer)
    credential.refresh_from_db()
    assert (credential.certification, credential.expires_on) == (old, date(2029, 5, 12))


def test_an_activity_before_the_certification_was_earned_counts(holder):
    credential = make_credential(holder, earned_on=date(2026, 5, 12))
    make_points(holder, 40, date(2026, 5, 11))
    assert standing_of(credential, TODAY).can_submit


# --- two of the same --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_same_file_from_two_people_is_kept_twice_and_can_be_found():
    """Colleagues do take the same course. Each has a file of their own, and the team can see that they are alike."""
    one, other, content = make_holder(), make_holder(), pdf_upload().read()
    mine, theirs = (
        activity_workflow.keep_aside(person, SimpleUploadedFile("certificate.pdf", content), at=NOW)
        for person in (one, other)
    )
    assert mine.sha256 == theirs.sha256
    assert list(Evidence.objects.visible_to(other)) == [theirs]
    activity_workflow.remove_evidence(mine)
    assert not default_storage.exists(mine.file.name)
    assert Path(default_storage.path(theirs.file.name)).read_bytes() == content


def test_two_live_events_at_the_same_hour_are_the_reviewers_to_judge(holder, reviewer):
    """Nothing is said of it, so both count until a reviewer refuses one; forty must then be reached without it."""
    live = {"held_at": MORNING, "evidence": False}
    first, second = (make_activity(holder, "TW-ATT", quantity=Decimal(2), **live) for _ in range(2))
    credential = make_credential(holder)
    assert standing_of(credential, TODAY).points == 4
    submission = send(credential, [first, second, make_points(holder, 36)])
    accept_all(submission, reviewer)
    double = submission.counted.get(activity=second)
    workflow.judge(double, Verdict.REFUSED, reason=Reason.DUPLICATE, by=reviewer)
    with pytest.raises(NotAllowed, match="2 more points"):
        workflow.approve(submission, from_day=submission.expires_on, by=reviewer, at=NOW)


# --- midnight ---------------------------------------------------------------------------------------------------------

# The certification ends on 24 November. In Auckland it is the 25th already, in Detroit still the 24th.
LATE_EVENING = datetime(2026, 11, 25, 4, 59, tzinfo=UTC)
AFTER_MIDNIGHT = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)


def test_midnight_is_the_programmes_and_not_the_persons():
    assert settings.PROGRAM_TIME_ZONE == "America/Detroit"
    holder = make_holder(time_zone="Pacific/Auckland")
    credential = make_credential(holder, expires_on=date(2026, 11, 24))
    activity = make_points(holder, 40)
    with time_machine.travel(AFTER_MIDNIGHT, tick=False), pytest.raises(NotAllowed, match="ended on 24 November"):
        workflow.submit(credential, [activity.pk], key=uuid4(), at=AFTER_MIDNIGHT, on=program_today())
    with time_machine.travel(LATE_EVENING, tick=False):
        submission = workflow.submit(credential, [activity.pk], key=uuid4(), at=LATE_EVENING, on=program_today())
    assert submission.submitted_on == date(2026, 11, 24)


def test_a_person_ahead_of_the_programme_logs_todays_activity_tomorrow():
    """A day that has not come in the programme's zone cannot be logged yet."""
    ahead = make_holder(time_zone="Pacific/Auckland")
    with pytest.raises(NotAllowed, match="has not come yet"):
        activity_workflow.log(
            ahead,
            activity_workflow.Entry(code="ILT-1D", title="Today's course", completed_on=date(2026, 11, 25)),
            at=LATE_EVENING,
            today=program_today(LATE_EVENING),
        )
    assert not Activity.objects.exists()


# --- the rules that no trap names -------------------------------------------------------------------------------------


def test_activities_count_from_the_first_of_january_2022():
    holder = make_holder()
    credential = make_credential(holder, expires_on=date(2023, 6, 1))
    make_points(holder, 20, date(2022, 1, 1))
    ActivityType.objects.filter(code="ILT-HR").update(valid_from=date(2020, 1, 1))
    make_points(holder, 30, date(2021, 12, 31))
    assert standing_of(credential, date(2023, 1, 1)).points == 20


def test_a_certification_is_active_through_its_expiry_date(holder):
    credential = make_credential(holder, expires_on=TODAY)
    assert credential.is_active(TODAY)
    assert not credential.is_active(TODAY + timedelta(days=1))
    assert send(credential, [make_points(holder, 40)], on=TODAY)


def test_both_dates_are_known_and_only_the_second_refuses(holder):
    credential = make_credential(holder, expires_on=date(2027, 5, 12))
    make_points(holder, 40)
    on_time = standing_of(credential, date(2027, 4, 12))
    late = standing_of(credential, date(2027, 4, 13))
    over = standing_of(credential, date(2027, 5, 13))
    assert (on_time.advised_by, on_time.last_day) == (date(2027, 4, 12), date(2027, 5, 12))
    assert [s.is_late for s in (on_time, late, over)] == [False, True, False]
    assert [s.can_submit for s in (on_time, late, over)] == [True, True, False]


def test_the_surplus_is_spent_with_the_request(holder, reviewer):
    submission = send(make_credential(holder), [make_activity(holder, "ILT-5D"), make_points(holder, 8)])
    approve(submission, reviewer)
    other = make_credential(holder, code="OCP-LA")
    assert (submission.points, standing_of(other, TODAY).points) == (48, 0)


def test_what_a_request_does_not_count_stays(holder):
    make_activity(holder, "ILT-5D")
    rest = make_points(holder, 8)
    send(make_credential(holder))
    other = standing_of(make_credential(holder, code="OCP-LA"), TODAY)
    assert [line.activity for line in other.counting] == [rest]


def test_an_exam_moves_the_date_and_the_open_request_is_decided_on_what_the_reviewer_sees(holder, reviewer):
    """The registry's new date arrives while a request is open: approving on the old one is refused."""
    credential = make_credential(holder)
    submission = send(credential, [make_points(holder, 40)])
    accept_all(submission, reviewer)
    Credential.objects.update(expires_on=date(2028, 9, 1))
    with pytest.raises(NotAllowed, match="1 September 2028"):
        workflow.approve(submission, from_day=submission.expires_on, by=reviewer, at=NOW)
