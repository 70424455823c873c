"""The policy in the team's pages: a version that has begun to apply is history. And what is sent about requests."""

from datetime import date, timedelta

import pytest
import time_machine
from django.urls import reverse

from onepoints.tests.factories import NOW, TODAY, make_credential, make_holder, make_points, make_reviewer, send
from submissions.models import CredentialingCase, Notice, Policy

pytestmark = pytest.mark.usefixtures("program", "today")
LIST, ADD = reverse("admin:submissions_policy_changelist"), reverse("admin:submissions_policy_add")
NUMBERS = {
    "points_needed": "40",
    "window_months": "24",
    "extension_months": "24",
    "advised_days": "30",
    "answer_days": "30",
    "earliest_completion": "2022-01-01",
    "note": "",
}


@pytest.fixture
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def managed(client):
    client.force_login(make_reviewer("Max Manager", "Programme managers"))
    return client


def page(name, policy):
    return reverse(f"admin:submissions_policy_{name}", args=[policy.pk])


def add(client, day, **changes):
    return client.post(ADD, {**NUMBERS, "effective_from": day.isoformat(), **changes})


def test_a_new_version_starts_as_a_copy_of_the_one_in_force_from_tomorrow(managed):
    Policy.objects.update(points_needed=36)
    initial = managed.get(ADD).context["adminform"].form.initial
    assert (initial["points_needed"], initial["effective_from"]) == (36, TODAY + timedelta(days=1))


@pytest.mark.parametrize("days", [0, 1, 400])
def test_a_new_version_applies_from_today_or_later(managed, days):
    assert add(managed, TODAY + timedelta(days=days), points_needed="50").status_code == 302
    assert Policy.objects.get(effective_from=TODAY + timedelta(days=days)).points_needed == 50


def test_a_new_version_cannot_apply_from_yesterday(managed):
    response = add(managed, TODAY - timedelta(days=1))
    assert "from today at the earliest" in response.content.decode()
    assert Policy.objects.count() == 1


def test_today_is_the_programmes_today(managed):
    """At 3 h UTC on the 25th it is still the 24th in Detroit."""
    with time_machine.travel(NOW.replace(day=25, hour=3), tick=False):
        assert add(managed, TODAY).status_code == 302


def test_a_version_that_has_begun_to_apply_is_neither_edited_nor_deleted(managed):
    policy = Policy.objects.get()
    assert "it stays as it is" in managed.get(page("change", policy)).content.decode()
    sent = {**NUMBERS, "effective_from": "2027-01-01", "points_needed": "1"}
    assert managed.post(page("change", policy), sent).status_code == 403
    assert managed.post(page("delete", policy), {"post": "yes"}).status_code == 403
    policy.refresh_from_db()
    assert (policy.points_needed, policy.effective_from) == (40, date(2022, 1, 1))


def test_a_version_that_applies_from_today_is_fixed_at_once(managed):
    add(managed, TODAY)
    policy = Policy.objects.get(effective_from=TODAY)
    assert managed.post(page("change", policy), {**NUMBERS, "effective_from": TODAY.isoformat()}).status_code == 403


def test_a_version_that_a_request_was_sent_under_is_fixed(managed):
    policy = Policy.objects.create(effective_from=TODAY + timedelta(days=30))
    request = make_request()
    request.policy = policy
    request.save()
    sent = {**NUMBERS, "effective_from": policy.effective_from.isoformat(), "points_needed": "1"}
    assert managed.post(page("change", policy), sent).status_code == 403
    assert managed.post(page("delete", policy), {"post": "yes"}).status_code == 403


def test_not_even_a_superuser_edits_what_has_applied(client):
    client.force_login(make_holder(is_staff=True, is_superuser=True))
    policy = Policy.objects.get()
    assert client.post(page("change", policy), {**NUMBERS, "effective_from": "2022-01-01"}).status_code == 403
    assert client.post(page("delete", policy), {"post": "yes"}).status_code == 403


def test_a_version_of_a_later_day_can_be_corrected_and_taken_away(managed):
    add(managed, TODAY + timedelta(days=30))
    policy = Policy.objects.get(effective_from__gt=TODAY)
    sent = {**NUMBERS, "effective_from": (TODAY + timedelta(days=40)).isoformat(), "points_needed": "45"}
    managed.post(page("change", policy), sent)
    policy.refresh_from_db()
    assert (policy.points_needed, policy.effective_from) == (45, TODAY + timedelta(days=40))
    managed.post(page("delete", policy), {"post": "yes"})
    assert Policy.objects.count() == 1


def test_a_later_version_cannot_be_moved_into_the_past(managed):
    policy = Policy.objects.create(effective_from=TODAY + timedelta(days=30))
    sent = {**NUMBERS, "effective_from": (TODAY - timedelta(days=1)).isoformat()}
    assert managed.post(page("change", policy), sent).status_code == 200
    policy.refresh_from_db()
    assert policy.effective_from == TODAY + timedelta(days=30)


@pytest.mark.parametrize("field", ["points_needed", "window_months", "extension_months"])
def test_numbers_of_nothing_are_refused_at_the_form(managed, field):
    assert add(managed, TODAY, **{field: "0"}).status_code == 200
    assert Policy.objects.count() == 1


def test_reviewers_read_the_policy_and_add_nothing(client):
    client.force_login(make_reviewer())
    assert client.get(LIST).status_code == 200
    assert add(client, TODAY).status_code == 403


# --- cases and notices ------------------------------------------------------------------------------------------------

CASES, NOTICES = (
    reverse("admin:submissions_credentialingcase_changelist"),
    reverse("admin:submissions_notice_changelist"),
)


def make_request():
    holder = make_holder()
    make_points(holder, 40)
    return send(make_credential(holder))


def listed(response):
    return list(response.context["cl"].result_list)


def test_a_case_leads_to_its_request_by_either_number(managed):
    request = make_request()
    make_request()
    request.case.record(external_id="CS0012345")
    for number in (request.case.reference, "CS0012345"):
        response = managed.get(CASES, {"q": number, "state": "all"})
        assert listed(response) == [request.case]
        assert reverse("admin:submissions_submission_review", args=[request.pk]) in response.content.decode()


def test_a_refused_notice_shows_why_and_is_tried_again(managed):
    notice = Notice.objects.get(step__submission=make_request())
    notice.record(gave_up_at=NOW, attempts=3, last_error="The mail server said 550 unknown")
    page = managed.get(NOTICES, {"state": "failed"}).content.decode()
    assert "550 unknown" in page
    managed.post(NOTICES, {"action": "try_again", "_selected_action": [notice.pk]})
    notice.refresh_from_db()
    assert (notice.gave_up_at, notice.attempts, notice.last_error) == (None, 0, "")
    assert list(Notice.objects.due(NOW)) == [notice]


@pytest.mark.parametrize("name", ["credentialingcase", "notice"])
def test_deliveries_are_looked_at_and_never_edited(managed, name):
    make_request()
    row = (CredentialingCase if name == "credentialingcase" else Notice).objects.get()
    change = reverse(f"admin:submissions_{name}_change", args=[row.pk])
    assert managed.get(change).status_code == 200
    assert managed.post(change, {"reference": "forged"}).status_code == 403
    assert managed.get(reverse(f"admin:submissions_{name}_add")).status_code == 403
    assert managed.post(reverse(f"admin:submissions_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_a_reviewer_reads_cases_but_sends_nothing_again(client):
    request = make_request()
    request.case.record(delivered_at=None, gave_up_at=NOW, last_error="no")
    client.force_login(make_reviewer())
    assert listed(client.get(CASES)) == [request.case]
    client.post(CASES, {"action": "try_again", "_selected_action": [request.case.pk]})
    request.case.refresh_from_db()
    assert request.case.gave_up_at == NOW
    assert client.get(NOTICES).status_code == 403


@pytest.mark.parametrize("address", [CASES, NOTICES])
def test_thirty_deliveries_take_as_many_queries_as_one(managed, django_assert_max_num_queries, address):
    make_request()
    managed.get(address, {"state": "all"})
    with django_assert_max_num_queries(20) as one:
        assert len(listed(managed.get(address, {"state": "all"}))) == 1
    for _ in range(29):
        make_request()
    with django_assert_max_num_queries(20) as thirty:
        assert len(listed(managed.get(address, {"state": "all"}))) == 30
    assert len(thirty) == len(one)
