"""A portal with several people in it, for tests that ask who sees and changes what.

Everybody has the same things: a log, files, requests in each state. Every word a person or an outside system may write
holds a mark that says whose it is, and something that harms where it is not escaped.
"""

import base64
import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from allauth.account.internal.flows import login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.conf import settings as portal
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test import Client, override_settings
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData
from PIL import Image

from accounts.models import AccountMail, User
from activities.models import Activity, ActivityType, Evidence, EvidencePage
from certifications.models import Certification, Extension, Reminder
from onepoints import defaults
from onepoints.tests.factories import (
    NOW,
    TODAY,
    accept_all,
    make_activity,
    make_credential,
    make_evidence,
    make_holder,
    make_points,
    make_reviewer,
    send,
)
from submissions import workflow
from submissions.models import CredentialingCase, Notice, Policy, Submission

# Harms in a page, in an attribute, in a template, in a spreadsheet. Evaluated it would hold EVALUATED.
NAUGHTY = "\"'><img src=x onerror=alert(1)>{{ 71992|add:1 }}=1+1"
EVALUATED = "71993"
UNESCAPED = ("<img src=x", "<img/src=x", EVALUATED)

# Who looks. "staff" may enter the team's pages and is in no group. Two are held back after signing in: a superuser who
# has shown no second factor, and somebody who has been disabled since.
PEOPLE = ["holder", "other", "staff", "reviewer", "manager", "superuser", "unproved", "disabled"]
TEAM = ["reviewer", "manager", "superuser"]
ROLES = ["anonymous", *PEOPLE]


def naughty(mark: str, most: int = 150) -> str:
    return f"{mark} {NAUGHTY}"[:most]


@dataclass
class Belongings:
    """What one person has, by the name under which the table of expectations speaks of it."""

    user: User
    rows: dict[str, dict[str, object]] = field(default_factory=dict)  # kind → name → row
    private: list[str] = field(default_factory=list)  # marks that only the person may see
    shared: list[str] = field(default_factory=list)  # marks of what was sent to the team
    identity: list[str] = field(default_factory=list)  # marks of who they are

    def put(self, kind: str, name: str, row: object) -> None:
        self.rows.setdefault(kind, {})[name] = row

    def pk(self, kind: str, name: str) -> Any:
        return self.rows.get(kind, {}).get(name, self.user).pk


class World:
    """Who there is. `whose(role)` are a role's own things, `stranger(role)` those of somebody else."""

    def __init__(self) -> None:
        self.media = portal.MEDIA_ROOT
        defaults.load()
        _spoil_catalogue()
        self.people = {role: Belongings(self._person(role)) for role in PEOPLE}
        self.cookies: dict[str, str] = {}
        self.secret: list[str] = []  # what no page shows to anybody
        for role in PEOPLE:
            self._settle(role)
        self._between_them()
        self._outside()
        for role in PEOPLE:
            self._sign_in(role)
        User.objects.filter(pk=self.people["disabled"].user.pk).update(is_active=False)
        self.rows = every_row()

    def whose(self, role: str) -> Belongings:
        return self.people["other" if role == "anonymous" else role]

    def stranger(self, role: str) -> Belongings:
        return self.people["other" if role == "holder" else "holder"]

    def others(self, role: str) -> list[Belongings]:
        return [has for name, has in {**self.people, "third": self.third}.items() if name != role]

    # --- who ----------------------------------------------------------------------------------------------------------

    def _person(self, role: str) -> User:
        fields = {
            "name": naughty(f"{role}-name", 120),
            "email": f'"{role}-mail<img/src=x/onerror=alert(1)>"@example.com',
        }
        if role == "reviewer":
            return make_reviewer(group="Reviewers", **fields)
        if role == "manager":
            return make_reviewer(group="Programme managers", **fields)
        privileged = role in ("superuser", "unproved")
        return make_holder(is_superuser=privileged, is_staff=privileged or role == "staff", **fields)

    def _sign_in(self, role: str) -> None:
        user = self.people[role].user
        for place in ("here", "elsewhere"):
            client = Client(headers={"user-agent": naughty(f"{role}-agent")})
            client.force_login(user)
            session = client.session
            session.update(_shown(user, role))
            session.save()
            key = session.session_key
            row, _ = UserSession.objects.get_or_create(
                session_key=key, defaults={"user": user, "ip": "127.0.0.1", "user_agent": naughty(f"{role}-agent")}
            )
            self.people[role].put("browser", place, row)
            self.secret.append(key)
            if place == "here":
                self.cookies[role] = key

    # --- what they have -----------------------------------------------------------------------------------------------

    def _settle(self, role: str) -> None:
        has = self.people[role]
        has.identity = [f"{role}-name", f"{role}-mail"]
        has.put("user", "", has.user)
        self.secret.append(has.user.password)
        self._address(has, role)
        self._log(has, role)
        self._requests(has, role)

    def _address(self, has: Belongings, role: str) -> None:
        has.put(
            "address", "", EmailAddress.objects.create(user=has.user, email=has.user.email, verified=True, primary=True)
        )
        EmailAddress.objects.create(user=has.user, email=f"{role}-second-mail@example.com", verified=True)
        has.private.append(f"{role}-second-mail")
        mail = AccountMail.objects.create(
            reference=f"account-{role}",
            next_attempt_at=NOW,
            created_at=NOW,
            to=has.user.email,
            subject=naughty(f"{role}-subject"),
            text=naughty(f"{role}-secret-code"),
            html=naughty(f"{role}-secret-code"),
            last_error=naughty(f"{role}-mail-error"),
        )
        has.put("mail", "", mail)
        self.secret.append(f"{role}-secret-code")
        has.private += _factors(has, role)

    def _log(self, has: Belongings, role: str) -> None:
        private = make_activity(has.user, evidence=False, title=naughty(f"{role}-private-title"))
        has.put("activity", "private", private)
        has.put("evidence", "private", _file(has, private, f"{role}-private"))
        has.put("evidence", "aside", _file(has, None, f"{role}-aside"))
        has.private += [f"{role}-private", f"{role}-aside"]

    def _requests(self, has: Belongings, role: str) -> None:
        titles = ["OCA-ADM", "OCA-IMP", "OCP-LA", "OCP-NEW"]
        for state, code in zip(["open", "withdrawn", "returned", "approved"], titles, strict=True):
            _credential(has, role, state, code)
            activity = _points(has, role, state)
            submission = send(has.rows["credential"][state], [activity])
            submission.steps.update(words=naughty(f"{role}-{state}-words"))
            has.put("submission", state, submission)
            has.put("counted", state, submission.counted.get())
        has.shared = [f"{role}-{state}" for state in ("open", "withdrawn", "returned", "approved")]

    def _between_them(self) -> None:
        """What takes two: somebody returned, approved, or has taken a request."""
        for role, has in self.people.items():
            by = self.people["manager" if role != "manager" else "superuser"].user
            workflow.withdraw(has.rows["submission"]["withdrawn"], by=has.user, at=NOW)
            returned = workflow.take(has.rows["submission"]["returned"], by=by, at=NOW)
            workflow.return_for_more(returned, naughty(f"{role}-returned-answer", 400), by=by, at=NOW, on=TODAY)
            approved = has.rows["submission"]["approved"]
            accept_all(approved, by)
            workflow.approve(
                approved, naughty(f"{role}-approved-answer", 400), from_day=approved.expires_on, by=by, at=NOW
            )
            has.put("extension", "", Extension.objects.get(source=approved.reference))
        self.third = Belongings(self.people["other"].user, identity=["third-name", "third-mail"])
        self.taken = {role: self._taken(role, judged=True) for role in TEAM}
        self.waiting = {role: self._taken(role, judged=False) for role in TEAM}
        for has in self.people.values():
            for state, submission in has.rows["submission"].items():
                submission.refresh_from_db()
                has.put("case", state, CredentialingCase.objects.get(submission=submission))
                has.put("notice", state, Notice.objects.filter(step__submission=submission).first())
        self._same_file_twice()

    def _taken(self, role: str, *, judged: bool) -> Submission:
        """A request of somebody else which this reviewer has taken, with or without a verdict on all of it."""
        holder = make_holder(name=naughty("third-name"), email=f"third-mail-{role}{judged}@example.com")
        submission = send(make_credential(holder), [make_points(holder, 40)])
        if not judged:
            return workflow.take(submission, by=self.people[role].user, at=NOW)
        accept_all(submission, self.people[role].user)
        return submission

    def _same_file_twice(self) -> None:
        """The proof of a sent activity also lies in a log that was never sent."""
        sent = self.people["holder"].rows["evidence"]["open"]
        Evidence.objects.filter(pk=self.people["other"].rows["evidence"]["private"].pk).update(sha256=sent.sha256)

    # --- what outside systems say -------------------------------------------------------------------------------------

    def _outside(self) -> None:
        CredentialingCase.objects.update(delivered_at=None, gave_up_at=NOW)
        for model in (CredentialingCase, Notice):
            model.objects.update(last_error=naughty("their-error"), external_id=naughty("their-id", 100))
        for role, has in self.people.items():
            reminder = Reminder.objects.create(
                credential=has.rows["credential"]["open"],
                expires_on=date(2027, 5, 12),
                days_before=30,
                planned_at=NOW,
                reference=f"reminder-{role}",
                next_attempt_at=NOW,
                last_error=naughty("their-error"),
            )
            has.put("reminder", "", reminder)


def _shown(user: User, role: str) -> dict[str, Any]:
    """What a session remembers of how its person signed in, a moment ago; one of them without a second factor."""
    app = Authenticator.objects.get(user=user, type="totp")
    shown = [{"method": "password", "at": NOW.timestamp(), "reauthenticated": True}]
    if role != "unproved":
        shown.append({"method": "mfa", "type": "totp", "id": app.pk, "at": NOW.timestamp(), "reauthenticated": True})
    return {
        login.AUTHENTICATION_METHODS_SESSION_KEY: shown,
        login._AUTHENTICATION_METHODS_USER_SESSION_KEY: str(user.pk),
    }


def _spoil_catalogue() -> None:
    """The team's own words, too, are only words."""
    for code in ("OCP-NEW", "OCP-NOBODY-HAS-IT"):
        Certification.objects.create(code=code, name=code, level="professional")
    for row in Certification.objects.all():
        Certification.objects.filter(pk=row.pk).update(name=naughty(row.name, 120), exam=NAUGHTY[:20])
    for line in ActivityType.objects.all():
        text = {"description": naughty(line.name), "evidence": naughty(line.evidence, 250)}
        ActivityType.objects.filter(pk=line.pk).update(name=naughty(line.name, 120), **text)
    unused = ActivityType.objects.get(code="UG-ATT")
    ActivityType.objects.filter(pk=unused.pk).update(valid_from=TODAY)
    Policy.objects.update(note=naughty("policy-note"))
    Policy.objects.create(effective_from=TODAY + timedelta(days=30), note=naughty("policy-next"))
    Group.objects.create(name=naughty("group-name"))


def _credential(has: Belongings, role: str, state: str, code: str) -> None:
    text = {"candidate_id": f"{role}-{state}-id", "registry_name": naughty(f"{role}-registry-name")}
    has.put("credential", state, make_credential(has.user, code=code, registry_email=has.user.email, **text))


def _points(has: Belongings, role: str, state: str) -> Activity:
    title = naughty(f"{role}-{state}-title")
    activity = make_activity(has.user, "ILT-HR", evidence=False, title=title, quantity=Decimal(40))
    has.put("activity", state, activity)
    has.put("evidence", state, _file(has, activity, f"{role}-{state}"))
    return activity


def _file(has: Belongings, activity: Activity | None, mark: str) -> Evidence:
    stem = uuid4().hex
    picture = BytesIO()
    Image.new("RGB", (3, 2), "white").save(picture, "PNG")
    evidence = make_evidence(has.user, activity, shown_name=naughty(f"{mark}-file"), text=naughty(f"{mark}-text"))
    evidence.file.name = default_storage.save(f"{stem}.pdf", ContentFile(f"%PDF-1.4 {mark}-content".encode()))
    evidence.picture.name = default_storage.save(f"{stem}.png", ContentFile(picture.getvalue()))
    evidence.save()
    EvidencePage.objects.create(evidence=evidence, number=2, picture=evidence.picture.name)
    return evidence


def _factors(has: Belongings, role: str) -> list[str]:
    """An authenticator app, recovery codes and a passkey; returns the marks that only their person may see."""
    app = TOTP.activate(has.user, base64.b32encode(role.encode().ljust(20)).decode())
    codes = RecoveryCodes.activate(has.user)
    passkey = Authenticator.objects.create(
        user=has.user, type="webauthn", data={"name": naughty(f"{role}-passkey", 60), "credential": _public_key(role)}
    )
    has.put("factor", "passkey", passkey)
    has.put("factor", "app", app.instance)
    return [f"{role}-passkey", *codes.get_unused_codes()]


def _public_key(role: str) -> dict[str, Any]:
    """What a browser hands over when a passkey is made."""
    key = ES256({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32})
    held = AttestedCredentialData.create(b"\0" * 16, role.encode(), key)
    shown = AuthenticatorData.create(b"h" * 32, AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT, 0, held)
    said = json.dumps({"type": "webauthn.create", "challenge": "AA", "origin": "http://localhost"})
    response = {
        "clientDataJSON": websafe_encode(said.encode()),
        "attestationObject": websafe_encode(bytes(AttestationObject.create("none", shown, {}))),
    }
    name = websafe_encode(role.encode())
    return {"id": name, "rawId": name, "type": "public-key", "response": response}


# --- looking at all of it -------------------------------------------------------------------------------------------

# Tables in which a page may note that it was looked at.
NOTES = {"django_session", "cache", "accounts_auditentry"}

Rows = dict[str, dict[object, dict[str, object]]]


def every_row() -> Rows:
    """The database: table → key → column → value, without the notes."""
    with connection.cursor() as cursor:
        return {
            table: _rows_of(cursor, table) for table in connection.introspection.table_names() if table not in NOTES
        }


def _rows_of(cursor: Any, table: str) -> dict[object, dict[str, object]]:
    cursor.execute(f'SELECT * FROM "{table}"')
    columns = [column[0] for column in cursor.description]
    return {row[0]: dict(zip(columns, row, strict=True)) for row in cursor.fetchall()}


def difference(before: Rows, after: Rows) -> set[str]:
    """What has changed: `table.column` of a row that was there, `+table` and `-table` for rows that came and went."""
    found = set()
    for table, now in after.items():
        was = before[table]
        found |= {f"+{table}" for key in now.keys() - was.keys()} | {f"-{table}" for key in was.keys() - now.keys()}
        for key in now.keys() & was.keys():
            found |= {f"{table}.{name}" for name, value in now[key].items() if value != was[key][name]}
    return found


@pytest.fixture(scope="module")
def everybody(django_db_setup, django_db_blocker, tmp_path_factory):
    """One world for all tests of a module, which must leave it as they found it."""
    media = str(tmp_path_factory.mktemp("world"))
    with (
        django_db_blocker.unblock(),
        time_machine.travel(NOW, tick=False),
        override_settings(MEDIA_ROOT=media),
        transaction.atomic(),
    ):
        yield World()
        transaction.set_rollback(True)


@pytest.fixture
def world(everybody, settings, _scratch_files):
    settings.MEDIA_ROOT = everybody.media
    return everybody
