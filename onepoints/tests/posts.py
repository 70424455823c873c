"""What a valid form of each address posts, so that whoever may not post it is refused for who they are."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

from django.apps import apps

from onepoints.tests.addresses import Address, Thing
from onepoints.tests.factories import PASSWORD
from onepoints.tests.visitor import Visitor
from onepoints.tests.world import Belongings

Body = dict[str, Any]

ENTRY = {"type": "TW-ATT", "title": "Posted", "completed_on": "2026-03-02", "started_on": "", "held_at": "10:00"}
ENTRY |= {"quantity": "2"}
NEW_PASSWORD = "battery staple correct"
WORDS = {"words": "Words that were posted"}
INLINES = {"extensions-TOTAL_FORMS": "0", "extensions-INITIAL_FORMS": "0"}


def _counting(state: str) -> Callable[[Belongings], Body]:
    """A request that counts the activity its owner has in that state."""
    return lambda whose: {**WORDS, "send": "1", "activity": [whose.pk("activity", state)], "key": str(uuid4())}


def _expiry_seen(whose: Belongings) -> Body:
    return {**WORDS, "from_day": "2027-05-12"}


# By the name of the address; a function gets what the addressed row's owner has. What is not here posts nothing.
BODIES: dict[str, Body | Callable[[Belongings], Body]] = {
    "log_activity": ENTRY,
    "change_activity": ENTRY,
    "ask": _counting("withdrawn"),
    "answer": _counting("returned"),
    "preferences": {"name": "Posted", "time_zone": "Europe/Vienna", "reminders": "few"},
    "account_login": lambda whose: {"login": whose.user.email, "password": PASSWORD},
    "account_signup": {"email": "posted@example.com", "password1": NEW_PASSWORD, "name": "Posted"},
    "account_reauthenticate": {"password": PASSWORD},
    "account_email": {"action_add": "", "email": "posted@example.com"},
    "account_change_password": {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    "account_set_password": {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    "account_reset_password": lambda whose: {"email": whose.user.email},
    "mfa_edit_webauthn": {"name": "Posted"},
    "admin:submissions_submission_judge": {**WORDS, "verdict": "refused", "reason": "unreadable"},
    "admin:submissions_submission_approve": _expiry_seen,
    "admin:submissions_submission_return": WORDS,
    "admin:submissions_submission_reject": WORDS,
    "admin:auth_user_password_change": {
        "password1": NEW_PASSWORD,
        "password2": NEW_PASSWORD,
        "usable_password": "true",
    },
    "admin:accounts_user_add": {
        "email": "posted@example.com",
        "name": "Posted",
        "usable_password": "true",
        "password1": NEW_PASSWORD,
        "password2": NEW_PASSWORD,
    },
    "admin:submissions_policy_add": {
        "effective_from": "2027-01-01",
        "points_needed": "40",
        "window_months": "24",
        "extension_months": "24",
        "advised_days": "30",
        "answer_days": "30",
        "earliest_completion": "2022-01-01",
    },
    "admin:activities_activitytype_add": {
        "code": "POSTED",
        "valid_from": "2027-01-01",
        "name": "Posted",
        "category": "course",
        "unit": "course",
        "points": "1",
        "evidence": "Posted",
    },
    "admin:certifications_certification_add": {"code": "POSTED", "name": "Posted", "level": "associate"},
    "admin:certifications_credential_add": lambda whose: {
        **INLINES,
        "candidate_id": "POSTED",
        "certification": whose.rows["credential"]["open"].certification_id,
        "holder": "",
        "earned_on": "",
        "registry_email": "",
        "registry_name": "",
        "expires_on": "2027-01-01",
    },
}
# Actions of lists that do something to the rows they are given.
ACTIONS = {
    "admin:accounts_accountmail_changelist": "try_again",
    "admin:submissions_notice_changelist": "try_again",
    "admin:submissions_credentialingcase_changelist": "try_again",
    "admin:certifications_reminder_changelist": "try_again",
    "admin:activities_activitytype_changelist": "confirm_values",
}


class _Form(HTMLParser):
    """The fields that a browser would send with the page's form of that id."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.inside, self.select, self.textarea = form_id, False, "", ""
        self.fields: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = has.get("id") == self.form_id
        elif self.inside:
            getattr(self, f"_{tag}", lambda has: None)(has)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "textarea":
            self.textarea = ""

    def handle_data(self, text: str) -> None:
        if self.textarea:
            self.fields[self.textarea][-1] += text

    def _input(self, has: dict[str, str]) -> None:
        kind, name = has.get("type", "text"), has.get("name", "")
        ticked = "checked" in has or kind not in ("checkbox", "radio")
        if name and ticked and "disabled" not in has and kind not in ("submit", "button", "file"):
            self._add(name, has.get("value", "on" if kind == "checkbox" else ""))

    def _select(self, has: dict[str, str]) -> None:
        self.select = has.get("name", "")

    def _option(self, has: dict[str, str]) -> None:
        if "selected" in has:
            self._add(self.select, has.get("value", ""))

    def _textarea(self, has: dict[str, str]) -> None:
        self.textarea = has["name"]
        self._add(self.textarea, "")

    def _add(self, name: str, value: str) -> None:
        self.fields.setdefault(name, []).append(value)


def form_on(page: str, form_id: str) -> Body:
    """What the page's form would post as it stands."""
    reader = _Form(form_id)
    reader.feed(page)
    return {name: values for name, values in reader.fields.items() if name != "csrfmiddlewaretoken"}


# --- the body for one row ---------------------------------------------------------------------------------------------


def body_for(visitor: Visitor, address: Address, thing: Thing) -> Body:
    """What the address would be sent by whoever may send it something."""
    if address.name in BODIES:
        body = BODIES[address.name]
        return body(thing.owner) if callable(body) else body
    if address.name.startswith("admin:") and address.name.endswith("_change"):
        return _as_it_stands(visitor, address, thing)
    if address.name.endswith("_delete"):
        return {"post": "yes"}
    return _action(address) if address.name.endswith("_changelist") else {}


def _as_it_stands(visitor: Visitor, address: Address, thing: Thing) -> Body:
    """The form as a superuser's page shows it; one that nobody can change posts nothing."""
    page = visitor.ask("superuser", "GET", address.path(*thing.values))
    return form_on(page.content, f"{address.model_admin.partition('_')[2]}_form")


def _action(address: Address) -> Body:
    """The list's action, or the deletion of all that Django would offer, on every row there is."""
    rows = apps.get_model(*address.model_admin.split("_", 1))._default_manager.values_list("pk", flat=True)
    return {"action": ACTIONS.get(address.name, "delete_selected"), "_selected_action": list(rows)}
