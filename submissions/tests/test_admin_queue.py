"""The queue: what waits, in which order, found by what, and for whose eyes."""

from datetime import date, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils.html import strip_tags

from onepoints.tests.factories import (
    NOW,
    accept_all,
    approve,
    make_credential,
    make_evidence,
    make_holder,
    make_points,
    make_reviewer,
    send,
)
from submissions import workbench, workflow
from submissions.models import Submission

pytestmark = pytest.mark.usefixtures("program", "today")
QUEUE = reverse("admin:submissions_submission_changelist")


@pytest.fixture
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def reviewer():
    return make_reviewer("Rita Reviewer")


def make_request(name="Ada Holder", *, at=NOW, expires_on=date(2027, 5, 12), code="OCA-ADM", **holder):
    person = make_holder(name, **holder)
    make_points(person, 40)
    return send(make_credential(person, expires_on, code), at=at)


def ids(response):
    return [row.pk for row in response.context["cl"].result_list]


def ask(client, **query):
    return client.get(QUEUE, query)


def column(page, name):
    """The words of the first cell in that column; its label shows on a phone."""
    return strip_tags(page.split(f'class="field-{name}">')[1].split("</td>")[0])


def test_the_queue_shows_what_waits_for_the_team_the_longest_waiting_first(client, reviewer):
    late = make_request("Late", at=NOW)
    early = make_request("Early", at=NOW - timedelta(days=3))
    returned = make_request("Returned")
    workflow.take(returned, by=reviewer, at=NOW)
    workflow.return_for_more(returned, "The certificate, please.", by=reviewer, at=NOW, on=NOW.date())
    approve(make_request("Approved"), reviewer)
    client.force_login(reviewer)
    assert ids(client.get(QUEUE)) == [early.pk, late.pk]


def test_a_line_of_the_queue_says_all_that_a_reviewer_chooses_by(client, reviewer):
    request = make_request("Ada Holder", at=NOW - timedelta(days=2))
    workflow.take(request, by=reviewer, at=NOW)
    client.force_login(reviewer)
    page = client.get(QUEUE).content.decode()
    for word in (
        request.reference,
        reverse("admin:submissions_submission_review", args=[request.pk]),
        "Waiting for the team",
        "Ada Holder",
        "OCA Administration R2",
        request.credential.candidate_id,
        "12 May 2027",
        "169 days",
        "2 days",
        "Rita Reviewer",
    ):
        assert word in page
    assert column(page, "claimed") == "points 40"
    assert column(page, "waiting") == "waiting 2 days"


def test_days_of_waiting_are_the_programmes_days(client, reviewer):
    """At 3 h UTC it is still the evening before in Detroit."""
    make_request(at=NOW.replace(day=23, hour=3))
    client.force_login(reviewer)
    assert column(client.get(QUEUE).content.decode(), "waiting") == "waiting 2 days"


def test_the_queue_filters_by_status_and_keeps_the_choice_in_the_address(client, reviewer):
    waits = make_request("Waits")
    approved = make_request("Approved")
    approve(approved, reviewer)
    client.force_login(reviewer)
    assert ids(ask(client, status="approved")) == [approved.pk]
    assert set(ids(ask(client, status="all"))) == {waits.pk, approved.pk}
    assert "?status=all&amp;taken=nobody" in ask(client, status="all").content.decode()


def test_an_unknown_filter_shows_all_and_breaks_nothing(client, reviewer):
    request = make_request()
    client.force_login(reviewer)
    assert ids(ask(client, status="nonsense", taken="nonsense", expiry="nonsense")) == [request.pk]


def test_the_queue_filters_by_reviewer(client, reviewer):
    colleague = make_reviewer("Colleague")
    mine, theirs, free = make_request("One"), make_request("Two"), make_request("Three")
    workflow.take(mine, by=reviewer, at=NOW)
    workflow.take(theirs, by=colleague, at=NOW)
    client.force_login(reviewer)
    assert ids(ask(client, taken="me")) == [mine.pk]
    assert ids(ask(client, taken="others")) == [theirs.pk]
    assert ids(ask(client, taken="nobody")) == [free.pk]


def test_the_queue_filters_by_expiry_date_both_ends_included(client, reviewer):
    today, month = make_request(expires_on=date(2026, 11, 24)), make_request(expires_on=date(2026, 12, 24))
    make_request(expires_on=date(2026, 12, 25))
    past = make_request(expires_on=date(2026, 12, 1))
    past.credential.expires_on = date(2026, 11, 23)
    past.credential.save()
    client.force_login(reviewer)
    assert set(ids(ask(client, expiry="soon"))) == {today.pk, month.pk}
    assert ids(ask(client, expiry="past")) == [past.pk]


def test_the_queue_filters_by_certification(client, reviewer):
    make_request()
    architect = make_request(code="OCP-LA")
    client.force_login(reviewer)
    key = "credential__certification__id__exact"
    assert ids(ask(client, **{key: architect.credential.certification_id})) == [architect.pk]


@pytest.mark.parametrize(
    "word",
    ["ada l", "ADA@EXAMPLE", "OS777", "lovelace-cpe", "{reference}", "{number}", "sub {pk}", "{case}"],
)
def test_a_search_finds_a_request_by_each_of_its_names(client, reviewer, word):
    request = make_request("Ada Lovelace", email="ada@example.org")
    other = make_request("Grace Hopper")
    request.credential.candidate_id = "OS77712345"
    request.credential.save()
    make_evidence(request.holder, request.counted.get().activity, shown_name="lovelace-cpe.pdf")
    request.case.external_id = "CS0012345"
    request.case.save()
    names = {
        "reference": request.reference,
        "number": request.case.external_id,
        "pk": request.pk,
        "case": request.case.reference,
    }
    client.force_login(reviewer)
    found = ids(ask(client, q=word.format(**names)))
    assert found == [request.pk]
    assert other.pk not in found


def test_a_search_finds_a_closed_request_without_choosing_a_status(client, reviewer):
    request = make_request()
    approve(request, reviewer)
    client.force_login(reviewer)
    assert ids(ask(client, q=request.reference)) == [request.pk]
    assert ids(ask(client, q=request.reference, status="submitted")) == []


def test_a_request_with_many_files_is_found_once(client, reviewer):
    request = make_request()
    for _ in range(3):
        make_evidence(request.holder, request.counted.get().activity, shown_name="certificate.pdf")
    client.force_login(reviewer)
    assert ids(ask(client, q="certificate")) == [request.pk]


def test_thirty_requests_take_as_many_queries_as_one(client, reviewer, django_assert_max_num_queries):
    workflow.take(make_request(), by=reviewer, at=NOW)
    client.force_login(reviewer)
    client.get(QUEUE)
    with django_assert_max_num_queries(20) as one:
        client.get(QUEUE)
    for number in range(29):
        request = make_request(f"Holder {number}")
        workflow.take(request, by=reviewer, at=NOW)
    with django_assert_max_num_queries(20) as thirty:
        assert len(ids(client.get(QUEUE))) == 30
    assert len(thirty) == len(one)


# --- rights -----------------------------------------------------------------------------------------------------------


def test_a_stranger_is_led_to_the_sign_in(client):
    response = client.get(QUEUE, follow=True)
    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))


def test_a_holder_is_turned_away(client):
    client.force_login(make_holder())
    assert client.get(QUEUE, follow=True).status_code == 403


def test_staff_without_the_right_do_not_see_requests(client):
    client.force_login(make_holder(is_staff=True))
    assert client.get(QUEUE).status_code == 403


@pytest.mark.parametrize("group", ["Reviewers", "Programme managers"])
def test_requests_are_neither_added_nor_changed_nor_deleted_by_form(client, group):
    request = make_request()
    client.force_login(make_reviewer(group=group))
    assert client.get(reverse("admin:submissions_submission_add")).status_code == 403
    assert (
        client.post(reverse("admin:submissions_submission_delete", args=[request.pk]), {"post": "yes"}).status_code
        == 403
    )
    client.post(QUEUE, {"action": "delete_selected", "_selected_action": [request.pk]})
    assert Submission.objects.filter(pk=request.pk).exists()
    change = reverse("admin:submissions_submission_change", args=[request.pk])
    for response in (client.get(change), client.post(change, {"status": "approved"})):
        assert response["Location"] == reverse("admin:submissions_submission_review", args=[request.pk])
    request.refresh_from_db()
    assert request.status == "submitted"


def test_the_form_of_a_request_that_is_not_there_leads_to_the_queue(client, reviewer):
    client.force_login(reviewer)
    assert client.get(reverse("admin:submissions_submission_change", args=[404]))["Location"] == QUEUE


# --- the next one -----------------------------------------------------------------------------------------------------


def review_next(client):
    return client.post(reverse("admin:submissions_submission_next"))


def test_review_next_takes_the_longest_waiting_free_request(client, reviewer):
    taken = make_request("Taken", at=NOW - timedelta(days=9))
    workflow.take(taken, by=make_reviewer("Colleague"), at=NOW)
    make_request("Late", at=NOW - timedelta(days=1))
    early = make_request("Early", at=NOW - timedelta(days=5))
    client.force_login(reviewer)
    assert review_next(client)["Location"] == reverse("admin:submissions_submission_review", args=[early.pk])
    early.refresh_from_db()
    assert early.taken_by == reviewer


def test_review_next_passes_over_ones_own_request(client, reviewer):
    make_points(reviewer, 40)
    own = send(make_credential(reviewer), at=NOW - timedelta(days=5))
    client.force_login(reviewer)
    assert list(workbench.next_for(reviewer)) == []
    assert review_next(client)["Location"] == QUEUE
    own.refresh_from_db()
    assert own.taken_by is None


def test_of_two_reviewers_at_once_the_second_gets_the_following_request(client, reviewer, monkeypatch):
    early, late = make_request("Early", at=NOW - timedelta(days=5)), make_request("Late")
    seen = list(workbench.next_for(reviewer))
    workflow.take(early, by=make_reviewer("Quicker"), at=NOW)
    monkeypatch.setattr(workbench, "next_for", lambda _reviewer: seen)
    client.force_login(reviewer)
    assert review_next(client)["Location"] == reverse("admin:submissions_submission_review", args=[late.pk])


def test_review_next_needs_a_reviewer_and_a_button(client, reviewer):
    make_request()
    address = reverse("admin:submissions_submission_next")
    client.force_login(reviewer)
    assert client.get(address).status_code == 405
    client.force_login(make_holder(is_staff=True))
    assert client.post(address).status_code == 403


def test_accepting_all_and_approving_leaves_the_queue_empty(client, reviewer):
    request = make_request()
    accept_all(request, reviewer)
    workflow.approve(request, from_day=request.expires_on, by=reviewer, at=NOW)
    client.force_login(reviewer)
    assert ids(client.get(QUEUE)) == []
