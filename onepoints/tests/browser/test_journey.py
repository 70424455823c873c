"""The main job, end to end, as a newcomer meets it: the whole portal as `bin/run` starts it, with its own database,
broker, worker and beat, walked through in a browser from a course with its PDF to an extended expiry date and its mail.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from calendar import month_name
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from threading import Event, Thread

import pytest
from playwright.sync_api import expect

from accounts.clock import program_today
from certifications.rules import add_months
from onepoints.demo import PASSWORD
from onepoints.environment import PROJECT
from onepoints.tests.factories import pdf_upload

# What the tests run on is not for this portal: it brings its own.
NOT_PASSED_ON = {"DATABASE_URL", "REDIS_URL", "HOST", "ONEPOINTS_MODE", "ONEPOINTS_URL", "EMAIL_URL"}


@pytest.fixture
def portal(tmp_path):
    """The address of a running portal with demo people; its state is below tmp_path / "var"."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "onepoints.supervisor"],
        cwd=PROJECT,
        env={**inherited, "ONEPOINTS_VAR": str(tmp_path / "var"), "PORT": str(port)},
        stdout=subprocess.PIPE,
        text=True,
    )
    said, answers = [], Event()

    def listen():
        for line in supervisor.stdout:
            said.append(line)
            if line.startswith("OnePoints answers at "):
                answers.set()
        answers.set()  # it has ended

    listener = Thread(target=listen, daemon=True)
    listener.start()
    answers.wait(timeout=120)
    assert supervisor.poll() is None, "".join(said)
    yield f"http://127.0.0.1:{port}"
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(timeout=60) == 0
    listener.join(timeout=10)
    supervisor.stdout.close()


@pytest.fixture
def mails(tmp_path):
    """The subjects of all mails sent so far to an address, once one of them fits; waits for the worker."""

    def to(address, wanted, *, seconds=30):
        pause = Event()
        for _ in range(seconds * 10):
            found = [
                mail
                for path in (tmp_path / "var" / "mail").glob("*.eml")
                if (mail := message_from_bytes(path.read_bytes(), policy=default))["To"] == address
            ]
            if any(re.search(wanted, mail["Subject"]) for mail in found):
                return found
            pause.wait(0.1)
        raise AssertionError(f"No mail “{wanted}” to {address}; there are: {[mail['Subject'] for mail in found]}")

    return to


@pytest.fixture
def people(browser, portal):
    """Opens a signed-in browser of its own for each person."""
    contexts = []

    def sign_in(address):
        context = browser.new_context(base_url=portal, locale="en-GB")
        contexts.append(context)
        page = context.new_page()
        page.goto("/accounts/login/")
        page.locator("input[name=login]").fill(address)
        page.locator("input[name=password]").fill(PASSWORD)
        page.set_default_timeout(8000)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("link", name="Activities").first).to_be_visible()
        return page

    yield sign_in
    for context in contexts:
        context.close()


def test_from_a_logged_course_to_an_extended_certification(people, mails):
    holder, reviewer = people("demo.holder@example.com"), people("demo.reviewer@example.com")
    ends = day_of(holder.get_by_text(re.compile(r"^Until \d")).first.inner_text())

    log_a_course_with_its_certificate(holder)
    request = ask_for_the_extension(holder)
    mails("demo.holder@example.com", f"We have your request {request}")

    return_it(reviewer, request)
    mails("demo.holder@example.com", f"missing from {request}")
    answer_it(holder, request)

    approve_it(reviewer, request)
    extended = add_months(ends, 24)
    shown = f"{extended.day} {extended:%B %Y}"
    arrived = mails("demo.holder@example.com", f"^Extended: .* until {shown}$")

    holder.goto("/")
    expect(holder.get_by_text(f"Until {shown}").first).to_be_visible()
    expect(holder.get_by_text("not yet confirmed by the registry")).to_be_visible()
    assert len({mail["Message-ID"] for mail in arrived}) == len(arrived)
    last = next(mail for mail in arrived if mail["Subject"].startswith("Extended"))
    assert {part.get_content_type() for part in last.walk()} >= {"text/plain", "text/html"}
    assert shown in last.get_body(("plain",)).get_content()


def log_a_course_with_its_certificate(page):
    page.get_by_role("link", name="Activities").first.click()
    page.get_by_role("link", name="Log an activity").first.click()
    page.get_by_label("What was it").select_option("ILT-HALF")
    page.get_by_label("Title").fill("Writing fast rules")
    page.get_by_label("Date").first.fill(f"{program_today() - timedelta(days=30)}")
    certificate = pdf_upload("writing-fast-rules.pdf")
    page.get_by_label("Evidence").set_input_files(
        {"name": certificate.name, "mimeType": "application/pdf", "buffer": certificate.read()}
    )
    page.get_by_role("button", name="Log 4 points").click()
    expect(page.get_by_role("heading", name="Writing fast rules")).to_be_visible()


def ask_for_the_extension(page):
    page.goto("/")
    page.get_by_role("link", name="Ask for the extension").first.click()
    page.get_by_label("Writing fast rules").check()
    page.get_by_role("button", name="Send to the certification team").click()
    expect(page.get_by_role("heading", name="With the certification team")).to_be_visible()
    expect(page.get_by_text(re.compile(r"CRED-\d{6}")).first).to_be_visible()
    return re.search(r"SUB-\d{5}", page.content())[0]


def open_for_review(page, request):
    page.goto("/admin/submissions/submission/")
    page.get_by_role("link", name=request).click()


def return_it(page, request):
    open_for_review(page, request)
    page.get_by_role("button", name="Take this request").click()
    item = page.get_by_role("article", name="Writing fast rules")
    item.locator("summary").click()
    item.get_by_label("Reason").select_option("missing-document")
    item.get_by_label("Words").fill("The certificate does not name you. Please add the CPE certificate.")
    item.get_by_role("button", name="Refuse").click()
    page.get_by_role("link", name="Return with what is missing").click()
    page.get_by_label("Words").fill("Almost there: one certificate does not name you.")
    page.get_by_role("button", name="Return to the holder").click()
    expect(page.get_by_text(f"{request} is returned")).to_be_visible()


def answer_it(page, request):
    page.goto("/")
    page.get_by_role("link", name=re.compile("Answer")).first.click()
    if page.get_by_role("heading", name="Add what is missing").count() == 0:
        page.get_by_role("link", name="Answer", exact=True).click()
    expect(page.get_by_text("Please add the CPE certificate.")).to_be_visible()
    certificate = pdf_upload("cpe.pdf")
    row = page.get_by_role("listitem").filter(has_text="Writing fast rules")
    row.locator("input[type=file]").set_input_files(
        {"name": certificate.name, "mimeType": "application/pdf", "buffer": certificate.read()}
    )
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("heading", name="With the certification team")).to_be_visible()


def approve_it(page, request):
    open_for_review(page, request)
    expect(page.get_by_text("cpe.pdf").first).to_be_visible()
    page.get_by_role("button", name=re.compile("without a verdict")).click()
    page.get_by_role("link", name="Approve", exact=True).click()
    page.get_by_role("button", name=re.compile("^Extend until")).click()
    expect(page.get_by_text(f"{request} is approved")).to_be_visible()


def day_of(text):
    """The date in a line such as "Until 12 May 2027"."""
    day, month, year = re.search(r"(\d+) (\w+) (\d{4})", text).groups()
    return date(int(year), list(month_name).index(month), int(day))
