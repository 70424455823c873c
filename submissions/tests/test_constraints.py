"""Every constraint of every table, broken on purpose and past all code: the database says no.

The last test holds the list complete: a constraint without a row here fails it.
"""

import copy
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from accounts.models import AccountMail, User
from activities.models import Activity, ActivityType, Evidence, EvidencePage
from certifications.models import Certification, Credential, Extension, Reminder
from onepoints.tests.factories import (
    NOW,
    TODAY,
    approve,
    make_activity,
    make_credential,
    make_holder,
    make_points,
    make_reviewer,
    send,
)
from submissions import workflow
from submissions.models import CountedActivity, CredentialingCase, Notice, Policy, Submission
from submissions.rules import Status, Verdict

pytestmark = pytest.mark.usefixtures("program")

ONE_DAY = timedelta(days=1)


def breaks(name, write):
    """The database refuses the write, naming the constraint where it can (SQLite names columns of plain ones)."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write()
    said = str(caught.value)
    assert name in said or "UNIQUE constraint failed" in said


def again(row, **fields):
    """A second row like this one."""
    twin = copy.copy(row)
    twin._state = copy.copy(row._state)
    twin.pk, twin._state.adding = None, True
    for field, value in fields.items():
        setattr(twin, field, value)
    return lambda: models.Model.save_base(twin, force_insert=True)


def update(row, **fields):
    return lambda: type(row)._default_manager.filter(pk=row.pk).update(**fields)


class Rows:
    """One of each, made by the portal's own rules."""

    def __init__(self):
        self.holder, self.reviewer = make_holder(), make_reviewer()
        self.credential = make_credential(self.holder)
        self.other_credential = make_credential(self.holder, code="OCP-LA")
        self.activity = make_points(self.holder, 40)
        self.free = make_activity(self.holder)
        self.submission = send(self.credential, [self.activity])
        self.counted = self.submission.counted.get()

    @property
    def extension(self):
        return approve(self.submission, self.reviewer)

    @property
    def closed(self):
        workflow.withdraw(self.submission, by=self.holder, at=NOW)
        return Submission.objects.get(pk=self.submission.pk)

    @property
    def returned(self):
        workflow.take(self.submission, by=self.reviewer, at=NOW)
        return workflow.return_for_more(self.submission, "More", by=self.reviewer, at=NOW, on=TODAY)

    @property
    def other_submission(self):
        return send(self.other_credential, [make_points(self.holder, 40)])

    def page(self):
        evidence = Evidence.objects.get(activity=self.free)
        return EvidencePage.objects.create(evidence=evidence, number=2, picture="te/st.page-2.png")

    def account_mail(self):
        return AccountMail.objects.create(to="a@example.com", reference="one", created_at=NOW, next_attempt_at=NOW)

    def reminder(self):
        return Reminder.objects.create(
            credential=self.credential,
            expires_on=self.credential.expires_on,
            days_before=30,
            reference="one",
            planned_at=NOW,
            next_attempt_at=NOW,
        )


BREAKING = {
    # accounts
    "one_person_per_email": [lambda r: again(r.holder, email=r.holder.email.upper())],
    # activities
    "one_version_per_code_and_day": [lambda r: again(r.activity.type)],
    "type_points_not_negative": [lambda r: update(r.activity.type, points=Decimal("-0.25"))],
    "activity_quantity_positive": [lambda r: update(r.free, quantity=0), lambda r: update(r.free, quantity=-1)],
    "activity_points_not_negative": [lambda r: update(r.free, points=Decimal("-0.25"))],
    "activity_days_in_order": [lambda r: update(r.free, started_on=r.free.completed_on + ONE_DAY)],
    "activity_locked_at_and_by_together": [
        lambda r: update(r.free, locked_at=NOW),
        lambda r: update(r.free, locked_by="SUB-00001"),
        lambda r: update(r.activity, locked_by=""),
        lambda r: update(r.activity, locked_at=None),
    ],
    "one_picture_per_page": [lambda r: again(r.page())],
    "further_pages_begin_with_the_second": [lambda r: update(r.page(), number=1), lambda r: update(r.page(), number=0)],
    # certifications
    "one_credential_per_candidate": [lambda r: again(r.credential, holder=make_holder())],
    "one_credential_per_holder": [lambda r: again(r.credential, candidate_id="another")],
    "one_extension_per_expiry_date": [lambda r: again(r.extension, source="another")],
    "extension_goes_forward": [
        lambda r: update(r.extension, new_expires_on=models.F("old_expires_on")),
        lambda r: update(r.extension, new_expires_on=r.credential.expires_on - ONE_DAY),
    ],
    "one_reminder_per_credential_date_and_step": [lambda r: again(r.reminder(), reference="two")],
    # submissions
    "policy_numbers_positive": [
        lambda r: update(r.submission.policy, points_needed=0),
        lambda r: update(r.submission.policy, window_months=0),
        lambda r: update(r.submission.policy, extension_months=0),
    ],
    "one_open_request_per_credential": [
        lambda r: again(r.submission, request_key=uuid4()),
        lambda r: again(r.submission, request_key=uuid4(), status=Status.RETURNED, answer_by=TODAY),
        lambda r: update(r.other_submission, credential=r.credential),
    ],
    "decided_by_and_at_together": [
        lambda r: update(r.submission, decided_by=r.reviewer, decided_at=NOW),
        lambda r: update(r.submission, decided_at=NOW),
        lambda r: update(r.submission, status=Status.APPROVED, closed_at=NOW),
        lambda r: update(r.submission, status=Status.REJECTED, closed_at=NOW, decided_by=r.reviewer),
        lambda r: update(r.submission, status=Status.REJECTED, closed_at=NOW, decided_at=NOW),
    ],
    "closed_when_no_longer_open": [
        lambda r: update(r.submission, closed_at=NOW),
        lambda r: update(r.submission, status=Status.WITHDRAWN),
        lambda r: update(r.closed, closed_at=None),
        lambda r: update(r.closed, status=Status.SUBMITTED),
    ],
    "answer_by_while_returned": [
        lambda r: update(r.submission, answer_by=TODAY),
        lambda r: update(r.submission, status=Status.RETURNED),
        lambda r: update(r.returned, answer_by=None),
    ],
    "taken_by_and_at_together": [
        lambda r: update(r.submission, taken_by=r.reviewer),
        lambda r: update(r.submission, taken_at=NOW),
    ],
    "never_ones_own_request": [
        lambda r: update(r.submission, taken_by=r.holder, taken_at=NOW),
        lambda r: update(r.submission, status=Status.APPROVED, closed_at=NOW, decided_by=r.holder, decided_at=NOW),
    ],
    "activity_counted_once_per_request": [
        lambda r: again(r.counted, is_exclusive=False, credential=r.other_credential),
    ],
    "activity_spent_once": [
        lambda r: again(r.counted, submission=r.other_submission, credential=r.other_credential),
    ],
    "activity_spent_once_per_credential": [
        lambda r: again(r.counted, submission=r.other_submission, is_exclusive=False),
    ],
    "accepted_no_more_than_claimed": [
        lambda r: update(r.counted, verdict=Verdict.FEWER, accepted_points=Decimal("40.25")),
        lambda r: update(r.counted, verdict=Verdict.FEWER, accepted_points=-1),
    ],
    "accepted_points_fit_the_verdict": [
        lambda r: update(r.counted, accepted_points=1),
        lambda r: update(r.counted, verdict=Verdict.ACCEPTED),
        lambda r: update(r.counted, verdict=Verdict.ACCEPTED, accepted_points=39),
        lambda r: update(r.counted, verdict=Verdict.FEWER),
        lambda r: update(r.counted, verdict=Verdict.REFUSED, accepted_points=1),
    ],
}
# Columns and one-to-one keys that are unique by themselves.
UNIQUE = {
    (User, "email"): lambda r: again(r.holder),
    (Certification, "code"): lambda r: again(r.credential.certification),
    (Extension, "source"): lambda r: again(r.extension, old_expires_on=date(2027, 1, 1)),
    (Reminder, "reference"): lambda r: again(r.reminder(), days_before=14),
    (Policy, "effective_from"): lambda r: again(r.submission.policy),
    (Submission, "request_key"): lambda r: again(r.closed),
    (CredentialingCase, "submission"): lambda r: again(r.submission.case, reference="two"),
    (CredentialingCase, "reference"): lambda r: again(r.submission.case, submission=r.other_submission),
    (Notice, "reference"): lambda r: again(Notice.objects.get(), step=r.returned.steps.last()),
    (AccountMail, "reference"): lambda r: again(r.account_mail()),
    (Notice, "step"): lambda r: again(Notice.objects.get(), reference="two"),
    (Activity, "form_key"): lambda r: (update(r.free, form_key=(key := uuid4()))(), update(r.activity, form_key=key))[
        1
    ],
}


@pytest.mark.parametrize(("name", "number"), [(n, i) for n, ways in BREAKING.items() for i in range(len(ways))])
def test_the_database_refuses(name, number):
    breaks(name, BREAKING[name][number](Rows()))


@pytest.mark.parametrize(("model", "field"), UNIQUE)
def test_the_database_refuses_a_second_one(model, field):
    breaks(field, UNIQUE[model, field](Rows()))


def test_released_activities_and_closed_requests_stand_in_nobodys_way():
    rows = Rows()
    closed = rows.closed
    again(closed, request_key=uuid4())()
    counted = CountedActivity.objects.get()
    again(counted)()
    again(counted, released_at=None, submission=rows.other_submission, credential=rows.other_credential)()
    assert CountedActivity.objects.filter(activity=rows.activity).count() == 3


def test_people_without_an_account_do_not_collide():
    """Two records of one certification without a holder are two people."""
    rows = Rows()
    Credential.objects.update(holder=None)
    again(Credential.objects.get(pk=rows.credential.pk), candidate_id="another")()
    assert Credential.objects.unclaimed().count() == 3


def test_new_versions_of_a_kind_are_no_second_one():
    kind = ActivityType.objects.get(code="ILT-1D")
    again(kind, valid_from=date(2026, 1, 1))()
    assert ActivityType.objects.filter(code="ILT-1D").count() == 2


def test_every_constraint_has_a_test_that_breaks_it():
    apps_here = {"accounts", "activities", "certifications", "submissions"}
    found = [m for m in apps.get_models() if m._meta.app_label in apps_here]
    assert {c.name for m in found for c in m._meta.constraints} == set(BREAKING)
    unique = {(m, f.name) for m in found for f in m._meta.local_fields if f.unique and not f.primary_key}
    assert unique == set(UNIQUE)
