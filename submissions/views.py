"""The pages of a certified person."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse


@login_required
def activities(request: HttpRequest) -> HttpResponse:
    raise Http404


@login_required
def activity(request: HttpRequest, pk: int) -> HttpResponse:
    raise Http404


@login_required
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    raise Http404


@login_required
def requests(request: HttpRequest) -> HttpResponse:
    raise Http404


@login_required
def request_page(request: HttpRequest, pk: int) -> HttpResponse:
    raise Http404


@login_required
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    raise Http404


@login_required
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    raise Http404
