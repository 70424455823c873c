"""What an empty portal starts with: certifications, policy and the starter catalogue (handbook).

Only names and the one-hour rule of the catalogue are given; its points are assumptions, and each line is marked
unconfirmed until the team confirms it in the admin. After the first load this is the team's data: loading again adds
what is missing and changes nothing.
"""

from datetime import date
from decimal import Decimal

from activities.models import ActivityType
from certifications.models import Certification
from onepoints import groups
from submissions.models import Policy

START = date(2022, 1, 1)

COMPLETION = "Course completion certificate or CPE certificate"
ATTENDANCE = "Attendance certificate or CPE certificate"
PUBLISHED = "Title page or publisher's letter"
LIVE = "Confirmation e-mail, or date, time and title"

C, U = ActivityType.Category, ActivityType.Unit

# code, name, category, unit, points per unit, accepted evidence (any one), a statement suffices, eligible
CATALOGUE = [
    ("ILT-HALF", "Instructor-led course, half day", C.COURSE, U.COURSE, 4, COMPLETION, False, True),
    ("ILT-1D", "Instructor-led course, 1 day", C.COURSE, U.COURSE, 8, COMPLETION, False, True),
    ("ILT-2D", "Instructor-led course, 2 days", C.COURSE, U.COURSE, 16, COMPLETION, False, True),
    ("ILT-3D", "Instructor-led course, 3 days", C.COURSE, U.COURSE, 24, COMPLETION, False, True),
    ("ILT-4D", "Instructor-led course, 4 days", C.COURSE, U.COURSE, 32, COMPLETION, False, True),
    ("ILT-5D", "Instructor-led course, 5 days", C.COURSE, U.COURSE, 40, COMPLETION, False, True),
    ("ILT-HR", "Instructor-led course, other length", C.COURSE, U.HOUR, 1, "Certificate that shows hours", False, True),
    ("TT-ATT", "Tech Talk, attended live", C.TALK, U.SESSION, 1, LIVE, True, True),
    (
        "TW-ATT",
        "Technical webinar, attended live",
        C.WEBINAR,
        U.HOUR,
        1,
        "CPE certificate, confirmation e-mail, or date, time and title",
        True,
        True,
    ),
    (
        "TW-FAC",
        "Technical webinar, facilitated",
        C.WEBINAR,
        U.SESSION,
        3,
        "Invitation or programme that names you",
        False,
        True,
    ),
    ("SPL-WSH-H", "Splash workshop, half day", C.WORKSHOP, U.WORKSHOP, 4, ATTENDANCE, False, True),
    ("SPL-WSH-F", "Splash workshop, full day", C.WORKSHOP, U.WORKSHOP, 8, ATTENDANCE, False, True),
    ("WAV-ATT", "WAVE technical sessions", C.CONFERENCE, U.HOUR, 1, ATTENDANCE, False, True),
    ("OSP-LEAD", "OneStream Press, lead author", C.AUTHORSHIP, U.BOOK, 40, PUBLISHED, False, True),
    ("OSP-CO", "OneStream Press, co-author", C.AUTHORSHIP, U.BOOK, 20, PUBLISHED, False, True),
    # Not eligible until the team confirms them.
    ("SPL-ATT", "Splash sessions", C.CONFERENCE, U.HOUR, 1, ATTENDANCE, False, False),
    ("SPL-SPK", "Splash speaker", C.CONFERENCE, U.SESSION, 4, "Programme that names you", False, False),
    ("WAV-SPK", "WAVE speaker", C.CONFERENCE, U.SESSION, 4, "Programme that names you", False, False),
    ("OSP-REV", "OneStream Press, technical reviewer", C.AUTHORSHIP, U.BOOK, 10, "Publisher's letter", False, False),
    ("ILT-TEACH", "Teaching an official course", C.COURSE, U.HOUR, 1, "Letter that shows the hours", False, False),
    ("OD-CRS", "On-demand course", C.COURSE, U.HOUR, 1, COMPLETION, False, False),
    ("EXM-SME", "Exam development", C.OTHER, U.DAY, 8, "Letter that shows the days", False, False),
    ("UG-ATT", "User group, attended", C.OTHER, U.HOUR, 1, LIVE, False, False),
    ("OTHER", "Other activity (reviewer sets 0 to 8 points)", C.OTHER, U.SESSION, 0, "Whatever shows it", False, False),
]

ASSOCIATE, PROFESSIONAL = Certification.Level.ASSOCIATE, Certification.Level.PROFESSIONAL
# code, name, level, release, exam
CERTIFICATIONS = [
    ("OCA-ADM", "Administration", ASSOCIATE, "R2", "OS-102"),
    ("OCA-IMP", "Implementation Foundations", ASSOCIATE, "", ""),
    ("OCP-LA", "Lead Architect", PROFESSIONAL, "R1", ""),
]


def load() -> None:
    """Add what is missing, leave what is there. Groups get exactly the permissions of `groups.GROUPS`."""
    for code, name, level, release, exam in CERTIFICATIONS:
        Certification.objects.get_or_create(
            code=code, defaults={"name": name, "level": level, "release": release, "exam": exam}
        )
    known = set(ActivityType.objects.values_list("code", flat=True))
    ActivityType.objects.bulk_create(_type(*line) for line in CATALOGUE if line[0] not in known)
    if not Policy.objects.exists():
        Policy.objects.create(effective_from=START, note="The announced programme.")
    groups.sync()


def _type(
    code: str,
    name: str,
    category: str,
    unit: str,
    points: int,
    evidence: str,
    statement_suffices: bool,
    is_eligible: bool,
) -> ActivityType:
    return ActivityType(
        code=code,
        valid_from=START,
        name=name,
        category=category,
        unit=unit,
        points=Decimal(points),
        evidence=evidence,
        statement_suffices=statement_suffices,
        is_eligible=is_eligible,
    )
