"""The home page, the catalogue, the rules; the probes; and what is shown when something goes wrong."""

import logging
import secrets

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from accounts.clock import program_today
from activities.models import Activity, ActivityType
from onepoints import cards, health
from submissions.models import Policy

log = logging.getLogger(__name__)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where a person stands and what to do next; for strangers, what this is."""
    if not request.user.is_authenticated:
        return render(request, "onepoints/welcome.html")
    at = timezone.now()
    found = cards.cards(request.user, on=program_today(at), at=at)
    has_logged = any(card.standing.lines for card in found) or Activity.objects.of(request.user).exists()
    return render(request, "onepoints/home.html", {"cards": found, "has_logged": has_logged})


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """What earns points today, by kind; `?q=` keeps the lines that hold every word."""
    query = request.GET.get("q", "").strip()[:100]
    types = [t for t in ActivityType.objects.valid_on(program_today()).eligible() if _holds(t, query)]
    types.sort(key=lambda t: (ActivityType.Category.values.index(t.category), t.asks_quantity, t.points, t.name))
    unconfirmed = any(not t.is_confirmed for t in types)
    return render(request, "onepoints/catalogue.html", {"types": types, "query": query, "unconfirmed": unconfirmed})


def _holds(kind: ActivityType, query: str) -> bool:
    text = f"{kind.name} {kind.description} {kind.get_category_display()} {kind.evidence} {kind.code}".casefold()
    return all(word in text for word in query.casefold().split())


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """The rules, with the numbers of the policy in force today."""
    return render(request, "onepoints/help.html", {"policy": Policy.objects.in_force(program_today())})


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


# --- errors: a calm page with a reference number --------------------------------------------------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 404)


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, 429)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request: no session, no person, no database, whatever of them is down."""
    number = _reference(request, 500)
    return HttpResponse(render_to_string("onepoints/errors/500.html", {"reference": number}), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _error(request, 403, template="onepoints/errors/form_expired.html")


def _error(request: HttpRequest, status: int, template: str = "") -> HttpResponse:
    template = template or f"onepoints/errors/{status}.html"
    return render(request, template, {"reference": _reference(request, status)}, status=status)


def _reference(request: HttpRequest, status: int) -> str:
    """A number for the person to tell the team; it stands in the log too."""
    number = f"{secrets.token_hex(2)}-{secrets.token_hex(1)}".upper()
    log.warning("reference %s: %s on %s %s", number, status, request.method, request.path)
    return number
