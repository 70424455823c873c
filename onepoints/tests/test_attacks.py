"""What an attacker would try at every address: redirects, hosts, methods, forged forms, markup, names, logs, errors."""

import logging
import re
from io import StringIO
from urllib.parse import quote, unquote

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.files.storage import default_storage
from django.http import Http404
from django.test import Client
from django.urls import reverse

from activities.models import Evidence
from certifications.models import Reminder
from onepoints import logs
from onepoints.tests.access import AWAY, DONE, OK, SIGN_IN, expected
from onepoints.tests.addresses import ADDRESSES, things
from onepoints.tests.factories import PASSWORD, TODAY, make_holder, pdf_upload
from onepoints.tests.posts import body_for
from onepoints.tests.visitor import Answer
from onepoints.tests.world import NAUGHTY, NOTES, UNESCAPED, naughty
from submissions import emails
from submissions.models import Notice, Step

pytestmark = pytest.mark.django_db

EVIL = "evil.example"
SIGNED_IN = ["holder", "manager", "superuser"]


def cells(world, method, roles, outcomes):
    """What these roles may do anywhere, with an outcome of that kind: role, path, body."""
    for address in ADDRESSES:
        for role in roles:
            for thing in things(address, world, role):
                if expected(method, address, role, thing.name) in outcomes:
                    yield role, address, thing


# --- redirects --------------------------------------------------------------------------------------------------------

AWAY_FROM_HERE = [
    f"//{EVIL}/",
    f"https:{EVIL}",
    f"https:/{EVIL}",
    f"https://{EVIL}/",
    f"\\\\{EVIL}",
    f"/\\{EVIL}",
    f"/\t/{EVIL}",
    f"\x00//{EVIL}",
    f"http://testserver@{EVIL}/",
    f"///{EVIL}",
    "javascript:alert(1)",
    "data:text/html,x",
]
PARAMETERS = ["next", "redirect", "redirect_to", "redirect_url", "return", "return_to", "url", "continue", "to", "r"]


def leads_home(location):
    """As a browser reads it: backslashes are slashes, tabs and ends of lines are nothing."""
    seen = re.sub(r"[\t\r\n\x00]", "", location).strip().replace("\\", "/")
    return bool(re.match(r"/(?!/)|[?#]|http://testserver/", seen))


@pytest.mark.parametrize("payload", AWAY_FROM_HERE)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_address_leads_to_a_foreign_page(world, visitor, method, payload):
    query = "&".join(f"{name}={quote(payload)}" for name in PARAMETERS)
    tried = set()
    # Who asks for a sign-in does so for every address alike: one payload shows it.
    outcomes = (AWAY, DONE, SIGN_IN) if payload == AWAY_FROM_HERE[0] else (AWAY, DONE)
    for role, address, thing in cells(world, method, ["anonymous", "holder", "superuser"], outcomes):
        if (role, address.name) in tried:
            continue
        tried.add((role, address.name))
        body = {**dict.fromkeys(PARAMETERS, payload), **body_for(visitor, address, thing)} if method == "POST" else None
        answer = visitor.ask(role, method, f"{address.path(*thing.values)}?{query}", body)
        assert leads_home(answer.response.get("Location", "/")), (role, address)
    assert len(tried) > 20


@pytest.mark.parametrize("payload", AWAY_FROM_HERE)
def test_signing_in_leads_to_no_foreign_page(world, visitor, payload):
    person = make_holder()
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    body = {"login": person.email, "password": PASSWORD, "next": payload}
    answer = visitor.ask("anonymous", "POST", f"{reverse('account_login')}?next={quote(payload)}", body)
    assert answer.response.status_code == 302
    assert leads_home(answer.response["Location"])
    person.emailaddress_set.all().delete()
    person.delete()


@pytest.mark.parametrize(
    ("location", "home"), [("/here", True), ("?a", True), *((bad, False) for bad in AWAY_FROM_HERE)]
)
def test_what_counts_as_leading_home(location, home):
    assert leads_home(location) == home


# --- hosts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", [EVIL, f"localhost.{EVIL}", f"localhost@{EVIL}", f"{EVIL}:80", "testserver:80@x", "", "a b"]
)
def test_a_foreign_host_is_refused_before_anything_is_done(world, visitor, host):
    answer = visitor.ask(
        "holder", "POST", reverse("account_reset_password"), {"email": "x@example.com"}, headers={"host": host}
    )
    assert answer.response.status_code == 400
    assert not answer.written
    assert EVIL not in answer.everything


FORWARDED = {"x-forwarded-host": EVIL, "forwarded": f"host={EVIL}", "x-host": EVIL, "x-original-url": f"//{EVIL}/"}


@pytest.mark.parametrize("host", [EVIL, f"{EVIL}:8000", "testserver"])
def test_links_in_mails_come_from_the_setting_whatever_host_the_request_names(world, visitor, settings, host):
    settings.ALLOWED_HOSTS = ["*"]
    known = world.rows["accounts_accountmail"]
    mails = []
    for email in (world.people["holder"].user.email, "nobody@example.com"):
        answer = visitor.ask(
            "anonymous",
            "POST",
            reverse("account_reset_password"),
            {"email": email},
            look="written",
            headers={"host": host, **FORWARDED},
        )
        mails += [row for key, row in answer.after["accounts_accountmail"].items() if key not in known]
    written = " ".join(f"{mail['subject']} {mail['text']} {mail['html']}" for mail in mails)
    assert len(mails) == 2
    assert EVIL not in written
    assert set(re.findall(r"https?://[^/\s\"<]+", written)) == {settings.SITE_URL}


@pytest.mark.parametrize("header", list(FORWARDED))
def test_no_page_believes_what_a_proxy_header_says_of_the_host(world, visitor, header):
    for path in (reverse("home"), reverse("account_login"), reverse("activities"), "/admin", "/accounts/login"):
        for role in ("anonymous", "holder"):
            answer = visitor.ask(role, "GET", path, headers={header: FORWARDED[header]})
            assert EVIL not in answer.everything


# --- methods and forged forms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "EVIL"])
@pytest.mark.parametrize("role", ["holder", "superuser"])
def test_no_other_method_does_anything(world, visitor, role, method):
    """Django's own form views take a PUT for a POST; it needs the token like one."""
    visitor.client = Client(enforce_csrf_checks=True)
    for address in ADDRESSES:
        thing = things(address, world, role)[0]
        answer = visitor.ask(role, method, address.path(*thing.values))
        assert answer.written <= {*NOTES, "mfa_authenticator"}, address
        assert answer.response.status_code in (200, 302, 301, 403, 404, 405, 503), address
        assert "TRACE" not in answer.response.get("Allow", "")


@pytest.mark.parametrize("role", ["anonymous", "holder", "manager", "superuser"])
def test_no_form_is_accepted_without_its_token(world, visitor, role):
    forged = Client(enforce_csrf_checks=True)
    usual, visitor.client = visitor.client, forged
    refused = 0
    for who, address, thing in cells(world, "POST", [role], (DONE, OK, AWAY)):
        visitor.client = usual
        body = body_for(visitor, address, thing)
        visitor.client = forged
        answer = visitor.ask(who, "POST", address.path(*thing.values), body)
        assert not answer.written - {"django_session"}, (address, thing.name)
        refused += answer.outcome == "FORBIDDEN"
    assert refused > 4


# --- markup in what people write --------------------------------------------------------------------------------------


def test_what_is_said_after_a_form_is_escaped(world, visitor):
    """The sentence on the next page often repeats what somebody wrote."""
    said, tried = 0, set()
    for role, address, thing in cells(world, "POST", SIGNED_IN, (DONE, AWAY)):
        kind = role, address.name, expected("POST", address, role, thing.name)
        if "logout" in address.name or kind in tried:
            continue
        tried.add(kind)
        body = {**body_for(visitor, address, thing)}
        body |= {name: naughty("Posted", 60) for name in ("title", "words", "note", "description") if name in body}
        body |= {"name": naughty("Posted", 60)} if address.name in ("preferences", "mfa_edit_webauthn") else {}
        answer = visitor.ask(role, "POST", address.path(*thing.values), body, follow=True)
        assert answer.response.status_code in (200, 403, 404), (role, address)
        check_escaped(answer, (role, address, thing.name))
        said += "&lt;img src=x" in answer.content
    assert said > 30


def check_escaped(answer: Answer, where):
    if "html" in answer.response.get("Content-Type", ""):
        assert not [bad for bad in UNESCAPED if bad in answer.content], where


HOSTILE_QUERIES = [
    NAUGHTY,
    "\x00",
    "9" * 40,
    "-1",
    "' OR 1=1 --",
    "%",
    "\u202e\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "x" * 3000,
    "{% debug %}",
]
ASKED = ["q", "p", "o", "page", "e", "all", "type", "like", "version_of", "next", "term", "app_label", "model_name"]
FILTERS = ["status", "taken", "expiry", "state", "version", "confirmed", "person", "first", "last", "action"]


@pytest.mark.parametrize("text", HOSTILE_QUERIES, ids=range(len(HOSTILE_QUERIES)))
def test_no_page_breaks_or_repeats_unescaped_what_stands_in_its_address(world, visitor, text):
    every = "&".join(f"{name}={quote(text)}" for name in ASKED)
    for role, address, thing in cells(world, "GET", ["anonymous", "superuser"], (OK,)):
        if thing.name not in ("", "own private", "own open", "first"):
            continue
        # A list answers only what its filters ask, and would refuse all of it at once.
        one_by_one = [f"{name}={quote(text)}" for name in ("q", "p", "o", *FILTERS)]
        for query in one_by_one if address.name.endswith("_changelist") else [every]:
            answer = visitor.ask(role, "GET", f"{address.path(*thing.values)}?{query}")
            assert answer.response.status_code in (200, 302, 400, 403, 404, 503), (address, query)
            check_escaped(answer, (address, query))


def test_every_mail_about_a_request_is_escaped_and_has_only_its_own_headers(world):
    Step.objects.filter(move="returned").update(words=f"Words\r\nBcc: thief@{EVIL}\r\n\r\n{NAUGHTY}")
    mails = [
        emails.build_notice(notice, Step.objects.select_related("submission__holder").get(pk=notice.step_id), on=TODAY)
        for notice in Notice.objects.all()
    ]
    mails += [emails.build_reminder(reminder, on=TODAY) for reminder in Reminder.objects.all()]
    assert len(mails) > 20
    for mail in mails:
        (html,) = [content for content, kind in mail.alternatives]
        assert not [bad for bad in UNESCAPED if bad in html]
        assert "&lt;img" in html
        message = mail.message()
        assert set(message.keys()) == {
            "Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted"
        }  # fmt: skip
        assert len(mail.recipients()) == 1
        assert "\n" not in mail.subject


def test_every_mail_about_an_account_is_escaped(world, visitor):
    found = 0
    for role, address, thing in cells(world, "POST", ["anonymous", "holder"], (DONE,)):
        body = {**body_for(visitor, address, thing)}
        body |= {"name": naughty("Posted", 60)} if address.name == "account_signup" else {}
        answer = visitor.ask(role, "POST", address.path(*thing.values), body, look="written")
        known = world.rows["accounts_accountmail"]
        for mail in (row for key, row in answer.after["accounts_accountmail"].items() if key not in known):
            found += 1
            assert not [bad for bad in UNESCAPED if bad in mail["html"]]
            assert "\n" not in mail["subject"]
    assert found >= 5


# --- names of files ---------------------------------------------------------------------------------------------------

NAMES = [
    "../../x.pdf",
    "..\\..\\windows\\x.pdf",
    "C:\\temp\\x.pdf",
    "/etc/passwd.pdf",
    "invoice\u202efdp.exe.pdf",
    "a\"b'c;filename=evil.exe.pdf",
    "a\r\nSet-Cookie: x=1\r\n.pdf",
    "n" * 300 + ".pdf",
    "\U0001f600 certificate \U0001f4dc.pdf",
    "<img src=x onerror=alert(1)>.pdf",
    "{{ 71992|add:1 }}.pdf",
    "=1+1.pdf",
    "a\x00b.pdf",
]
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069/\\\\]")


@pytest.fixture
def as_holder(world):
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = world.cookies["holder"]
    return client


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_hostile_file_name_is_only_a_name(world, visitor, as_holder, monkeypatch, name):
    """From the upload through every page and header that shows it."""
    # As if Django let every name through that can be sent; the name alone must not do harm.
    monkeypatch.setattr("django.http.multipartparser.MultiPartParser.sanitize_file_name", lambda parser, given: name)
    upload = pdf_upload()
    body = {"type": "ILT-1D", "title": "A course", "completed_on": "2026-03-02", "evidence": upload}
    before = set(Evidence.objects.values_list("pk", flat=True))
    response = as_holder.post(reverse("log_activity"), body)
    assert response.status_code == 302, response.content.decode()
    evidence = Evidence.objects.exclude(pk__in=before).get()
    assert 0 < len(evidence.shown_name) <= 150
    assert not UNSEEN.search(evidence.shown_name)
    assert re.fullmatch(r"[\w/]+\.pdf", evidence.file.name)
    assert ".." not in evidence.file.name
    pages = [response["Location"], reverse("activities"), reverse("change_activity", args=[evidence.activity_id])]
    for page in pages:
        shown = as_holder.get(page).content.decode()
        assert not [bad for bad in UNESCAPED if bad in shown]
        assert name not in shown or not UNSEEN.search(name)
    download = as_holder.get(reverse("evidence_file", args=[evidence.pk]))
    check_disposition(download["Content-Disposition"])
    assert set(dict(download.headers)) <= {
        "Content-Type", "Content-Disposition", "Content-Length", "Content-Security-Policy", "X-Content-Type-Options",
        "Cache-Control", "Referrer-Policy", "X-Frame-Options", "Cross-Origin-Opener-Policy", "Vary", "Content-Language",
    }  # fmt: skip
    b"".join(download.streaming_content)
    found = visitor.ask("superuser", "GET", f"{reverse('admin:activities_evidence_changelist')}?q={quote(name)}")
    assert found.outcome in (OK, AWAY)
    check_escaped(found, name)


def check_disposition(header):
    assert header.startswith("attachment; ")
    assert header.isascii()
    assert not re.search(r"[\x00-\x1f\x7f]", header)
    shown = unquote(header.partition("filename")[2])
    assert not re.search("[\u202a-\u202e\u2066-\u2069/\\\\]", shown.replace('\\"', ""))
    assert header.count("filename") == 1 or "evil.exe" in header


def test_a_stranger_leaves_no_file(world, visitor):
    theirs = world.people["holder"].rows
    counted = theirs["activity"]["returned"].pk
    before = stored()
    for role in ("anonymous", "other", "reviewer", "disabled"):
        for name, row in (("answer", "submission"), ("change_activity", "activity")):
            path = reverse(name, args=[theirs[row]["returned"].pk])
            answer = visitor.ask(role, "POST", path, {f"files_{counted}": pdf_upload(), "evidence": pdf_upload()})
            assert answer.outcome in (SIGN_IN, "NOT_FOUND")
    assert stored() == before


def stored(folder=""):
    folders, files = default_storage.listdir(folder)
    return {f"{folder}/{name}" for name in files} | {
        name for inner in folders for name in stored(f"{folder}/{inner}".strip("/"))
    }


# --- the log ----------------------------------------------------------------------------------------------------------

INJECTION = "x\r\n2026-11-24 15:00:00,000 INFO accounts: superuser signed in\x1b[2J\u2028\x85\u202e"


@pytest.fixture
def written():
    """The log as it is written to the console."""
    handler = logging.StreamHandler(StringIO())
    handler.setFormatter(logs.OneLine(settings.LOGGING["formatters"]["line"]["format"]))
    logging.getLogger().addHandler(handler)
    yield handler.stream
    logging.getLogger().removeHandler(handler)


def test_the_console_writes_with_this_formatter():
    assert settings.LOGGING["formatters"]["line"]["()"] == "onepoints.logs.OneLine"
    assert settings.LOGGING["handlers"]["console"]["formatter"] == "line"


def test_one_event_is_one_line_whatever_a_visitor_writes(world, visitor, written):
    paths = [f"/{quote(INJECTION)}", f"/activities/{quote(INJECTION)}/", f"/admin/{quote(INJECTION)}"]
    paths += [f"{reverse('admin:accounts_user_changelist')}?{quote(INJECTION)}__x={quote(INJECTION)}"]
    paths += [f"{reverse('admin:accounts_user_changelist')}?password{quote(INJECTION)}=1"]
    for path in paths:
        visitor.ask("superuser", "GET", path, headers={"user-agent": "x"})
    visitor.ask("anonymous", "POST", reverse("account_login"), {"login": f"{INJECTION}@x.de", "password": INJECTION})
    visitor.ask("anonymous", "GET", "/", headers={"host": f"{EVIL}{INJECTION}"})
    logging.getLogger("accounts").warning("by hand: %s", INJECTION)
    check_lines(written.getvalue(), at_least=6)


def test_the_trace_of_a_fault_begins_no_event_either(written):
    try:
        raise RuntimeError(INJECTION)
    except RuntimeError:
        logging.getLogger("accounts").exception("a fault: %s", INJECTION, stack_info=True)
    check_lines(written.getvalue(), at_least=1)
    assert "Traceback" in written.getvalue()


def check_lines(text, *, at_least):
    events = [line for line in text.splitlines() if not line.startswith(logs.CONTINUED)]
    assert len(events) >= at_least
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [\w.]+: ", line) for line in events), events
    assert not [line for line in events if line.endswith("INFO accounts: superuser signed in")]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)


# --- error pages ------------------------------------------------------------------------------------------------------

REFERENCE = re.compile(r"Reference <strong>([0-9A-F]{4}-[0-9A-F]{2})</strong>")
SECRET = "the secret of another person"
FAULTS = [(SuspiciousOperation, 400), (PermissionDenied, 403), (Http404, 404), (RuntimeError, 500), (KeyError, 500)]
BROKEN = {
    "home": "onepoints.views.cards.cards",
    "requests": "submissions.views.Paginator",
    "ask": "submissions.standing.standing_of",
}


@pytest.mark.parametrize(("fault", "status"), FAULTS)
@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_shows_a_reference_and_nothing_of_itself(world, visitor, monkeypatch, caplog, name, fault, status):
    def broken(*args, **kwargs):
        raise fault(SECRET)

    monkeypatch.setattr(BROKEN[name], broken)
    visitor.client.raise_request_exception = False
    path = reverse(name, args=[world.people["holder"].rows["credential"]["open"].pk] if name == "ask" else [])
    answer = visitor.ask("holder", "GET", path)
    assert answer.response.status_code == status
    check_error_page(answer, caplog)


def test_errors_that_a_visitor_can_bring_about_show_a_reference(world, visitor, caplog):
    too_many = reverse("account_reset_password")
    answers = [
        visitor.ask("anonymous", "GET", "/", headers={"host": EVIL}),
        visitor.ask("anonymous", "GET", "/nothing/here/"),
        visitor.ask("reviewer", "GET", reverse("admin:accounts_user_changelist")),
        visitor.ask("manager", "GET", f"{reverse('admin:accounts_user_changelist')}?password=x"),
    ]
    for _time in range(30):
        last = visitor.client.post(too_many, {"email": f"{_time}@example.com"})
    answers.append(Answer(last, last.content.decode()))
    assert [answer.response.status_code for answer in answers] == [400, 404, 403, 400, 429]
    for answer in answers:
        check_error_page(answer, caplog)


def check_error_page(answer, caplog):
    assert REFERENCE.search(answer.content)[1] in caplog.text
    for told in (SECRET, "Traceback", "Exception", "Error at", "site-packages", "/work", settings.SECRET_KEY, "DEBUG"):
        assert told not in answer.content
    assert answer.response["Content-Security-Policy"] == settings.CONTENT_SECURITY_POLICY
    for name, value in (
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
    ):
        assert answer.response[name] == value
