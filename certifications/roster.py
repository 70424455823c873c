"""Bring credentials in from the registry, and give them to their people. A grant is never taken back by an import."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any, TextIO, TypeVar

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction

from accounts import audit
from accounts.audit import Action
from accounts.models import User
from certifications.models import Certification, Credential, Extension
from integrations import mail

# What each of our columns may be called in a registry's export, once in lower case with underscores.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "candidate_id": ("candidate_id", "candidate", "candidateid", "id"),
    "certification": ("certification", "certification_code", "credential", "title"),
    "email": ("email", "e_mail", "email_address", "e_mail_address"),
    "name": ("name", "full_name", "candidate_name"),
    "earned_on": ("earned_on", "earned", "issue_date", "issued_on", "achieved", "achieved_date"),
    "expires_on": ("expires_on", "expires", "expiry_date", "expiration_date", "valid_until"),
}
T = TypeVar("T")
REQUIRED = ("candidate_id", "certification", "expires_on")
CHUNK = 500
PLAUSIBLE_YEARS = range(2000, 2100)


@dataclass(frozen=True)
class Row:
    """One line of the registry's list."""

    line: int
    candidate_id: str
    certification: Certification
    email: str
    name: str
    earned_on: date | None
    expires_on: date

    @property
    def key(self) -> tuple[str, int]:
        return self.candidate_id, self.certification.pk


@dataclass(frozen=True)
class Problem:
    """A line that cannot be used, and why."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass
class Difference:
    """What applying a list would change. `kept` are grants of ours that the registry does not show yet."""

    new: list[Credential] = field(default_factory=list)
    moved: list[tuple[date, Credential]] = field(default_factory=list)
    confirmed: list[Extension] = field(default_factory=list)
    kept: list[tuple[date, Credential]] = field(default_factory=list)
    renamed: list[Credential] = field(default_factory=list)
    unchanged: int = 0


# --- reading --------------------------------------------------------------------------------------------------------


def read(
    file: TextIO, *, headers: Mapping[str, str] | None = None, day_format: str = "%Y-%m-%d", delimiter: str = ","
) -> tuple[list[Row], list[Problem]]:
    """The rows of a CSV file and everything that is wrong with it. Open it with newline="", as csv wants it.

    `headers` maps our column names (keys of HEADERS) to the file's own, where these are none of the known ones.
    """
    lines = csv.DictReader(file, delimiter=delimiter)
    rows: list[Row] = []
    problems: list[Problem] = []
    try:
        columns = _columns(lines.fieldnames or [], headers or {})
        _read_rows(lines, columns, day_format, rows, problems)
    except (ValueError, csv.Error) as error:  # of the file as a whole; also when it is not text in this encoding
        problems.append(Problem(max(lines.line_num, 1), str(error)))
    return rows, problems


def _read_rows(
    lines: "csv.DictReader[str]", columns: Mapping[str, str], day_format: str, rows: list[Row], problems: list[Problem]
) -> None:
    certifications = _certifications()
    seen: dict[tuple[str, int], int] = {}
    for raw in lines:
        if not any(raw.values()):
            continue  # a spreadsheet's empty last lines
        try:
            row = _row(lines.line_num, _cells(raw, columns), certifications, day_format)
            if row.key in seen:
                raise ValueError(f"the same candidate and certification stand in line {seen[row.key]} already")
        except ValueError as error:
            problems.append(Problem(lines.line_num, str(error)))
            continue
        seen[row.key] = row.line
        rows.append(row)


def _columns(found: Sequence[str], headers: Mapping[str, str]) -> dict[str, str]:
    """Our column name → the file's, by the given map first, then by the known names."""
    plain = {re.sub(r"[^a-z0-9]+", "_", (name or "").lower()).strip("_"): name for name in found}
    columns = {}
    for ours, known in HEADERS.items():
        theirs = [headers[ours]] if ours in headers else [plain[name] for name in known if name in plain]
        if theirs and theirs[0] in found:
            columns[ours] = theirs[0]
    missing = [ours for ours in HEADERS if ours not in columns and (ours in REQUIRED or ours in headers)]
    if missing:
        raise ValueError(f"there is no column for {', '.join(missing)}; found: {', '.join(found) or 'nothing'}")
    return columns


def _cells(raw: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, str]:
    """Our column name → its text on one line, without control characters."""
    if None in raw:
        raise ValueError("it has more cells than there are columns; is a text with the delimiter in it quoted?")
    return {ours: mail.one_line(raw.get(theirs) or "") for ours, theirs in columns.items()}


def _certifications() -> dict[str, Certification]:
    """Certifications by every name a registry may use, in lower case; of two equal ones a code wins, then an exam."""
    every = list(Certification.objects.all())
    return {
        name.lower(): c
        for names in ("title", "exam", "code")
        for c in every
        if (name := str(getattr(c, names)).strip())
    }


def _row(line: int, cells: Mapping[str, str], certifications: Mapping[str, Certification], day_format: str) -> Row:
    certification = certifications.get(cells["certification"].lower())
    if certification is None:
        raise ValueError(f"there is no certification “{cells['certification']}”")
    earned_on = _day(cells["earned_on"], day_format) if cells.get("earned_on") else None
    expires_on = _day(cells["expires_on"], day_format)
    if earned_on and earned_on > expires_on:
        raise ValueError(f"it expires on {expires_on}, before it was earned on {earned_on}")
    return Row(
        line=line,
        candidate_id=_candidate_id(cells["candidate_id"]),
        certification=certification,
        email=_email(cells.get("email", "")),
        name=cells.get("name", "")[:150],
        earned_on=earned_on,
        expires_on=expires_on,
    )


def _candidate_id(text: str) -> str:
    if not text:
        raise ValueError("the candidate ID is empty")
    if len(text) > 40:
        raise ValueError(f"the candidate ID “{text}” is longer than 40 characters")
    return text.upper()


def _email(text: str) -> str:
    if text:
        try:
            validate_email(text)
        except ValidationError:
            raise ValueError(f"“{text}” is not an e-mail address") from None
    if len(text) > 254:
        raise ValueError(f"“{text}” is longer than 254 characters")
    return text.lower()


def _day(text: str, day_format: str) -> date:
    try:
        day = datetime.strptime(text, day_format).date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        raise ValueError(f"“{text}” is not a day written as {day_format}") from None
    if day.year not in PLAUSIBLE_YEARS:
        raise ValueError(f"the year of “{text}” cannot be right")
    return day


# --- comparing and applying -------------------------------------------------------------------------------------------


def compare(rows: Iterable[Row]) -> Difference:
    """What the rows would change. Reads only, and holds for as long as the credentials stay as they are."""
    difference = Difference()
    for chunk in _chunks(rows):
        known = {
            (c.candidate_id, c.certification_id): c
            for c in Credential.objects.filter(candidate_id__in={row.candidate_id for row in chunk}).select_related(
                "certification"
            )
        }
        grants = {
            e.credential_id: e
            for e in Extension.objects.filter(
                credential__in=known.values(), new_expires_on=models.F("credential__expires_on")
            )
        }
        for row in chunk:
            credential = known.get(row.key)
            if credential is None:
                difference.new.append(_new(row))
            else:
                _compare(row, credential, grants.get(credential.pk), difference)
    return difference


def _compare(row: Row, credential: Credential, grant: Extension | None, difference: Difference) -> None:
    """`grant` is the extension that set the credential's present expiry date, where one did."""
    changed = _rename(row, credential)
    if changed:
        difference.renamed.append(credential)
    if grant and row.expires_on < grant.new_expires_on:
        difference.kept.append((row.expires_on, credential))
        return
    confirmed = grant is not None and grant.confirmed_at is None
    if grant and confirmed:
        difference.confirmed.append(grant)
    if row.expires_on != credential.expires_on:
        difference.moved.append((credential.expires_on, credential))
        credential.expires_on = row.expires_on
    elif not confirmed and not changed:
        difference.unchanged += 1


def apply(rows: Iterable[Row], *, at: datetime) -> Difference:
    """Compare and write, in one transaction: all of it or nothing. Returns what changed."""
    rows = list(rows)
    with transaction.atomic():
        ids = {row.candidate_id for row in rows}
        for chunk in _chunks(sorted(ids)):  # hold them still, in one order, so that two imports cannot cross
            list(Credential.objects.select_for_update().filter(candidate_id__in=chunk).order_by("pk").values_list("pk"))
        difference = compare(rows)
        Credential.objects.bulk_create(difference.new, batch_size=CHUNK)
        touched = {c.pk: c for c in [*difference.renamed, *(c for _, c in difference.moved)]}
        Credential.objects.bulk_update(
            touched.values(), ["expires_on", "registry_email", "registry_name", "earned_on"], batch_size=CHUNK
        )
        Extension.objects.filter(pk__in=[e.pk for e in difference.confirmed]).update(confirmed_at=at)
        _find_holders(difference.new + difference.renamed)
        _audit(difference, at=at)
    return difference


def _audit(difference: Difference, *, at: datetime) -> None:
    """The list as a whole, and each date that it moved."""
    counts = {name: len(getattr(difference, name)) for name in ("new", "moved", "confirmed", "kept", "renamed")}
    audit.record(Action.IMPORTED, subject="registry", by=None, at=at, details=counts)
    moved = ((c.audited_as, {"expires_on": [before, c.expires_on]}) for before, c in difference.moved)
    audit.record_each(Action.MOVED, moved, by=None, at=at)


def _new(row: Row) -> Credential:
    return Credential(
        certification=row.certification,
        candidate_id=row.candidate_id,
        registry_email=row.email,
        registry_name=row.name,
        earned_on=row.earned_on,
        expires_on=row.expires_on,
    )


def _rename(row: Row, credential: Credential) -> bool:
    """Take over what the registry newly says of the person; an empty cell says nothing."""
    before = credential.registry_email, credential.registry_name, credential.earned_on
    credential.registry_email = row.email or credential.registry_email
    credential.registry_name = row.name or credential.registry_name
    credential.earned_on = row.earned_on or credential.earned_on
    return before != (credential.registry_email, credential.registry_name, credential.earned_on)


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


# --- whose it is ------------------------------------------------------------------------------------------------------


def claim(user: User, email: str, *, by: audit.Who = None) -> int:
    """Give a person who has proved this address the credentials recorded under it; returns how many.

    `by` is who proved or vouched for the address; None where an import finds it proved before.

    Of two records for one certification (people can hold two registry accounts) the later expiry date wins; the other
    one stays for the team.
    """
    claimed = 0
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # an import and a sign-up may claim at the same moment
        mine = set(Credential.objects.of(user).values_list("certification_id", flat=True))
        found = Credential.objects.unclaimed().filter(registry_email=email.lower()).order_by("-expires_on", "pk")
        for credential in found:
            if credential.certification_id not in mine:
                mine.add(credential.certification_id)
                claimed += Credential.objects.unclaimed().filter(pk=credential.pk).update(holder=user)
                details = {"holder": [None, audit.person(user)]}
                audit.record(Action.CLAIMED, subject=credential.audited_as, by=by, details=details)
    return claimed


def _find_holders(credentials: Iterable[Credential]) -> None:
    """Give new records to the people who have already proved the recorded address."""
    for chunk in _chunks({c.registry_email for c in credentials if c.registry_email and not c.holder_id}):
        proved = EmailAddress.objects.filter(email__in=chunk, verified=True).values_list("email", "user")
        # Whoever has no address row at all was made by the team, not by signing up: the team vouches for them.
        vouched = (
            User.objects.filter(email__in=chunk)
            .exclude(models.Exists(EmailAddress.objects.filter(user=models.OuterRef("pk"))))
            .values_list("email", "pk")
        )
        owners = dict([*vouched, *proved])
        people = User.objects.in_bulk(owners.values())
        for email, pk in sorted(owners.items()):
            claim(people[pk], email)
