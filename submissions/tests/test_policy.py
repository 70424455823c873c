"""The programme's numbers are data, with a day from which they apply."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounts.rules import NotAllowed
from activities.models import ActivityType
from certifications.models import Credential
from onepoints.tests.factories import (
    NOW,
    TODAY,
    approve,
    make_activity,
    make_credential,
    make_holder,
    make_points,
    make_reviewer,
    send,
)
from submissions import workflow
from submissions.models import Policy
from submissions.standing import standing_of

pytestmark = pytest.mark.usefixtures("program")

TOMORROW = TODAY + timedelta(days=1)


def policy(effective_from=TOMORROW, **numbers):
    return Policy.objects.create(effective_from=effective_from, **numbers)


def why_not(credential, on=TODAY):
    return [line.why_not for line in standing_of(credential, on).lines]


def test_the_announced_programme_is_the_default():
    announced = Policy.objects.get()
    assert announced.points_needed == 40
    assert (announced.window_months, announced.extension_months) == (24, 24)
    assert (announced.advised_days, announced.answer_days) == (30, 30)
    assert announced.earliest_completion == date(2022, 1, 1)
    assert announced.share_activities is False


def test_a_version_applies_from_its_day():
    old, new = Policy.objects.get(), policy(points_needed=50)
    assert Policy.objects.in_force(TODAY) == old
    assert Policy.objects.in_force(TOMORROW) == new
    assert Policy.objects.in_force(date(2040, 1, 1)) == new


def test_before_the_first_version_there_is_none():
    with pytest.raises(Policy.DoesNotExist):
        Policy.objects.in_force(date(2021, 12, 31))


def test_the_points_needed_change_with_the_policy():
    holder = make_holder()
    make_points(holder, 40)
    credential = make_credential(holder)
    policy(points_needed=50)
    assert standing_of(credential, TODAY).can_submit
    assert standing_of(credential, TOMORROW).missing == 10
    with pytest.raises(NotAllowed, match="10 more points"):
        send(credential, [line.activity for line in standing_of(credential, TOMORROW).lines], on=TOMORROW)


def test_a_request_is_decided_under_the_policy_it_was_sent_under():
    holder = make_holder()
    submission = send(make_credential(holder), [make_points(holder, 40)])
    policy(points_needed=50, extension_months=12)
    assert approve(submission, make_reviewer(), at=NOW + timedelta(days=9)).new_expires_on == date(2029, 5, 12)


def test_an_answer_is_judged_under_the_policy_the_request_was_sent_under():
    holder, reviewer = make_holder(), make_reviewer()
    activity = make_points(holder, 40)
    submission = send(make_credential(holder), [activity])
    workflow.take(submission, by=reviewer, at=NOW)
    workflow.return_for_more(submission, "More", by=reviewer, at=NOW, on=TODAY)
    policy(points_needed=50, window_months=1, earliest_completion=TODAY)
    assert workflow.answer(submission, [activity.pk], at=NOW, on=TOMORROW).points == 40


def test_the_days_to_answer_are_the_policys():
    Policy.objects.update(answer_days=10)
    holder, reviewer = make_holder(), make_reviewer()
    submission = send(make_credential(holder), [make_points(holder, 40)])
    workflow.take(submission, by=reviewer, at=NOW)
    returned = workflow.return_for_more(submission, "More", by=reviewer, at=NOW, on=TODAY)
    assert returned.answer_by == TODAY + timedelta(days=10)


def test_window_extension_and_advised_day_are_the_policys():
    Policy.objects.update(window_months=12, extension_months=36, advised_days=45)
    holder = make_holder()
    make_points(holder, 40, date(2025, 11, 24))
    make_points(holder, 20, date(2025, 11, 23))
    standing = standing_of(make_credential(holder), TODAY)
    assert standing.points == 40
    assert standing.new_expires_on == date(2030, 5, 12)
    assert standing.advised_by == date(2027, 3, 28)


def test_the_first_day_that_counts_is_the_policys():
    Policy.objects.update(earliest_completion=date(2026, 3, 2))
    holder = make_holder()
    make_points(holder, 20, date(2026, 3, 1))
    make_points(holder, 20, date(2026, 3, 2))
    assert why_not(make_credential(holder)) == ["", "Completed before 2 March 2026; activities count from that day on."]


# --- one activity for several certifications --------------------------------------------------------------------------


@pytest.fixture
def two_credentials():
    holder = make_holder()
    return make_credential(holder), make_credential(holder, code="OCP-LA")


def test_an_activity_is_spent_for_all_certifications(two_credentials):
    one, other = two_credentials
    activity = make_points(one.holder, 40)
    submission = send(one, [activity])
    assert why_not(other) == [f"Already spent on {submission}."]


def test_with_sharing_it_serves_each_certification_once(two_credentials):
    Policy.objects.update(share_activities=True)
    one, other = two_credentials
    activity = make_points(one.holder, 40)
    submission = send(one, [activity])
    assert why_not(one) == [f"Already spent on {submission}."]
    assert why_not(other) == [""]
    second = send(other, [activity])
    assert why_not(other) == [f"Already spent on {second}."]


def test_what_was_spent_before_sharing_began_is_not_shared(two_credentials):
    one, other = two_credentials
    submission = send(one, [make_points(one.holder, 40)])
    policy(share_activities=True)
    assert why_not(other, TOMORROW) == [f"Already spent on {submission}."]


def test_what_was_shared_is_spent_once_sharing_ends(two_credentials):
    Policy.objects.update(share_activities=True)
    one, other = two_credentials
    activity = make_points(one.holder, 40)
    submission = send(one, [activity])
    policy(share_activities=False)
    assert why_not(other, TOMORROW) == [f"Already spent on {submission}."]
    with pytest.raises(NotAllowed, match="Already spent"):
        send(other, [activity], on=TOMORROW)


# --- caps -------------------------------------------------------------------------------------------------------------


def test_no_cap_is_active_at_first():
    assert not ActivityType.objects.exclude(cap=None).exists()


def test_a_cap_counts_the_soonest_lapsing_and_says_so_of_the_rest():
    ActivityType.objects.filter(code="ILT-HR").update(cap=Decimal("10.00"))
    holder = make_holder()
    for day in (date(2026, 3, 2), date(2026, 1, 5), date(2026, 5, 4)):
        make_points(holder, 6, day)
    make_activity(holder, "ILT-4D")
    lines = {
        x.activity.completed_on: x for x in standing_of(make_credential(holder), TODAY).lines if x.activity.points == 6
    }
    assert [lines[day].points for day in sorted(lines)] == [6, 4, 0]
    assert lines[date(2026, 5, 4)].why_not == "At most 10 points of this kind count in one request."


def test_a_cap_is_of_one_request_and_the_next_one_has_it_again():
    ActivityType.objects.filter(code="ILT-HR").update(cap=40)
    holder = make_holder()
    first, second = make_points(holder, 40, date(2026, 1, 5)), make_points(holder, 40)
    credential = make_credential(holder)
    approve(send(credential, [first]), make_reviewer())
    credential.refresh_from_db()
    assert standing_of(credential, TODAY).points == 40
    assert send(credential, [second]).points == 40


def test_a_request_counts_no_more_than_its_caps_and_leaves_the_rest_free():
    ActivityType.objects.filter(code="ILT-HR").update(cap=Decimal("8.00"))
    holder = make_holder()
    early, late, over = (make_points(holder, 6, date(2026, month, 2)) for month in (1, 2, 3))
    submission = send(make_credential(holder), [early, late, over, make_activity(holder, "ILT-4D")])
    assert submission.points == 40
    assert {c.activity: c.points for c in submission.counted.all() if c.activity.type.code == "ILT-HR"} == {
        early: 6,
        late: 2,
    }
    over.refresh_from_db()
    assert not over.is_locked


def test_a_proposal_under_caps_is_enough_when_it_is_sent():
    ActivityType.objects.filter(code="ILT-HR").update(cap=Decimal("9.00"))
    holder = make_holder()
    for month in range(1, 6):
        make_points(holder, 3 + month, date(2026, month, 2))
        make_activity(holder, "ILT-1D", date(2026, month, 20))
    assert send(make_credential(holder)).points >= 40


def test_a_credential_keeps_its_date_when_the_policy_changes():
    credential = make_credential(make_holder())
    policy(extension_months=12)
    assert Credential.objects.get(pk=credential.pk).expires_on == date(2027, 5, 12)
