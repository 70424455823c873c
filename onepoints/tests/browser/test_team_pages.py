"""The team's pages in a real browser: no barrier of ours, nothing the policy refuses, the evidence beside the claim."""

from datetime import date

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from activities import workflow as activity_workflow
from activities.models import ActivityType, Evidence, EvidencePage
from onepoints.tests.factories import (
    MORNING,
    NOW,
    TODAY,
    load_defaults,
    make_activity,
    make_credential,
    make_evidence,
    make_holder,
    make_reviewer,
    picture_upload,
    send,
)
from submissions import workflow
from submissions.models import Submission
from submissions.rules import Reason, Verdict

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("today")]
SCREENS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]
COURSES = [("ILT-3D", date(2026, 3, 2), "Building applications"), ("ILT-1D", date(2026, 4, 2), "Rules, advanced")]


@pytest.fixture
def today():
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def reviewer():
    load_defaults()
    return make_reviewer("Rita Reviewer", "Programme managers")


@pytest.fixture
def request_(reviewer):
    """Two courses with certificates, a workshop with a tall one, and a talk that is only stated; taken."""
    holder = make_holder("Ada Holder")
    activities = [_course(holder, *course) for course in COURSES]
    activities.append(_course(holder, "SPL-WSH-F", date(2025, 5, 20), "Splash workshop", size=(800, 2400)))
    activities.append(
        make_activity(holder, "TT-ATT", date(2026, 5, 4), evidence=False, held_at=MORNING, title="Tech Talk")
    )
    request = send(make_credential(holder), activities)
    _say(activities[0], names=["Ada Holder"], dates=["2026-03-01"], hours=["22"])
    request.steps.update(words="The second certificate came late.")
    return workflow.take(request, by=reviewer, at=NOW)


def _say(activity, **facts):
    """Its file is a mail of two pages that says these things, and another file has just come in."""
    evidence = activity.evidence_files.get()
    EvidencePage.objects.create(evidence=evidence, number=2, picture=evidence.picture.name)
    words = "Thank you for coming. https://example.com/" + "x" * 200
    Evidence.objects.filter(pk=evidence.pk).update(kind="eml", pages=2, text=words, facts=facts)
    make_evidence(activity.holder, activity, shown_name="a-rather-long-name-of-a-second-page.pdf", held_since=NOW)


def _course(holder, code, day, title, size=(600, 800)):
    file = activity_workflow.keep_aside(holder, picture_upload(size=size), at=NOW)
    entry = activity_workflow.Entry(code=code, title=title, completed_on=day)
    return activity_workflow.log(holder, entry, [file.pk], at=NOW, today=TODAY)


@pytest.fixture
def open_page(browser, live_server, reviewer):
    """A page of the reviewer's own browser; what the console complains about is collected."""
    contexts = []

    def opened(width=1280, scheme="light", **options):
        client = Client()
        client.force_login(reviewer)
        context = browser.new_context(
            base_url=live_server.url, viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        contexts.append(context)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()


def address(name, request):
    return reverse(f"admin:submissions_submission_{name}", args=[request.pk])


def barriers(page, within):
    """What axe finds in that part of the page, each place as a line."""
    violations = Axe().run(page, context=within).response["violations"]
    return [f"{v['id']}: {node['html'][:160]}" for v in violations for node in v["nodes"]]


def is_wider_than_screen(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_review_and_decisions_have_no_barrier(open_page, request_, reviewer, width, scheme):
    first, second, *_ = request_.counted.all()
    workflow.judge(first, Verdict.ACCEPTED, by=reviewer)
    workflow.judge(second, Verdict.REFUSED, reason=Reason.UNREADABLE, words="Too dark.", by=reviewer)
    page = open_page(width, scheme)
    for name in ("review", "approve", "return", "reject"):
        page.goto(address(name, request_))
        for fold in page.locator("details").all():
            fold.evaluate("fold => fold.open = true")
        assert barriers(page, "main") == []
        assert not is_wider_than_screen(page)
    page.goto(address("return", request_))
    page.get_by_role("button", name="Return to the holder").click()
    expect(page.get_by_text("Please write a sentence to the holder")).to_be_visible()
    assert barriers(page, "main") == []
    workflow.accept_rest(request_, by=reviewer)
    workflow.judge(second, Verdict.ACCEPTED, by=reviewer)
    page.goto(address("approve", request_))
    assert barriers(page, "main") == []
    workflow.reject(request_, "No.", by=reviewer, at=NOW)
    page.goto(address("review", request_))
    assert barriers(page, "main") == []
    assert page.complaints == []


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_the_queue_has_no_barrier_where_it_is_ours(open_page, request_, width, scheme):
    page = open_page(width, scheme)
    page.goto(reverse("admin:submissions_submission_changelist"))
    for part in (".next", "#result_list tbody", "#changelist-filter"):
        assert barriers(page, part) == []
    assert not is_wider_than_screen(page)
    assert page.complaints == []


def test_no_page_of_the_team_breaks_the_content_security_policy(open_page, request_):
    page = open_page()
    used = ActivityType.objects.get(code="ILT-3D")
    names = ["submissions_submission", "submissions_policy", "submissions_notice", "submissions_credentialingcase"]
    names += ["activities_activitytype", "activities_activity", "activities_evidence"]
    names += ["certifications_credential", "certifications_extension", "certifications_reminder", "accounts_user"]
    paths = [reverse(f"admin:{name}_changelist") for name in names]
    paths += [reverse(f"admin:{name}_add") for name in ("submissions_policy", "activities_activitytype")]
    paths += [reverse("admin:activities_activitytype_change", args=[used.pk])]
    paths += [reverse("admin:certifications_credential_change", args=[request_.credential_id])]
    paths += [address(name, request_) for name in ("review", "approve", "return", "reject")]
    for path in [reverse("admin:index"), *paths]:
        response = page.goto(path)
        assert response.status == 200
        assert "script-src 'self'" in response.headers["content-security-policy"]
        assert not is_wider_than_screen(page), path
    page.goto(reverse("admin:activities_activitytype_add"))
    page.get_by_title("Choose a Date").or_(page.locator("#calendarlink0")).first.click()
    page.goto(reverse("admin:certifications_credential_add"))
    page.locator(".select2-selection").click()
    expect(page.get_by_role("option", name="OCP Lead Architect R1")).to_be_visible()
    assert page.complaints == []


def test_the_evidence_is_seen_and_stays_in_sight_beside_the_verdict(open_page, request_):
    page = open_page()
    page.goto(address("review", request_))
    pictures = page.locator(".evidence img")
    assert pictures.count() == 4
    item = page.get_by_role("article", name="Splash workshop")
    picture = item.locator("img")
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
    button = item.get_by_role("button", name="Accept 8")
    left, right = button.bounding_box(), picture.bounding_box()
    assert left["x"] + left["width"] <= right["x"]
    assert right["height"] <= 900


def test_a_request_is_reviewed_and_approved_by_keyboard_without_script(open_page, request_, reviewer):
    page = open_page(java_script_enabled=False)
    page.goto(address("review", request_))
    for name in ("Accept 8 points for Splash workshop", "Accept 24 points for Building applications"):
        page.get_by_role("button", name=name).press("Enter")
    third = page.get_by_role("article", name="Rules, advanced")
    third.locator("summary").press("Enter")
    points = third.get_by_label("Points")
    points.fill("7.5")
    third.get_by_label("Reason").select_option("fewer-hours")
    # Enter in a field must never accept everything: the first button of its form means fewer points.
    points.press("Enter")
    expect(page.get_by_text("Accepted so far 39.5 of 40")).to_be_visible()
    page.get_by_role("button", name="Accept 1 without a verdict").press("Enter")
    expect(page.get_by_text("Accepted so far 40.5 of 40")).to_be_visible()
    page.get_by_role("link", name="Approve", exact=True).press("Enter")
    page.get_by_role("button", name="Extend until 12 May 2029").press("Enter")
    expect(page.get_by_text("is approved: extended until 12 May 2029")).to_be_visible()
    assert Submission.objects.get().decided_by == reviewer


def test_after_a_verdict_the_keyboard_stands_at_the_next_activity(open_page, request_):
    page = open_page()
    page.goto(address("review", request_))
    page.get_by_role("button", name="Accept 8 points for Splash workshop").click()
    expect(page.get_by_role("article", name="Building applications")).to_be_focused()


def test_on_a_phone_the_evidence_comes_before_the_verdict(open_page, request_):
    page = open_page(390)
    page.goto(address("review", request_))
    item = page.get_by_role("article", name="Rules, advanced")
    assert item.locator("img").bounding_box()["y"] < item.get_by_role("button", name="Accept 8").bounding_box()["y"]
