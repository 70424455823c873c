"""The pages of a certified person."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse


@login_required
def log_activity(request: HttpRequest) -> HttpResponse:
    raise Http404


@login_required
def change_activity(request: HttpRequest, pk: int) -> HttpResponse:
    raise Http404


@login_required
def remove_activity(request: HttpRequest, pk: int) -> HttpResponse:
    raise Http404


@login_required
def remove_evidence(request: HttpRequest, pk: UUID) -> HttpResponse:
    raise Http404


@login_required
def evidence_picture(request: HttpRequest, pk: UUID) -> HttpResponse:
    raise Http404


@login_required
def evidence_file(request: HttpRequest, pk: UUID) -> HttpResponse:
    raise Http404
