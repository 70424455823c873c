"""Every page in a real browser, as each kind of person, with markup in every field a person or an outside system fills.

Nothing of it runs: the console complains of nothing, no dialog opens, nothing is fetched from anywhere else.
"""

from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import settings

from onepoints.tests.access import OK, expected
from onepoints.tests.addresses import ADDRESSES, things
from onepoints.tests.factories import NOW
from onepoints.tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

ROLES = ["anonymous", "holder", "reviewer", "superuser"]
# Files, pictures and data: no pages. (Of a picture opened by itself Chromium makes a page with a style of its own.)
NO_PAGES = {"evidence_file", "evidence_picture", "evidence_page", "mfa_download_recovery_codes"}
NO_PAGES |= {"admin:accounts_auditentry_export", "admin:jsi18n", "healthz"}


@pytest.fixture
def world(transactional_db):
    with time_machine.travel(NOW):
        yield World()


@pytest.fixture
def visited(browser, live_server, world):
    """A page of that person's browser, and what happened in it that must not."""
    contexts = []

    def opened(role):
        context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
        contexts.append(context)
        if role in world.cookies:
            key = world.cookies[role]
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        page, faults = context.new_page(), []
        watch(page, faults, urlsplit(live_server.url).netloc)
        return page, faults

    yield opened
    for context in contexts:
        context.close()


def watch(page, faults, home):
    page.on("console", lambda said: is_complaint(said) and faults.append(f"console: {said.text}"))
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda asked: is_foreign(asked.url, home) and faults.append(f"request: {asked.url}"))


def is_complaint(said):
    """A page that answers 403 or 503 on purpose is noted by the browser as an error as well."""
    return said.type in ("error", "warning") and "the server responded with a status of" not in said.text


def is_foreign(address, home):
    return not address.startswith(("data:", "about:")) and urlsplit(address).netloc != home


def addresses(world, role):
    """Where this person gets a page, one row of each kind."""
    for address in ADDRESSES:
        seen = set()
        for thing in things(address, world, role):
            kind = thing.name.partition(" ")[0]
            if expected("GET", address, role, thing.name) == OK and address.name not in NO_PAGES and kind not in seen:
                seen.add(kind)
                yield address.path(*thing.values)


@pytest.mark.parametrize("role", ROLES)
def test_no_page_runs_shows_or_fetches_what_somebody_wrote_into_it(world, visited, role):
    page, faults = visited(role)
    opened, wrong = 0, []
    for path in addresses(world, role):
        response = page.goto(path, wait_until="load")
        opened += 1
        wrong += [f"{path}: {fault}" for fault in faults]
        faults.clear()
        assert response.headers["content-security-policy"] == settings.CONTENT_SECURITY_POLICY, path
        # What is escaped is text: no picture or handler of theirs has become part of the page.
        wrong += [f"{path}: became markup"] * page.locator("img[onerror], [onload], [onclick]").count()
    assert opened >= {"anonymous": 6, "holder": 20, "reviewer": 40, "superuser": 60}[role]
    assert not wrong, "\n".join(wrong)


def test_a_script_that_got_into_a_page_would_be_refused_and_seen(visited, world, live_server):
    """So that a quiet console means something: the policy stops what escaping has let through."""
    page, faults = visited("holder")
    page.goto("/help/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>')")
    page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://evil.example/x.png'}))")
    page.wait_for_timeout(300)
    assert any("Content Security Policy" in fault for fault in faults), faults
    assert not any(fault.startswith("dialog") for fault in faults)
