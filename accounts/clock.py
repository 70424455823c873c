"""Whose today it is: the programme's decides deadlines, a person's own zone only displays (handbook)."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone


def program_today(at: datetime | None = None) -> date:
    """The day it is in the programme's time zone at that moment (default: now)."""
    return (at or timezone.now()).astimezone(ZoneInfo(settings.PROGRAM_TIME_ZONE)).date()
