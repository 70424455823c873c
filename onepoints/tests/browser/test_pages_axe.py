"""The pages around the person in a real browser: no barrier, within the screen, nothing that the policy refuses."""

from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse

from accounts.clock import program_today
from onepoints.tests.factories import load_defaults, make_activity, make_credential, make_holder, make_points, send

pytestmark = pytest.mark.django_db(transaction=True)

STRANGER = [
    "home",
    "catalogue",
    "help",
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_inactive",
]
HOLDER = ["home", "catalogue", "help", "preferences", "account_email", "account_change_password", "account_logout"]
SCREENS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


@pytest.fixture
def holder():
    """Somebody with one certification to work for and one with an open request, and activities of every sort."""
    load_defaults()
    holder, today = make_holder("Hanna Holder"), program_today()
    asked = make_credential(holder, expires_on=today + timedelta(days=20), code="OCP-LA")
    make_points(holder, 40, today - timedelta(days=10))
    send(asked, on=today)
    make_credential(holder, expires_on=today + timedelta(days=169))
    make_activity(holder, "SPL-WSH-F", today - timedelta(days=630), title="Splash workshop")
    make_activity(holder, "WAV-ATT", today - timedelta(days=20), title="WAVE", evidence=False)
    make_activity(holder, "TT-ATT", date(2022, 3, 1), title="An old talk")
    return holder


@pytest.fixture
def open_page(browser, live_server):
    """Open addresses in a screen of this width and scheme, signed in as somebody or not; complaints are collected."""

    def opened(width, scheme, person=None):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        if person:
            client = Client()
            client.force_login(person)
            context.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
            )
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
        return page

    return opened


def addresses(names):
    return [reverse(name) for name in names]


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_a_strangers_pages_have_no_barrier(open_page, live_server, holder, width, scheme):
    check_pages(open_page(width, scheme), live_server.url, addresses(STRANGER))


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_a_holders_pages_have_no_barrier(open_page, live_server, holder, width, scheme):
    check_pages(open_page(width, scheme, holder), live_server.url, addresses(HOLDER))


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_an_empty_home_a_search_without_result_and_a_form_with_errors_have_no_barrier(
    open_page, live_server, holder, width, scheme
):
    newcomer = make_holder("Nora New")
    page = open_page(width, scheme, newcomer)
    check_pages(page, live_server.url, [reverse("home"), reverse("catalogue") + "?q=juggling"])
    page.goto(live_server.url + reverse("preferences"))
    page.get_by_label("Your name").fill("")
    page.get_by_role("button", name="Save").click()
    assert page.locator(".is-invalid").count() == 1
    assert barriers(page) == []


def check_pages(page, root, paths):
    found = {}
    for path in paths:
        assert page.goto(root + path).status == 200
        found[path] = barriers(page)
    assert {path: said for path, said in found.items() if said} == {}
    assert page.complaints == []


def barriers(page):
    """What axe finds, and each place as a line."""
    violations = Axe().run(page).response["violations"]
    return [f"{v['id']}: {node['html'][:120]}" for v in violations for node in v["nodes"]]


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_is_wider_than_its_screen(open_page, live_server, holder, width):
    page = open_page(width, "light", holder)
    wide = []
    for path in addresses(HOLDER):
        page.goto(live_server.url + path)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    assert wide == []


def test_what_is_pressed_is_at_least_44_pixels_high(open_page, live_server, holder):
    page = open_page(390, "light", holder)
    small = []
    for path in addresses(HOLDER):
        page.goto(live_server.url + path)
        small += page.locator("a.btn, button:visible, .form-control, .form-select, summary, .site-nav a").evaluate_all(
            "all => all.filter(e => e.offsetParent && e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"
        )
    assert small == []


def test_the_persons_menu_opens_by_keyboard_and_closes_on_escape(open_page, live_server, holder):
    page = open_page(1280, "light", holder)
    page.goto(live_server.url + reverse("help"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("link", name="Preferences").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("link", name="Preferences").is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
