"""The catalogue: what earns points today, and how to log it."""

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.models import ActivityType
from onepoints.tests.factories import NOW, TODAY, make_holder

pytestmark = pytest.mark.usefixtures("program")


@pytest.fixture(autouse=True)
def _on_the_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def catalogue(client):
    """The page as words, and as its source."""

    def get(query=""):
        source = client.get(reverse("catalogue"), {"q": query} if query else {}).content.decode()
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", source)).split()), source

    return get


def line(code="NEW", valid_from=date(2026, 1, 1), **fields):
    fields = {"name": f"Line {code}", "category": "talk", "unit": "session", "points": 1, "evidence": "Paper", **fields}
    return ActivityType.objects.create(code=code, valid_from=valid_from, **fields)


def test_anybody_may_read_it(client):
    assert client.get(reverse("catalogue")).status_code == 200


def test_it_shows_points_unit_and_evidence_of_each_eligible_activity(catalogue):
    text, _ = catalogue()
    assert "Instructor-led course, 3 days unconfirmed 24 Course completion certificate or CPE certificate" in text
    assert "WAVE technical sessions unconfirmed 1 per hour Attendance certificate or CPE certificate" in text


def test_each_activity_can_be_logged_from_here(catalogue):
    _, source = catalogue()
    for code in ActivityType.objects.valid_on(TODAY).eligible().values_list("code", flat=True):
        assert f'href="{reverse("log_activity")}?type={code}"' in source


def test_what_is_not_eligible_is_not_offered(catalogue):
    assert "Teaching an official course" not in catalogue()[0]


def test_only_the_version_of_today_stands_there(catalogue):
    line("TT-ATT", date(2026, 6, 1), name="Tech Talk, the newer line")
    line("TT-ATT", TODAY + timedelta(days=1), name="Tech Talk of tomorrow")
    text, _ = catalogue()
    assert "Tech Talk, the newer line" in text
    assert "Tech Talk, attended live" not in text
    assert "Tech Talk of tomorrow" not in text


def test_confirmed_values_carry_no_mark(catalogue):
    ActivityType.objects.update(is_confirmed=True)
    line(is_confirmed=False)
    text, _ = catalogue("Line NEW")
    assert "not yet confirmed by the programme" in text
    assert "unconfirmed" not in catalogue("workshop")[0]


def test_a_cap_is_said(catalogue):
    line(cap=Decimal("7.5"))
    assert "at most 7.5 in one request" in catalogue("Line NEW")[0]


def test_kinds_are_headings_and_their_lines_go_from_few_points_to_many(catalogue):
    text, _ = catalogue()
    order = [
        "Courses",
        "course, half day",
        "course, 5 days",
        "course, other length",
        "Tech Talks",
        "Webinars",
        "Authorship",
    ]
    assert [text.index(name) for name in order] == sorted(text.index(name) for name in order)


@pytest.mark.parametrize("query", ["splash", "SPLASH full", "full  workshop", "spl-wsh-f"])
def test_a_search_finds_the_lines_that_hold_every_word(catalogue, query):
    text, _ = catalogue(query)
    assert "Splash workshop, full day" in text
    assert "Tech Talk, attended live" not in text


def test_a_search_says_how_many_it_found(catalogue):
    assert "2 activities fit “splash”." in catalogue("splash")[0]
    assert "1 activity fits “splash full”." in catalogue("splash full")[0]


def test_a_search_without_result_shows_the_way_on(catalogue):
    text, source = catalogue("juggling")
    assert "Nothing fits “juggling”" in text
    assert f'href="{reverse("catalogue")}">Show everything' in source


def test_a_search_is_shown_as_text_never_as_markup(catalogue):
    _, source = catalogue('"><script>alert(1)</script>')
    assert "<script>alert" not in source


def test_an_empty_catalogue_says_so(catalogue):
    ActivityType.objects.update(is_eligible=False)
    assert "The catalogue is empty today" in catalogue()[0]


def test_thirty_lines_cost_as_many_queries_as_one(client):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("catalogue"))
        return len(captured)

    ActivityType.objects.exclude(code="TT-ATT").delete()
    client.force_login(make_holder())
    one = queries()
    for number in range(29):
        line(f"LINE-{number}")
    assert queries() == one
