"""The review page and what its buttons do. `submissions.admin` hangs these views into the admin, behind its sign-in."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.clock import program_today
from accounts.http import SignedInRequest
from submissions import workbench, workflow
from submissions.admin_forms import ApproveForm, VerdictForm, WordsForm
from submissions.models import Submission
from submissions.rules import NotAllowed, Status
from submissions.workbench import Case

readers = permission_required("submissions.view_submission", raise_exception=True)
reviewers = permission_required(["submissions.view_submission", "submissions.review_submission"], raise_exception=True)
FOLDER = "admin/submissions/submission"


@require_safe
@readers
def review(request: SignedInRequest, pk: int) -> HttpResponse:
    """Each activity beside its evidence, below them the decision."""
    return _page(request, _case(request, pk))


@require_POST
@reviewers
def take_next(request: SignedInRequest) -> HttpResponse:
    """Take the longest waiting request that is free; of two reviewers at once the second gets the following one."""
    for submission in workbench.next_for(request.user)[:5]:
        try:
            workflow.take(submission, by=request.user, at=timezone.now())
        except NotAllowed:
            continue
        return redirect(_address(submission.pk))
    messages.info(request, _("Nothing waits that nobody has taken."))
    return redirect("admin:submissions_submission_changelist")


@require_POST
@reviewers
def take(request: SignedInRequest, pk: int) -> HttpResponse:
    return _do(request, pk, workflow.take, _("You have taken %(request)s."))


@require_POST
@reviewers
def put_back(request: SignedInRequest, pk: int) -> HttpResponse:
    return _do(request, pk, workflow.put_back, _("%(request)s is back in the queue."))


@require_POST
@reviewers
def judge(request: SignedInRequest, pk: int, counted_pk: int) -> HttpResponse:
    """Save the verdict on one activity and go on to the next one without; what was typed stays when it does not fit."""
    case = _case(request, pk)
    item = next((item for item in case.items if item.counted.pk == counted_pk), None)
    if item is None:
        raise Http404
    item.form = VerdictForm(request.POST, counted=item.counted)
    if item.form.is_valid():
        try:
            workflow.judge(item.counted, **item.form.cleaned_data, by=request.user)
        except NotAllowed as no:
            messages.error(request, no.sentence)
        else:
            return redirect(f"{_address(pk)}#{case.anchor_after(item)}")
    return _page(request, case)


@require_POST
@reviewers
def accept_rest(request: SignedInRequest, pk: int) -> HttpResponse:
    submission = get_object_or_404(Submission, pk=pk)
    try:
        workflow.accept_rest(submission, by=request.user)
    except NotAllowed as no:
        messages.error(request, no.sentence)
    return redirect(f"{_address(pk)}#decision")


@require_http_methods(["GET", "HEAD", "POST"])
@reviewers
def approve(request: SignedInRequest, pk: int) -> HttpResponse:
    def do(submission: Submission, *, words: str, from_day: Any) -> str:
        extension = workflow.approve(submission, words, from_day=from_day, by=request.user, at=timezone.now())
        return _("%(request)s is approved: extended until %(day)s.") % {
            "request": submission,
            "day": date_format(extension.new_expires_on),
        }

    return _decide(request, pk, Status.APPROVED, ApproveForm, do)


@require_http_methods(["GET", "HEAD", "POST"])
@reviewers
def return_for_more(request: SignedInRequest, pk: int) -> HttpResponse:
    def do(submission: Submission, *, words: str) -> str:
        at = timezone.now()
        returned = workflow.return_for_more(submission, words, by=request.user, at=at, on=program_today(at))
        return _("%(request)s is returned; the holder may answer until %(day)s.") % {
            "request": submission,
            "day": date_format(returned.answer_by) if returned.answer_by else "",
        }

    return _decide(request, pk, Status.RETURNED, WordsForm, do)


@require_http_methods(["GET", "HEAD", "POST"])
@reviewers
def reject(request: SignedInRequest, pk: int) -> HttpResponse:
    def do(submission: Submission, *, words: str) -> str:
        workflow.reject(submission, words, by=request.user, at=timezone.now())
        return _("%(request)s is rejected.") % {"request": submission}

    return _decide(request, pk, Status.REJECTED, WordsForm, do)


# --- what they are made of --------------------------------------------------------------------------------------------


def _address(pk: int) -> str:
    return reverse("admin:submissions_submission_review", args=[pk])


def _case(request: SignedInRequest, pk: int) -> Case:
    try:
        return workbench.case(pk, request.user, program_today())
    except Submission.DoesNotExist:
        raise Http404 from None


def _do(request: SignedInRequest, pk: int, move: Callable[..., Submission], said: str) -> HttpResponse:
    """Move a request and say so, or say why not."""
    submission = get_object_or_404(Submission, pk=pk)
    try:
        move(submission, by=request.user, at=timezone.now())
        messages.success(request, said % {"request": submission})
    except NotAllowed as no:
        messages.error(request, no.sentence)
    return redirect(_address(pk))


def _page(request: SignedInRequest, case: Case) -> HttpResponse:
    for item in case.items:
        item.form = item.form or VerdictForm(counted=item.counted)
    return _render(request, f"{FOLDER}/review.html", case)


def _decide(
    request: SignedInRequest, pk: int, to: Status, form_class: type[forms.Form], do: Callable[..., str]
) -> HttpResponse:
    """Show what a decision will do, or do it. What was typed stays when it cannot be done."""
    case = _case(request, pk)
    form = form_class(request.POST if request.method == "POST" else None)
    problem = ""
    if form.is_valid():
        try:
            messages.success(request, do(case.submission, **form.cleaned_data))
            return redirect(_address(pk))
        except NotAllowed as no:
            problem = no.sentence
            case = _case(request, pk)
    context = {"form": form, "why_not": case.why_not(to), "problem": problem}
    return _render(request, f"{FOLDER}/{to}.html", case, **context)


def _render(request: SignedInRequest, template: str, case: Case, **more: Any) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "is_nav_sidebar_enabled": False,  # the width is for the evidence
        "opts": Submission._meta,
        "case": case,
        "submission": case.submission,
        "title": case.submission.reference,
        **more,
    }
    return render(request, template, context)
