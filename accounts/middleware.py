"""What a request brings along about its person: their time zone, when they were last here, which rights they have."""

import zoneinfo
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import origin, second_factor

GetResponse = Callable[[HttpRequest], HttpResponse]
SEEN_EVERY = 300  # seconds: "last seen" need not be more exact, and a page need not write each time


class WhereFrom:
    """Lets the audit trail know which page request something was done in, from which address."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with origin.of(request):
            return self.get_response(request)


class PersonalTimeZone:
    """Moments are shown in the person's own time zone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        with timezone.override(zoneinfo.ZoneInfo(request.user.time_zone)):
            return self.get_response(request)


class LastSeen:
    """Notes from where, with which browser and when a session was last used; signing in begins the notes."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            self.note(request, int(timezone.now().timestamp()))
        return self.get_response(request)

    def note(self, request: HttpRequest, now: int) -> None:
        if abs(now - request.session.get("seen_at", now)) >= SEEN_EVERY:
            UserSession.objects.create_from_request(request)
            request.session["seen_at"] = now


class RightsNeedSecondFactor:
    """With REQUIRE_SECOND_FACTOR, a session that has not proved one gives its person no rights beyond a holder's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.REQUIRE_SECOND_FACTOR and request.user.is_authenticated:
            request.user.rights_held_back = not second_factor.is_proved(request)
        return self.get_response(request)
