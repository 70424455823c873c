"""The home page: where a person stands, why, and the one next step."""

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from itertools import pairwise

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.models import Activity
from certifications.models import Certification
from onepoints import cards, picture
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
from submissions import standing, workflow

pytestmark = pytest.mark.usefixtures("program")


@pytest.fixture(autouse=True)
def _on_the_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def holder():
    return make_holder("Hanna Holder")


@pytest.fixture
def home(client, holder):
    """The home page of the holder as words, and as its source."""

    def get():
        client.force_login(holder)
        response = client.get(reverse("home"))
        assert response.status_code == 200
        return words(response), response.content.decode()

    return get


def words(response):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def queries(client, user):
    client.force_login(user)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(reverse("home")).status_code == 200
    return len(captured)


# --- strangers and new people -----------------------------------------------------------------------------------------


def test_a_stranger_reads_what_this_is_and_how_to_begin(client):
    response = client.get(reverse("home"))
    assert "Keep your OneStream certification. Without a new exam." in words(response)
    assert reverse("account_login") in response.content.decode()
    assert reverse("account_signup") in response.content.decode()


def test_a_person_without_certification_learns_how_to_get_linked(home, holder):
    text, source = home()
    assert "No certification is linked to you yet" in text
    assert f"You signed in as {holder.email}" in text
    assert "confirm it with the code we mail to it" in text
    assert f'href="{reverse("account_email")}"' in source


def test_a_first_visit_says_what_points_are_since_when_things_count_and_what_to_keep(home, holder):
    make_credential(holder)
    text, source = home()
    assert "40 of them extend this certification by 24 months" in text
    assert "What you completed on or after 1 January 2022 counts, each for 24 months." in text
    assert "Keep the certificate or confirmation of each" in text
    assert "What counts and what does not" not in text
    assert source.count("btn-primary") == 1


def test_the_first_visit_lines_leave_once_something_is_logged(home, holder):
    make_credential(holder)
    make_points(holder, 1)
    assert "Keep the certificate or confirmation of each" not in home()[0]


# --- where a person stands --------------------------------------------------------------------------------------------


def test_the_card_shows_the_date_the_days_and_both_deadlines(home, holder):
    make_credential(holder, expires_on=date(2027, 5, 12))
    make_points(holder, 34)
    text, _ = home()
    assert "OCA Administration R2 Active" in text
    assert "Until 12 May 2027 169 days" in text
    assert "34 of 40 points count today 6 more" in text
    assert "Ask by 12 April 2027, at the latest on 12 May 2027. The new date would be 12 May 2029." in text


def test_quarter_points_are_not_rounded_up(home, holder):
    make_credential(holder)
    make_points(holder, "39.75")
    text, source = home()
    assert "39.75 of 40 points count today 0.25 more" in text
    assert '<progress class="points-bar" value="39.75" max="40.00"' in source


def test_what_lapses_before_the_last_day_is_named_with_its_day(home, holder):
    make_credential(holder, expires_on=date(2027, 5, 12))
    make_activity(holder, "SPL-WSH-F", date(2025, 3, 3), title="Splash workshop")
    make_points(holder, 10)
    text, source = home()
    assert "8 points count until 3 March 2027 only (Splash workshop). After that day you need others" in text
    assert "before your last day" in text
    assert "−8 after 3 Mar" in text
    assert "<svg" in source


def test_one_point_that_lapses_is_one_point(home, holder):
    make_credential(holder, expires_on=date(2027, 5, 12))
    make_activity(holder, "TT-ATT", date(2025, 3, 3), title="Tech Talk")
    assert "1 point counts until 3 March 2027 only (Tech Talk)." in home()[0]


def test_nothing_alarms_when_all_points_outlast_the_last_day(home, holder):
    make_credential(holder, expires_on=date(2027, 5, 12))
    make_points(holder, 10, date(2026, 3, 2))
    text, _ = home()
    assert "Nothing lapses before your last day; the first points do after 2 March 2028." in text
    assert "Points that count on each day" not in text


def test_below_the_needed_points_the_next_step_is_to_log_and_ideas_close_the_gap(home, holder):
    make_credential(holder)
    make_points(holder, 34)
    text, source = home()
    assert "“Instructor-led course, 1 day” or 6 × “Tech Talk, attended live” would close the gap." in text
    assert "Ask for the extension" not in text
    assert f'<a class="btn btn-primary" href="{reverse("log_activity")}">' in source


def test_with_enough_points_the_next_step_is_to_ask(home, holder):
    credential = make_credential(holder)
    make_points(holder, 42)
    text, source = home()
    assert "42 of 40 points count today enough" in text
    assert (
        f'<a class="btn btn-primary" href="{reverse("ask", args=[credential.pk])}">Ask for the extension</a>' in source
    )


def test_after_the_advised_day_the_card_says_so(home, holder):
    make_credential(holder, expires_on=TODAY + timedelta(days=20))
    text, _ = home()
    assert "The advised day, 14 November 2026, has passed. Ask as soon as you can: the last day is 14 December" in text
    assert "Active, ends soon" in text


def test_on_the_last_day_one_can_still_ask(home, holder):
    make_credential(holder, expires_on=TODAY)
    make_points(holder, 40)
    text, _ = home()
    assert "today is the last day" in text
    assert "Ask for the extension" in text


def test_after_the_last_day_the_exam_is_named(home, holder):
    make_credential(holder, expires_on=TODAY - timedelta(days=1))
    make_points(holder, 40)
    text, source = home()
    assert "Ended on 23 November 2026" in text
    assert "The way back is the updated exam, OS-102." in text
    assert "Ask for the extension" not in text
    assert "btn-primary" not in source


def test_a_newer_release_worries_nobody(home, holder):
    credential = make_credential(holder)
    newer = Certification.objects.create(code="OCA-ADM-3", name="Administration", level="associate", release="R3")
    Certification.objects.filter(pk=credential.certification_id).update(replaced_by=newer)
    assert "A newer release exists: OCA Administration R3. Yours stays valid, and can still be extended." in home()[0]


def test_the_most_urgent_certification_comes_first_and_has_the_one_main_button(home, holder):
    make_credential(holder, expires_on=date(2028, 1, 1), code="OCP-LA")
    make_credential(holder, expires_on=date(2027, 1, 1))
    make_points(holder, 5)
    text, source = home()
    assert text.index("OCA Administration R2") < text.index("OCP Lead Architect R1")
    assert source.count("btn-primary") == 1
    assert source.count('<details class="fold" open>') == 1


# --- why each activity counts or not ----------------------------------------------------------------------------------


def test_every_activity_stands_there_with_its_points_or_its_reason(home, holder):
    make_credential(holder)
    make_activity(holder, "ILT-3D", date(2025, 6, 3), title="Three days of rules")
    make_activity(holder, "TW-ATT", date(2024, 2, 9), title="Old webinar")
    make_activity(holder, "WAV-ATT", date(2026, 10, 20), quantity=Decimal(6), title="WAVE", evidence=False)
    text, source = home()
    assert re.search(r"3 Jun 2025 Three days of rules Instructor-led course, 3 days 24 3 Jun 2027", text)
    assert "Stopped counting after 9 February 2026, 24 months after you completed it." in text
    assert re.search(r"WAVE WAVE technical sessions 0 of 6 No evidence yet: add it and this counts.", text)
    for activity in Activity.objects.of(holder):
        assert f'href="{reverse("activity", args=[activity.pk])}"' in source


def test_a_title_is_shown_as_text_never_as_markup(home, holder):
    make_credential(holder)
    make_activity(holder, title="<script>alert(1)</script>")
    _, source = home()
    assert "<script>alert" not in source
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in source


def test_another_persons_activities_do_not_show(home, holder):
    make_credential(holder)
    stranger = make_holder()
    make_credential(stranger)
    make_activity(stranger, title="Not yours")
    assert "Not yours" not in home()[0]


# --- requests ---------------------------------------------------------------------------------------------------------


def test_an_open_request_protects_and_asks_for_nothing(home, holder):
    credential = make_credential(holder, expires_on=date(2026, 12, 14))
    make_points(holder, 42)
    submission = send(credential)
    text, source = home()
    assert "Your certification stays protected while we decide, even past 14 December 2026." in text
    assert "With the team" in text
    assert "Once approved, until 14 December 2028" in text
    assert f"Already spent on {submission}." in text
    assert "Log an activity" not in text
    assert f'href="{reverse("request", args=[submission.pk])}"' in source


def test_points_outside_the_request_stay_the_holders(home, holder):
    credential = make_credential(holder)
    make_points(holder, 42)
    make_points(holder, 3)
    send(credential)
    assert "3 points are not part of the request and stay yours." in home()[0]


def test_an_expired_certification_with_an_open_request_is_protected(home, holder):
    credential = make_credential(holder, expires_on=TODAY)
    make_points(holder, 40)
    send(credential)
    with time_machine.travel(NOW + timedelta(days=3), tick=False):
        text, _ = home()
    assert "OCA Administration R2 Protected" in text
    assert "The way back is the updated exam" not in text


def test_a_returned_request_asks_for_the_answer_by_its_day(home, holder):
    credential = make_credential(holder)
    make_points(holder, 42)
    submission, reviewer = send(credential), make_reviewer()
    workflow.take(submission, by=reviewer, at=NOW)
    workflow.return_for_more(submission, "The second page is missing.", by=reviewer, at=NOW, on=TODAY)
    text, source = home()
    assert "Something is missing. Answer by 24 December 2026." in text
    assert (
        f'<a class="btn btn-primary" href="{reverse("answer", args=[submission.pk])}">Answer {submission}</a>' in source
    )


def test_a_grant_shows_as_granted_until_the_registry_confirms_it(home, holder):
    credential = make_credential(holder, expires_on=date(2027, 5, 12))
    make_points(holder, 40)
    submission = send(credential)
    extension = approve(submission, make_reviewer())
    text, _ = home()
    assert f"Extended until 12 May 2029 (it was 12 May 2027) by {submission}." in text
    assert "Granted, not yet confirmed by the registry" in text
    extension.confirmed_at = NOW
    extension.save()
    text, _ = home()
    assert "Until 12 May 2029" in text
    assert "Granted" not in text


def test_a_request_that_ended_without_extension_is_remembered_for_a_month(home, holder):
    credential = make_credential(holder)
    make_points(holder, 40)
    submission, reviewer = send(credential), make_reviewer()
    accept_all(submission, reviewer)
    workflow.reject(submission, "These are not courses.", by=reviewer, at=NOW)
    text, source = home()
    assert f"{submission} ended on 24 November 2026 without an extension. Its activities are free again." in text
    assert f'href="{reverse("request", args=[submission.pk])}">Read why' in source
    with time_machine.travel(NOW + timedelta(days=31), tick=False):
        assert "without an extension" not in home()[0]


def test_a_later_request_takes_the_place_of_one_that_ended(home, holder):
    credential = make_credential(holder)
    make_points(holder, 40)
    submission, reviewer = send(credential), make_reviewer()
    accept_all(submission, reviewer)
    workflow.reject(submission, "Not yet.", by=reviewer, at=NOW)
    send(credential, at=NOW + timedelta(hours=1))
    assert "without an extension" not in home()[0]


# --- cost -------------------------------------------------------------------------------------------------------------


def test_thirty_activities_cost_as_many_queries_as_one(client, holder):
    make_credential(holder)
    make_activity(holder)
    one = queries(client, holder)
    for _ in range(29):
        make_activity(holder)
    assert queries(client, holder) == one


def test_thirty_certifications_cost_as_many_queries_as_one(client, holder):
    newest = Certification.objects.create(code="NEW", name="Newest", level="associate")
    for number in range(30):
        code = f"CERT-{number}"
        Certification.objects.create(code=code, name=f"Title {number}", level="associate", replaced_by=newest)
    make_credential(holder, code="CERT-0")
    make_activity(holder)
    one = queries(client, holder)
    for number in range(1, 30):
        make_credential(holder, code=f"CERT-{number}")
    assert queries(client, holder) == one


# --- what closes the gap, and the picture -----------------------------------------------------------------------------


def test_no_idea_asks_for_forty_tech_talks(holder):
    make_credential(holder)
    (card,) = cards.cards(holder, on=TODAY, at=NOW)
    assert [(idea.type.code, idea.times) for idea in card.ideas] == [("ILT-5D", 1)]


def test_where_the_smallest_thing_is_enough_it_is_the_only_idea(holder):
    make_credential(holder)
    make_points(holder, "39.25")
    (card,) = cards.cards(holder, on=TODAY, at=NOW)
    assert [(idea.type.code, idea.times) for idea in card.ideas] == [("TT-ATT", 1)]


def test_the_picture_steps_down_where_points_lapse(holder):
    credential = make_credential(holder, expires_on=TODAY + timedelta(days=100))
    make_points(holder, 10, date(2025, 1, 12))  # counts until 12 January 2027: 49 days from now
    make_points(holder, 30)
    drawn = picture.draw(standing.standing_of(credential, TODAY))
    assert drawn is not None
    assert [(drop.x, drop.points, drop.day) for drop in drawn.drops] == [(480, 10, date(2027, 1, 12))]
    assert drawn.area == "0,104 0,20 480,20 480,41 960,41 960,104"
    assert drawn.advised_x == 672


def test_labels_in_the_picture_keep_apart(holder):
    credential = make_credential(holder, expires_on=TODAY + timedelta(days=100))
    for day in range(1, 11):
        make_points(holder, 1, date(2024, 12, day))
    drawn = picture.draw(standing.standing_of(credential, TODAY))
    places = [drop.x for drop in drawn.drops]
    assert drawn.area.count(" ") == 2 * 10 + 3
    assert all(after - before >= picture.LABEL_ROOM for before, after in pairwise(places))
