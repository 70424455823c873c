"""Demo people: made once, into an empty portal only, by the portal's own rules."""

from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import authenticate
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.clock import program_today
from accounts.models import User
from activities.models import Activity, Evidence
from certifications.models import Credential
from onepoints import demo
from onepoints.tests.factories import make_holder
from submissions import standing
from submissions.models import CountedActivity, Notice, Submission
from submissions.rules import Status

pytestmark = pytest.mark.django_db


def run(**options) -> str:
    out = StringIO()
    call_command("demo", stdout=out, **options)
    return out.getvalue()


def user(person: demo.Person) -> User:
    return User.objects.get(email=person.email)


def standing_of(person: demo.Person) -> standing.Standing:
    return standing.standings(user(person), program_today())[0]


def test_the_demo_shows_every_moment_of_a_request():
    """One test, because drawing and opening the papers takes seconds."""
    run()
    ready, nearly, late = (standing_of(p) for p in (demo.HOLDER, demo.NEARLY, demo.LATE))
    assert (ready.points, ready.can_submit, ready.days_left) == (42, True, 169)
    assert any(line.activity.statement for line in ready.counting)
    assert (nearly.points, nearly.missing, len(nearly.not_counting)) == (34, 6, 2)
    assert (nearly.next_lapse.day - nearly.on).days < 60
    assert (late.points, late.days_left, late.lines) == (0, 25, [])

    of = {
        person: Submission.objects.filter(holder=user(person)).values_list("status", flat=True)
        for person in demo.HOLDERS
    }
    assert list(of[demo.RETURNED]) == [Status.RETURNED]
    assert list(of[demo.EXTENDED]) == [Status.APPROVED]
    assert standing_of(demo.EXTENDED).unconfirmed
    waiting = Submission.objects.filter(status=Status.SUBMITTED)
    assert waiting.count() == 3
    assert waiting.filter(expires_on__lt=program_today()).count() == 1, "one is protected past its expiry date"

    assert not Submission.objects.filter(submitted_at__gte=timezone.now()).exists()
    assert not Activity.objects.filter(logged_at__gte=timezone.now()).exists()
    for evidence in Evidence.objects.all():
        assert default_storage.size(evidence.file.name) == evidence.size
        assert evidence.activity
    assert CountedActivity.objects.held().count() == Activity.objects.exclude(locked_at=None).count() > 5
    assert Notice.objects.waiting().count() == Notice.objects.count() == 7

    for person in (*demo.HOLDERS, *demo.TEAM):
        assert authenticate(None, email=person.email, password=demo.PASSWORD) == user(person)
        assert EmailAddress.objects.get(user=user(person)).verified
    for person in (demo.REVIEWER, demo.REVIEWER_2, demo.MANAGER, demo.ADMIN):
        assert user(person).is_staff
        assert user(person).has_perm("submissions.review_submission")
    assert user(demo.ADMIN).is_superuser
    assert not user(demo.MANAGER).is_superuser

    listed = run(accounts=True).splitlines()
    assert len(listed) == User.objects.count() == 12
    assert listed[0].split()[:2] == ["demo.holder@example.com", demo.PASSWORD]

    with pytest.raises(CommandError, match="people in this database"):
        run()
    assert run(if_empty=True) == ""
    assert User.objects.count() == 12


def test_a_portal_with_people_stays_as_it_is():
    make_holder()
    assert run(if_empty=True) == ""
    with pytest.raises(CommandError, match="people in this database"):
        run()
    assert (User.objects.count(), Credential.objects.count()) == (1, 0)


@pytest.mark.parametrize("if_empty", [True, False])
def test_production_refuses_demo_people(settings, if_empty):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        run(if_empty=if_empty)
    assert not User.objects.exists()


def test_without_demo_people_there_are_no_accounts_to_print():
    make_holder()
    assert run(accounts=True) == "There are no demo people in this portal.\n"


def test_a_demo_that_fails_half_way_leaves_nothing(monkeypatch):
    def break_down(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(demo, "_make_requests", break_down)
    monkeypatch.setattr(demo, "_log", lambda *args: None)
    with pytest.raises(OSError, match="disk full"):
        run()
    assert not User.objects.exists()
    assert not Credential.objects.exists()


def test_a_portal_that_others_reach_refuses_the_demo_people():
    call_command("demo", must_be_absent=True)  # none here yet
    demo.create(at=timezone.now())

    with pytest.raises(CommandError, match="whose password everybody knows"):
        call_command("demo", must_be_absent=True)
