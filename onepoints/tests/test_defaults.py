"""What an empty portal starts with: the handbook's tables, row by row."""

from datetime import date
from decimal import Decimal

import pytest
from django.conf import settings
from django.contrib.auth.models import Group

from activities.models import ActivityType
from certifications.models import Certification
from onepoints import defaults
from onepoints.groups import GROUPS
from submissions.models import Policy

pytestmark = pytest.mark.usefixtures("program")

# code: unit, points, whether a statement of date, time and title suffices
ELIGIBLE = {
    "ILT-HALF": ("course", 4, False),
    "ILT-1D": ("course", 8, False),
    "ILT-2D": ("course", 16, False),
    "ILT-3D": ("course", 24, False),
    "ILT-4D": ("course", 32, False),
    "ILT-5D": ("course", 40, False),
    "ILT-HR": ("hour", 1, False),
    "TT-ATT": ("session", 1, True),
    "TW-ATT": ("hour", 1, True),
    "TW-FAC": ("session", 3, False),
    "SPL-WSH-H": ("workshop", 4, False),
    "SPL-WSH-F": ("workshop", 8, False),
    "WAV-ATT": ("hour", 1, False),
    "OSP-LEAD": ("book", 40, False),
    "OSP-CO": ("book", 20, False),
}
NOT_YET = {
    "SPL-ATT": ("hour", 1),
    "SPL-SPK": ("session", 4),
    "WAV-SPK": ("session", 4),
    "OSP-REV": ("book", 10),
    "ILT-TEACH": ("hour", 1),
    "OD-CRS": ("hour", 1),
    "EXM-SME": ("day", 8),
    "UG-ATT": ("hour", 1),
    "OTHER": ("session", 0),
}


def test_the_eligible_activities_are_the_handbooks():
    found = ActivityType.objects.eligible().values_list("code", "unit", "points", "statement_suffices")
    assert {code: (unit, points, statement) for code, unit, points, statement in found} == ELIGIBLE


def test_what_the_team_has_to_confirm_first_is_there_and_not_eligible():
    found = ActivityType.objects.filter(is_eligible=False).values_list("code", "unit", "points")
    assert {code: (unit, points) for code, unit, points in found} == NOT_YET


def test_every_line_is_unconfirmed_without_a_cap_and_says_what_proves_it():
    for line in ActivityType.objects.all():
        assert not line.is_confirmed
        assert line.cap is None
        assert line.evidence
        assert line.valid_from == date(2022, 1, 1)


def test_the_certifications_are_the_public_ones():
    assert {(str(c), c.exam) for c in Certification.objects.all()} == {
        ("OCA Administration R2", "OS-102"),
        ("OCA Implementation Foundations", ""),
        ("OCP Lead Architect R1", ""),
    }


def test_reminders_come_as_the_handbook_says():
    assert settings.REMINDER_DAYS == [180, 120, 90, 60, 45, 37, 30, 14, 7, 1, -1]
    assert settings.PROGRAM_TIME_ZONE == "America/Detroit"


def test_loading_again_changes_nothing_the_team_has_edited():
    ActivityType.objects.filter(code="ILT-1D").update(points=Decimal(6), is_confirmed=True)
    ActivityType.objects.create(
        code="TT-ATT", valid_from=date(2026, 1, 1), name="Tech Talk", category="talk", unit="session", points=2,
        evidence="Mail",
    )  # fmt: skip
    Certification.objects.filter(code="OCP-LA").update(release="R2")
    Policy.objects.update(points_needed=50)
    counts = [m.objects.count() for m in (ActivityType, Certification, Policy, Group)]
    defaults.load()
    assert [m.objects.count() for m in (ActivityType, Certification, Policy, Group)] == counts
    assert ActivityType.objects.get(code="ILT-1D").points == 6
    assert Certification.objects.get(code="OCP-LA").release == "R2"
    assert Policy.objects.get().points_needed == 50


def test_loading_again_adds_what_is_missing():
    ActivityType.objects.filter(code="ILT-1D").delete()
    Certification.objects.filter(code="OCP-LA").delete()
    defaults.load()
    assert ActivityType.objects.filter(code="ILT-1D").exists()
    assert Certification.objects.filter(code="OCP-LA").exists()


def test_the_groups_hold_exactly_what_the_table_says():
    Group.objects.get(name="Reviewers").permissions.clear()
    defaults.load()
    for name, permissions in GROUPS.items():
        held = Group.objects.get(name=name).permissions.values_list("content_type__app_label", "codename")
        assert {f"{app}.{codename}" for app, codename in held} == set(permissions)


@pytest.mark.parametrize("group", list(GROUPS))
def test_no_group_of_the_team_holds_rights_over_people_rights_or_history(group):
    """Owner, points, state and decisions are set by rules, never by a form."""
    for permission in GROUPS[group]:
        app, codename = permission.split(".")
        action, _, model = codename.partition("_")
        assert app != "auth"
        if action in ("add", "change", "delete"):
            assert model not in {
                "user", "submission", "countedactivity", "step", "activity", "evidence", "extension",
            }  # fmt: skip


def test_only_managers_take_over_from_a_colleague():
    assert "submissions.reassign_submission" in GROUPS["Programme managers"]
    assert "submissions.reassign_submission" not in GROUPS["Reviewers"]
