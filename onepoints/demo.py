"""Demo people: a portal to try out. All they did went through the portal's own rules, at moments in the past."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction

from accounts.clock import program_today
from accounts.models import User
from activities import workflow as log
from activities.models import Activity
from certifications import roster
from certifications.models import Certification, Credential
from onepoints import defaults, demo_papers
from submissions import standing, workflow
from submissions.models import Submission
from submissions.rules import Reason, Verdict

# Everybody knows it, so demo people never enter a portal in production, and bin/run shows them to this machine only.
PASSWORD = "forty-points-demo"  # noqa: S105


@dataclass(frozen=True)
class Person:
    """Somebody to sign in as, and what that shows."""

    email: str
    name: str
    shows: str
    group: str = ""


@dataclass(frozen=True)
class Deed:
    """Something a demo person did so many days ago, and the paper that shows it (a key of PAPERS, or "")."""

    code: str
    title: str
    days_ago: int
    paper: str = ""
    hours: str = ""
    quantity: int = 1
    held_at: time | None = None


@dataclass(frozen=True)
class Held:
    """What a demo person holds, for how many days still, and what they logged."""

    certification: str
    candidate_id: str
    days_left: int
    deeds: tuple[Deed, ...]


HOLDER = Person("demo.holder@example.com", "Demo Holder", "42 points: ready to ask for the extension")
NEARLY = Person("demo.nearly@example.com", "Noor Haddad", "34 of 40 points, one activity still without evidence")
LATE = Person("demo.late@example.com", "Liam Byrne", "nothing logged, and the certification ends in 25 days")
RETURNED = Person("demo.returned@example.com", "Rosa Marín", "a request that came back: two things are missing")
WAITING = Person("demo.waiting@example.com", "Wen Zhao", "a request in the queue since yesterday")
WAITING_LONGER = Person("demo.waiting2@example.com", "Oskar Lind", "a request in the queue for three days")
WAITING_LONGEST = Person(
    "demo.waiting3@example.com", "Ama Mensah", "a request in the queue for six days, protected past its expiry date"
)
EXTENDED = Person("demo.extended@example.com", "Elif Kaya", "extended two days ago, not yet confirmed by the registry")
REVIEWER = Person("demo.reviewer@example.com", "Demo Reviewer", "reviews requests", "Reviewers")
REVIEWER_2 = Person("demo.reviewer2@example.com", "Petra Novak", "reviews requests, too", "Reviewers")
MANAGER = Person("demo.manager@example.com", "Marcus Reed", "catalogue, policy, certifications", "Programme managers")
ADMIN = Person("demo.admin@example.com", "Demo Administrator", "everything (superuser)")

HOLDERS = (HOLDER, NEARLY, LATE, RETURNED, WAITING, WAITING_LONGER, WAITING_LONGEST, EXTENDED)
TEAM = (REVIEWER, REVIEWER_2, MANAGER, ADMIN)

HOLDINGS: Mapping[Person, Held] = {
    HOLDER: Held(
        "OCA-ADM",
        "OS00012345",
        169,
        (
            Deed("SPL-WSH-F", "Splash workshop: Administration in depth", 640, "photo", "8 hours"),
            Deed("ILT-3D", "Designing and building solutions", 540, "certificate", "24 hours"),
            Deed("WAV-ATT", "WAVE technical sessions", 410, "certificate", "6 hours", quantity=6),
            Deed("TW-ATT", "Cube views that stay fast", 250, "confirmation", "2 hours", quantity=2),
            Deed("TT-ATT", "Tech Talk: Rule performance", 120, "confirmation", "1 hour"),
            Deed("TT-ATT", "Tech Talk: Reading the task log", 40, held_at=time(11)),
        ),
    ),
    NEARLY: Held(
        "OCA-ADM",
        "OS00012346",
        95,
        (
            Deed("TW-ATT", "Data quality in practice", 760, "confirmation", "2 hours", quantity=2),
            Deed("SPL-WSH-F", "Splash workshop: Reporting", 690, "certificate", "8 hours"),
            Deed("ILT-3D", "Administration, third edition", 300, "photo", "24 hours"),
            Deed("TT-ATT", "Tech Talk: Workflow channels", 90, held_at=time(10)),
            Deed("TT-ATT", "Tech Talk: Security groups", 60, held_at=time(10)),
            Deed("WAV-ATT", "WAVE technical sessions", 35, quantity=6),
        ),
    ),
    LATE: Held("OCA-IMP", "OS00012347", 25, ()),
    RETURNED: Held(
        "OCP-LA",
        "OS00012348",
        48,
        (
            Deed("ILT-2D", "Solution architecture workshop", 500, "certificate", "16 hours"),
            Deed("ILT-2D", "Advanced financial modelling", 380, "certificate", "14 hours"),
            Deed("SPL-WSH-F", "Splash workshop: Integration", 200, "invitation"),
        ),
    ),
    WAITING: Held(
        "OCA-ADM",
        "OS00012349",
        80,
        (
            Deed("ILT-3D", "Designing and building solutions", 460, "certificate", "22 hours"),
            Deed("ILT-1D", "Account reconciliation", 330, "photo", "8 hours"),
            Deed("SPL-WSH-F", "Splash workshop: Administration in depth", 150, "certificate", "8 hours"),
        ),
    ),
    WAITING_LONGER: Held(
        "OCA-IMP", "OS00012350", 61, (Deed("ILT-5D", "Implementation week", 220, "photo", "40 hours"),)
    ),
    WAITING_LONGEST: Held(
        "OCP-LA",
        "OS00012351",
        -2,
        (Deed("OSP-LEAD", "Lead author: The planning handbook", 170, "certificate", "a book"),),
    ),
    EXTENDED: Held(
        "OCA-ADM", "OS00012352", 33, (Deed("ILT-5D", "Administration week", 400, "certificate", "40 hours"),)
    ),
}

MISSING = (
    "The certificate of “Advanced financial modelling” shows 14 hours: "
    "please add the page of the second day. And the mail about the Splash workshop does not say that you were there: "
    "please add the attendance certificate."
)


def accounts() -> list[str]:
    """One line for each demo person that is here: address, password, what they show."""
    here = set(User.objects.filter(email__in=[p.email for p in (*HOLDERS, *TEAM)]).values_list("email", flat=True))
    return [f"{p.email:<28}{PASSWORD:<20}{p.shows}" for p in (*HOLDERS, *TEAM) if p.email in here]


def create(*, at: datetime) -> None:
    """Make all demo people and what they did until that moment: whole or not at all."""
    today = program_today(at)
    with transaction.atomic():
        defaults.load()
        people = _make_people(at)
        _bring_credentials(people, at=at, today=today)
        for person, held in HOLDINGS.items():
            for deed in held.deeds:
                _log(people[person], deed, today)
        _make_requests(people, today)


# --- who they are -----------------------------------------------------------------------------------------------------


def _make_people(at: datetime) -> dict[Person, User]:
    password = make_password(PASSWORD)  # once: hashing is slow on purpose
    people = {
        person: User.objects.create(
            email=person.email,
            name=person.name,
            password=password,
            is_staff=person in TEAM,
            is_superuser=person is ADMIN,
            joined_at=at - timedelta(days=800),
        )
        for person in (*HOLDERS, *TEAM)
    }
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in people.values()
    )
    for person in TEAM:
        people[person].groups.set(Group.objects.filter(name=person.group))
    return people


def _bring_credentials(people: Mapping[Person, User], *, at: datetime, today: date) -> None:
    """As the registry's list would bring them in; who has proved an address gets what is recorded under it."""
    titles = Certification.objects.in_bulk(field_name="code")
    roster.apply(
        [
            roster.Row(
                line=number,
                candidate_id=held.candidate_id,
                certification=titles[held.certification],
                email=people[person].email,
                name=people[person].name,
                earned_on=today - timedelta(days=730 - held.days_left),
                expires_on=today + timedelta(days=held.days_left),
            )
            for number, (person, held) in enumerate(HOLDINGS.items(), start=2)
        ],
        at=at,
    )


# --- what they did ----------------------------------------------------------------------------------------------------


def _log(holder: User, deed: Deed, today: date) -> Activity:
    day = today - timedelta(days=deed.days_ago)
    at = _moment(day + timedelta(days=1))
    files = []
    if deed.paper:
        paper = demo_papers.PAPERS[deed.paper](holder.name, deed.title, day, deed.hours)
        files.append(log.keep_aside(holder, paper, at=at).pk)
    entry = log.Entry(
        code=deed.code, title=deed.title, completed_on=day, held_at=deed.held_at, quantity=Decimal(deed.quantity)
    )
    return log.log(holder, entry, files, at=at, today=day)


def _make_requests(people: Mapping[Person, User], today: date) -> None:
    reviewer = people[REVIEWER]
    _send(people[WAITING_LONGEST], today - timedelta(days=6))
    _send(people[WAITING_LONGER], today - timedelta(days=3))
    _send(people[WAITING], today - timedelta(days=1))
    _return(_send(people[RETURNED], today - timedelta(days=9)), reviewer, today - timedelta(days=4))
    _approve(_send(people[EXTENDED], today - timedelta(days=7)), reviewer, _moment(today - timedelta(days=2)))


def _send(holder: User, day: date) -> Submission:
    credential = Credential.objects.of(holder).get()
    proposal = standing.standing_of(credential, day).proposal
    return workflow.submit(credential, [line.id for line in proposal], key=workflow.new_key(), at=_moment(day), on=day)


def _return(submission: Submission, reviewer: User, day: date) -> None:
    at = _moment(day)
    workflow.take(submission, by=reviewer, at=at)
    first, second, third = submission.counted.held()
    workflow.judge(first, Verdict.ACCEPTED, by=reviewer)
    workflow.judge(
        second,
        Verdict.FEWER,
        points=Decimal(14),
        reason=Reason.FEWER_HOURS,
        words="The certificate shows 14 hours.",
        by=reviewer,
    )
    workflow.judge(
        third,
        Verdict.REFUSED,
        reason=Reason.MISSING_DOCUMENT,
        words="The mail invites you; it does not say that you were there.",
        by=reviewer,
    )
    workflow.return_for_more(submission, MISSING, by=reviewer, at=at, on=day)


def _approve(submission: Submission, reviewer: User, at: datetime) -> None:
    workflow.take(submission, by=reviewer, at=at)
    for counted in submission.counted.held():
        workflow.judge(counted, Verdict.ACCEPTED, by=reviewer)
    words = "Thank you, everything was easy to find."
    workflow.approve(submission, words, from_day=submission.expires_on, by=reviewer, at=at)


def _moment(day: date) -> datetime:
    """In the middle of that day, in the programme's zone as well."""
    return datetime.combine(day, time(16), tzinfo=UTC)
