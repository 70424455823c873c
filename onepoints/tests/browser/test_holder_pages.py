"""A holder's pages in a real browser: readable for everybody in each state, with script and without."""

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts.clock import program_today
from activities import workflow as activity_workflow
from activities.models import Activity, Evidence, EvidencePage
from activities.tests.certificates import certificate
from certifications.models import Credential
from onepoints import defaults
from onepoints.tests.factories import (
    MORNING,
    make_activity,
    make_credential,
    make_evidence,
    make_holder,
    make_reviewer,
    pdf_upload,
    picture_upload,
    send,
)
from submissions import workflow
from submissions.models import Submission
from submissions.rules import Reason, Status, Verdict

LOOKS = [({"width": 1280, "height": 900}, "light"), ({"width": 320, "height": 640}, "dark")]


@pytest.fixture
def holder(transactional_db):
    defaults.load()
    return make_holder("Robin Rivera")


@pytest.fixture
def browser_context_args(browser_context_args, live_server, holder):
    """Signed in by cookie."""
    client = Client()
    client.force_login(holder)
    return {
        **browser_context_args,
        "base_url": live_server.url,
        "storage_state": {"cookies": [_session(client, live_server.url)], "origins": []},
    }


def _session(client, url):
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "domain": urlsplit(url).hostname,
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": False,
        "sameSite": "Lax",
    }


@pytest.fixture(params=["script", "no-script"])
def with_and_without_script(request, page):
    if request.param == "no-script":
        hold_scripts_back(page)


@pytest.fixture
def without_script(page):
    hold_scripts_back(page)


def hold_scripts_back(page):
    """None of our scripts arrives. (With script switched off altogether axe could not run either.)"""
    page.route("**/*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))


# --- states -----------------------------------------------------------------------------------------------------------


def ago(days):
    return program_today() - timedelta(days=days)


def ahead(days):
    return program_today() + timedelta(days=days)


def logged(holder, code, days_ago, *, file="", **fields):
    activity = make_activity(holder, code, ago(days_ago), evidence=False, **fields)
    if file:
        make_evidence(holder, activity, shown_name=file)
    return activity


def with_picture(activity):
    """Its evidence is a real file, for pages that show it."""
    Evidence.objects.filter(activity=activity).delete()
    kept = activity_workflow.keep_aside(activity.holder, picture_upload("splash.png", (800, 600)), at=timezone.now())
    Evidence.objects.filter(pk=kept.pk).update(activity=activity)
    return activity


def some_log(holder):
    """34 points that count, and what does not."""
    logged(holder, "ILT-3D", 500, title="Rules and calculations in depth", file="completion-rules.pdf")
    logged(
        holder,
        "SPL-WSH-F",
        630,
        title="Splash workshop: cloud",
        file="splash-certificate.png",
    )
    logged(holder, "TT-ATT", 300, title="Tech Talk: rule performance", held_at=MORNING)
    logged(holder, "TT-ATT", 40, title="Tech Talk: data quality", held_at=MORNING)
    logged(holder, "TW-ATT", 760, title="Webinar that lapsed", held_at=MORNING)
    logged(holder, "WAV-ATT", 35, title="WAVE sessions, two days", quantity=6)


def enough(holder):
    some_log(holder)
    logged(
        holder,
        "ILT-1D",
        20,
        title="Administration update",
        file="update-certificate-with-a-rather-long-file-name.pdf",
    )


def sent(holder):
    enough(holder)
    return send(make_credential(holder, ahead(169)), on=program_today(), at=timezone.now())


def returned(holder):
    submission = sent(holder)
    reviewer = make_reviewer()
    workflow.take(submission, by=reviewer, at=timezone.now())
    first, second, *_rest = submission.counted.held()
    workflow.judge(first, Verdict.REFUSED, reason=Reason.OTHER_DATE, words="The certificate says 4 March.", by=reviewer)
    workflow.judge(second, Verdict.ACCEPTED, by=reviewer)
    words = "Two things are missing, then we can decide:\n- the date of the workshop\n- a readable page 2"
    workflow.return_for_more(submission, words, by=reviewer, at=timezone.now(), on=program_today())
    return submission


def decided(holder, decide):
    submission = sent(holder)
    reviewer = make_reviewer()
    workflow.take(submission, by=reviewer, at=timezone.now())
    for counted in submission.counted.held():
        workflow.judge(counted, Verdict.ACCEPTED, by=reviewer)
    decide(submission, reviewer)
    return submission


def approve(submission, reviewer):
    workflow.approve(submission, "Congratulations!", from_day=submission.expires_on, by=reviewer, at=timezone.now())


def reject(submission, reviewer):
    workflow.reject(submission, "These courses belong to another person.", by=reviewer, at=timezone.now())


def at(name, row):
    return reverse(name, args=[row.pk])


def first_visit(holder):
    make_credential(holder, ahead(169))
    return reverse("activities")


def ledger(holder):
    make_credential(holder, ahead(169))
    some_log(holder)
    return reverse("activities")


def ledger_of_two(holder):
    make_credential(holder, ahead(300), "OCP-LA")
    sent(holder)
    return reverse("activities")


def log_form(holder):
    some_log(holder)
    return reverse("log_activity")


def change_form(holder):
    some_log(holder)
    return at("change_activity", with_picture(Activity.objects.get(title="Splash workshop: cloud")))


def counting_activity(holder):
    make_credential(holder, ahead(169))
    some_log(holder)
    return at("activity", with_picture(Activity.objects.get(title="Splash workshop: cloud")))


def activity_of_many_files(holder):
    """A certificate of somebody else's with further pages, a mail, one file that is being checked and one refused."""
    make_credential(holder, ahead(169))
    activity = with_picture(logged(holder, "ILT-3D", 90, title="Rules in depth"))
    says = {"names": ["Alex Kim"], "hours": ["22"], "dates": ["2025-01-01", "2025-01-02"], "titles": ["Rules"]}
    activity.evidence_files.update(facts=says, pages=9)
    shown = activity.evidence_files.get()
    for number in (2, 3):
        EvidencePage.objects.create(evidence=shown, number=number, picture=shown.picture.name)
    mail = activity_workflow.keep_aside(holder, picture_upload(), at=timezone.now())
    words = "Dear Robin Rivera,\n\nthank you for coming. https://example.com/" + "x" * 200
    Evidence.objects.filter(pk=mail.pk).update(activity=activity, kind="eml", shown_name="confirmation.eml", text=words)
    make_evidence(holder, activity, shown_name="a-rather-long-name-of-a-second-page.pdf", held_since=timezone.now())
    make_evidence(holder, activity, shown_name="refused.pdf", harmful="Win.Test.EICAR_HDB-1")
    return at("activity", activity)


def change_form_with_hints(holder):
    activity_of_many_files(holder)
    return at("change_activity", Activity.objects.get())


def ask_with_doubts(holder):
    activity_of_many_files(holder)
    enough(holder)
    return at("ask", Credential.objects.get())


def ledger_with_files_being_checked(holder):
    activity_of_many_files(holder)
    return reverse("activities")


def activity_without_evidence(holder):
    make_credential(holder, ahead(169))
    some_log(holder)
    return at("activity", Activity.objects.get(title="WAVE sessions, two days"))


def counted_activity(holder):
    return at("activity", with_picture(sent(holder).counted.first().activity))


def remove_question(holder):
    return at("remove_activity", logged(holder, "ILT-1D", 5, title="A course"))


def ask_page(holder):
    enough(holder)
    logged(holder, "ILT-HALF", 10, title="Half a day more", file="half.pdf")
    return at("ask", make_credential(holder, ahead(169)))


def ask_late(holder):
    enough(holder)
    return at("ask", make_credential(holder, ahead(3)))


def ask_too_early(holder):
    some_log(holder)
    return at("ask", make_credential(holder, ahead(169)))


def ask_after_the_end(holder):
    enough(holder)
    return at("ask", make_credential(holder, ago(1)))


def ask_again(holder):
    return at("ask", sent(holder).credential)


def no_requests(holder):
    return reverse("requests")


def requests_list(holder):
    workflow.withdraw(sent(holder), by=holder, at=timezone.now())
    reviewer = make_reviewer()
    again = send(Submission.objects.get().credential, on=program_today(), at=timezone.now())
    workflow.take(again, by=reviewer, at=timezone.now())
    workflow.return_for_more(again, "A date is missing.", by=reviewer, at=timezone.now(), on=program_today())
    return reverse("requests")


def sent_request(holder):
    return at("request", sent(holder))


def returned_request(holder):
    return at("request", returned(holder))


def approved_request(holder):
    return at("request", decided(holder, approve))


def rejected_request(holder):
    return at("request", decided(holder, reject))


def withdrawn_request(holder):
    submission = sent(holder)
    workflow.withdraw(submission, by=holder, at=timezone.now())
    return at("request", submission)


def answer_page(holder):
    submission = returned(holder)
    logged(holder, "ILT-1D", 9, title="Another course", file="another.pdf")
    return at("answer", submission)


def withdraw_question(holder):
    return at("withdraw", sent(holder))


STATES = [
    first_visit,
    ledger,
    ledger_of_two,
    log_form,
    change_form,
    counting_activity,
    activity_of_many_files,
    change_form_with_hints,
    ask_with_doubts,
    ledger_with_files_being_checked,
    activity_without_evidence,
    counted_activity,
    remove_question,
    ask_page,
    ask_late,
    ask_too_early,
    ask_after_the_end,
    ask_again,
    no_requests,
    requests_list,
    sent_request,
    returned_request,
    approved_request,
    rejected_request,
    withdrawn_request,
    answer_page,
    withdraw_question,
]


# --- what every page promises -----------------------------------------------------------------------------------------


def check(page):
    """On a desk by day and on a small phone by night: nothing that axe finds, and nothing wider than the screen."""
    for viewport, scheme in LOOKS:
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        violations = Axe().run(page).response["violations"]
        assert not [(found["id"], [node["html"] for node in found["nodes"]]) for found in violations]
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], f"The page is {width} wide."


@contextmanager
def quiet_console(page):
    """Nothing is refused by the security policy, and no script fails."""
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield
    assert not said


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_each_page_is_readable_for_everybody(page, holder, state):
    with quiet_console(page):
        page.goto(state(holder))
        for fold in page.locator("main details").all():
            fold.evaluate("fold => fold.open = true")
        check(page)


def test_a_log_form_with_errors_and_a_kept_file_is_readable_for_everybody(page, holder, tmp_path):
    with quiet_console(page):
        page.goto(reverse("log_activity"))
        page.get_by_label("Evidence").set_input_files([file_at(tmp_path, pdf_upload()), word_file(tmp_path)])
        page.get_by_role("button", name="Log it").click()
        expect(page.get_by_role("alert")).to_contain_text("everything else is kept")
        expect(page.get_by_role("group", name="Attached already")).to_contain_text("certificate.pdf")
        check(page)


def test_an_ask_page_with_too_small_a_choice_is_readable_for_everybody(page, holder):
    page.goto(ask_page(holder))
    page.get_by_label("Rules and calculations in depth").uncheck()
    page.get_by_role("button", name="Send to the certification team").click()
    expect(page.get_by_role("alert")).to_contain_text("more points are needed")
    check(page)


# --- logging ----------------------------------------------------------------------------------------------------------


def file_at(folder, upload):
    path = Path(folder) / upload.name
    path.write_bytes(upload.read())
    return path


def word_file(folder):
    path = Path(folder) / "certificate.docx"
    path.write_bytes(b"PK\x03\x04")
    return path


@pytest.mark.usefixtures("with_and_without_script")
def test_an_activity_is_logged_with_a_file_after_an_error_without_choosing_the_file_again(page, holder, tmp_path):
    make_credential(holder, ahead(169))
    page.goto(reverse("log_activity"))
    page.get_by_label("What was it?").select_option("ILT-1D")
    page.locator("#id_completed_on").fill(ago(3).isoformat())
    page.get_by_label("Evidence").set_input_files(file_at(tmp_path, pdf_upload()))
    page.locator("[data-points-button]").click()
    expect(page.get_by_text("Give it a title")).to_be_visible()
    page.get_by_label("Title").fill("Administration update")
    page.locator("[data-points-button]").click()
    expect(page.get_by_role("heading", name="Administration update")).to_be_visible()
    expect(page.get_by_text("Your balance: 8 of 40 points.")).to_be_visible()
    assert Activity.objects.get().evidence_files.get().shown_name == "certificate.pdf"
    check(page)


@pytest.mark.usefixtures("with_and_without_script")
def test_what_a_file_says_is_proposed_used_and_logged_and_nothing_is_lost(page, holder, tmp_path):
    with quiet_console(page):
        page.goto(reverse("log_activity"))
        page.get_by_label("What was it?").select_option("ILT-HR")
        page.get_by_label("Title").fill("My own title")
        page.get_by_label("Evidence").set_input_files(file_at(tmp_path, certificate()))
        page.get_by_role("button", name="Read my file first").click()
        expect(page.get_by_role("group", name="Attached already")).to_contain_text("certificate.pdf")
        expect(page.get_by_label("Title")).to_have_value("My own title")
        expect(page.get_by_text("you entered “My own title”.")).to_be_visible()
        check(page)
        page.get_by_role("button", name="Use 2 March 2026, found in certificate.pdf").click()
        expect(page.locator("#id_completed_on")).to_have_value("2026-03-02")
        page.get_by_role("button", name="Use 22 hours, found in certificate.pdf").click()
        expect(page.get_by_label("How many hours or days")).to_have_value("22")
        expect(page.get_by_label("Title")).to_have_value("My own title")
        check(page)
        page.get_by_label("Title").press("Enter")
        expect(page.get_by_role("heading", name="My own title")).to_be_visible()
    activity = Activity.objects.get()
    assert (activity.points, activity.completed_on.isoformat()) == (22, "2026-03-02")
    assert activity.evidence_files.get().shown_name == "certificate.pdf"


def test_using_a_proposal_keeps_a_file_that_was_chosen_meanwhile(page, holder, tmp_path):
    page.goto(reverse("log_activity"))
    page.get_by_label("Evidence").set_input_files(file_at(tmp_path, certificate()))
    page.get_by_role("button", name="Read my file first").click()
    page.get_by_label("Evidence").set_input_files(file_at(tmp_path, pdf_upload("another.pdf")))
    button = page.get_by_role("button", name="Use “Rules and calculations in depth”")
    button.click()
    expect(page.get_by_label("Title")).to_have_value("Rules and calculations in depth")
    expect(page.get_by_label("Title")).to_be_focused()
    expect(button).to_be_hidden()
    assert page.get_by_label("Evidence").evaluate("field => field.files[0].name") == "another.pdf"


def test_a_difference_goes_as_soon_as_the_field_changes(page, holder, tmp_path):
    page.goto(reverse("log_activity"))
    page.get_by_label("What was it?").select_option("ILT-HR")
    page.get_by_label("How many hours or days").fill("24")
    page.get_by_label("Evidence").set_input_files(file_at(tmp_path, certificate()))
    page.get_by_role("button", name="Read my file first").click()
    difference = page.get_by_text("certificate.pdf says 22 hours, you entered 24 hours.")
    expect(difference).to_be_visible()
    page.get_by_label("How many hours or days").fill("23")
    expect(difference).to_be_hidden()
    expect(page.get_by_role("button", name="Log 23 points")).to_be_visible()


def test_the_button_says_how_many_points_it_logs(page, holder):
    page.goto(reverse("log_activity"))
    page.get_by_label("What was it?").select_option("ILT-1D")
    expect(page.get_by_role("button", name="Log 8 points")).to_be_visible()
    page.get_by_label("What was it?").select_option("ILT-HR")
    page.get_by_label("How many hours or days").fill("2.6")
    expect(page.get_by_role("button", name="Log 2.5 points")).to_be_visible()
    page.get_by_label("What was it?").select_option("TT-ATT")
    expect(page.get_by_role("button", name="Log 1 point", exact=True)).to_be_visible()


def test_only_the_questions_of_the_chosen_kind_are_asked(page, holder):
    page.goto(f"{reverse('log_activity')}?type=ILT-1D")
    hours, time = page.get_by_label("How many hours or days"), page.get_by_label("Time of day it began")
    expect(hours).to_be_hidden()
    expect(time).to_be_hidden()
    page.get_by_label("What was it?").select_option("TW-ATT")
    expect(hours).to_be_visible()
    expect(time).to_be_visible()


@pytest.mark.usefixtures("without_script")
def test_without_script_every_question_is_there_and_says_for_which_kinds(page, holder):
    page.goto(reverse("log_activity"))
    expect(page.get_by_label("How many hours or days")).to_be_visible()
    expect(page.get_by_text("Only for: Instructor-led course, other length")).to_be_visible()
    check(page)


# --- asking and answering ---------------------------------------------------------------------------------------------


def test_the_sum_follows_the_ticks(page, holder):
    page.goto(ask_page(holder))
    expect(page.get_by_text("40 of 40 points: enough.")).to_be_visible()
    page.get_by_label("Rules and calculations in depth").uncheck()
    expect(page.get_by_text("16 of 40 points: choose more.")).to_be_visible()
    expect(page.get_by_role("button", name="Add up again")).to_be_hidden()


@pytest.mark.usefixtures("without_script")
def test_without_script_the_server_adds_up(page, holder):
    page.goto(ask_page(holder))
    page.get_by_label("Rules and calculations in depth").uncheck()
    page.get_by_role("button", name="Add up again").click()
    expect(page.get_by_text("16 of 40 points: choose more.")).to_be_visible()
    expect(page.get_by_label("Rules and calculations in depth")).not_to_be_checked()
    check(page)


@pytest.mark.usefixtures("with_and_without_script")
def test_a_request_is_sent_returned_answered_and_sent_again(page, holder, tmp_path):
    page.goto(ask_page(holder))
    page.get_by_label("Anything the team should know?").fill("The workshop was in Detroit.")
    page.get_by_role("button", name="Send to the certification team").click()
    expect(page.get_by_role("heading", name="With the certification team")).to_be_visible()
    expect(page.get_by_text("The workshop was in Detroit.")).to_be_visible()
    submission, reviewer = Submission.objects.get(), make_reviewer()
    workflow.take(submission, by=reviewer, at=timezone.now())
    workflow.return_for_more(submission, "Page 2, please.", by=reviewer, at=timezone.now(), on=program_today())
    page.reload()
    page.get_by_role("link", name="Answer", exact=True).click()
    page.get_by_label("Add evidence").first.set_input_files(file_at(tmp_path, pdf_upload("page-two.pdf")))
    page.get_by_role("button", name="Add files, send later").click()
    expect(page.get_by_role("link", name="page-two.pdf")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("Answered and sent again")).to_be_visible()
    submission.refresh_from_db()
    assert submission.status == Status.SUBMITTED
