"""The home page, the probes, and what is shown when something goes wrong."""

import logging
import secrets

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from accounts.clock import program_today
from onepoints import health
from submissions import standing

log = logging.getLogger(__name__)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where a person stands and what to do next; for strangers, what this is."""
    if not request.user.is_authenticated:
        return render(request, "onepoints/welcome.html")
    return render(request, "onepoints/home.html", {"standings": standing.standings(request.user, program_today())})


@require_GET
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is up; nothing else is asked."""
    return HttpResponse("ok", content_type="text/plain")


@require_GET
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Every component with its state; 503 unless all are ready."""
    components = health.readiness(timezone.now())
    return JsonResponse(components, status=200 if set(components.values()) == {"ok"} else 503)


# --- errors: a calm page with a reference number -----------------------------------------------------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 404)


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, 429)


def server_error(request: HttpRequest) -> HttpResponse:
    return _error(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _error(request, 403, template="onepoints/errors/form_expired.html")


def _error(request: HttpRequest, status: int, template: str = "") -> HttpResponse:
    """The page for this status with a number that stands in the log too."""
    number = f"{secrets.token_hex(2)}-{secrets.token_hex(1)}".upper()
    log.warning("reference %s: %s on %s %s", number, status, request.method, request.path)
    template = template or f"onepoints/errors/{status}.html"
    return render(request, template, {"reference": number, "status": status}, status=status)
