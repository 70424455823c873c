"""Real rows for tests, made the way the portal makes them wherever a rule is involved."""

import itertools
from datetime import UTC, date, datetime, time
from decimal import Decimal
from io import BytesIO
from uuid import uuid4

from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import User
from activities import workflow as activity_workflow
from activities.models import Activity, Evidence
from certifications.models import Certification, Credential
from onepoints import defaults
from submissions import standing, workflow
from submissions.models import Submission
from submissions.rules import Verdict

_numbers = itertools.count(1)

# The day on which most tests happen, and a moment of it that is the same day in the programme's zone.
TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


def make_holder(name: str = "Test Holder", **fields) -> User:
    """A person; every test has the defaults loaded by then."""
    fields.setdefault("email", f"holder{next(_numbers)}@example.com")
    return User.objects.create_user(password=PASSWORD, name=name, **fields)


def make_reviewer(name: str = "Test Reviewer", group: str = "Reviewers", **fields) -> User:
    user = make_holder(name, is_staff=True, **fields)
    user.groups.add(Group.objects.get(name=group))
    return user


def make_credential(holder: User, expires_on: date = date(2027, 5, 12), code: str = "OCA-ADM", **fields) -> Credential:
    fields.setdefault("candidate_id", f"OS{next(_numbers):08d}")
    return Credential.objects.create(
        holder=holder, certification=Certification.objects.get(code=code), expires_on=expires_on, **fields
    )


def make_activity(
    holder: User, code: str = "ILT-1D", completed_on: date = date(2026, 3, 2), *, evidence: bool = True, **entry
) -> Activity:
    """A logged activity, with a row of evidence (but no file on disk) unless told otherwise."""
    entry = {"title": f"{code} {next(_numbers)}", **entry}
    activity = activity_workflow.log(
        holder,
        activity_workflow.Entry(code=code, completed_on=completed_on, **entry),
        at=NOW,
        today=max(completed_on, TODAY),
    )
    if evidence:
        make_evidence(holder, activity)
    return activity


def make_evidence(holder: User, activity: Activity | None = None, **fields) -> Evidence:
    """A row of evidence whose file is not on disk: for tests about points, not about files."""
    number = next(_numbers)
    return Evidence.objects.create(
        holder=holder,
        activity=activity,
        file=f"te/st{number}.pdf",
        picture=f"te/st{number}.picture.png",
        uploaded_at=NOW,
        **{"shown_name": "certificate.pdf", "kind": "pdf", "size": 1000, "sha256": f"{number:064x}", **fields},
    )


def make_points(holder: User, points: int | str | Decimal, completed_on: date = date(2026, 3, 2)) -> Activity:
    """One activity that brings exactly so many points."""
    return make_activity(holder, "ILT-HR", completed_on, quantity=Decimal(points))


def send(credential: Credential, activities=None, *, on: date = TODAY, at: datetime = NOW, key=None) -> Submission:
    """A request for the credential, counting the given activities or those the portal proposes."""
    if activities is None:
        activities = [line.activity for line in standing.standing_of(credential, on).proposal]
    return workflow.submit(credential, [a.pk for a in activities], key=key or uuid4(), at=at, on=on)


def accept_all(submission: Submission, reviewer: User) -> None:
    """Take the request and accept every activity as claimed."""
    workflow.take(submission, by=reviewer, at=NOW)
    for counted in submission.counted.held():
        workflow.judge(counted, Verdict.ACCEPTED, by=reviewer)


def approve(submission: Submission, reviewer: User, *, at: datetime = NOW):
    """The whole way to an extension."""
    accept_all(submission, reviewer)
    return workflow.approve(submission, from_day=submission.expires_on, by=reviewer, at=at)


def picture_upload(name: str = "certificate.png", size=(300, 200), fmt: str = "PNG") -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", size, "white").save(content, fmt)
    return SimpleUploadedFile(name, content.getvalue())


def pdf_upload(name: str = "certificate.pdf") -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", (300, 200), "white").save(content, "PDF")
    return SimpleUploadedFile(name, content.getvalue(), content_type="application/pdf")


def load_defaults() -> None:
    defaults.load()


MORNING = time(9, 30)
