"""What counts, asking for an extension, and following a request: the pages of a certified person."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.clock import program_today
from accounts.http import SignedInRequest
from accounts.models import User
from activities import duplicates
from activities.models import Activity, Evidence
from certifications.models import Credential
from submissions import standing, workflow
from submissions.forms import AnswerForm, AskForm
from submissions.models import Submission, SubmissionQuerySet, parse_reference
from submissions.rules import ZERO, NotAllowed, Status
from submissions.standing import Line, Standing

PAGE = 50
# Where the team's verdicts are words to the holder, no longer work in progress.
SAID = (Status.RETURNED, Status.APPROVED, Status.REJECTED, Status.LAPSED)

read_or_post = require_http_methods(["GET", "HEAD", "POST"])


# --- what counts ------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def activities(request: SignedInRequest) -> HttpResponse:
    """The person's ledger: every activity, and whether it counts for which certification."""
    standings = standing.standings(request.user, program_today())
    ledger = standing.ledger(request.user).prefetch_related(Prefetch("evidence_files", Evidence.objects.defer("text")))
    page = Paginator(ledger, PAGE).get_page(request.GET.get("page"))
    rows = [_row(activity, standings) for activity in page]
    return render(request, "submissions/activities.html", {"rows": rows, "page": page, "standings": standings})


@login_required
@require_safe
def activity(request: SignedInRequest, pk: int) -> HttpResponse:
    """One activity: the facts, what proves it, and whether it counts."""
    found = get_object_or_404(standing.ledger(request.user).prefetch_related("evidence_files__further_pages"), pk=pk)
    standings = standing.standings(request.user, program_today())
    doubles = duplicates.own(request.user, [pk]).get(pk, [])
    return render(request, "submissions/activity.html", {**_row(found, standings), "doubles": doubles})


def _row(activity: Activity, standings: list[Standing]) -> dict[str, Any]:
    return {
        "activity": activity,
        "locked_by": parse_reference(activity.locked_by),
        "lines": [(s, s.line_of[activity.pk]) for s in standings if activity.pk in s.line_of],
    }


# --- asking -----------------------------------------------------------------------------------------------------------


@login_required
@read_or_post
def ask(request: SignedInRequest, pk: int) -> HttpResponse:
    """Choose what to spend, see what a reviewer will see, send. Below the needed points nothing is created."""
    credential = get_object_or_404(Credential.objects.of(request.user).select_related("certification", "holder"), pk=pk)
    on = program_today()
    form = AskForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and "send" in request.POST:
        try:
            submission = workflow.submit(
                credential, form.chosen, key=form.key, words=form.cleaned_data["words"], at=timezone.now(), on=on
            )
        except NotAllowed as no:
            form.add_error(None, no.sentence)
        else:
            messages.success(request, _("Sent to the certification team."))
            return redirect("request", submission.pk)
    shown = standing.standing_of(credential, on)
    chosen = form.chosen if form.is_bound else {line.id for line in shown.proposal}
    _with_evidence(shown.counting)
    _with_doubles(shown.counting, request.user)
    context = {"standing": shown, "form": form, "chosen": chosen, "sum": standing.points_of(shown.counting, chosen)}
    return render(request, "submissions/ask.html", context)


def _with_evidence(lines: list[Line]) -> None:
    prefetch_related_objects([line.activity for line in lines], "evidence_files")


def _with_doubles(lines: list[Line], holder: User) -> None:
    found = duplicates.own(holder, [line.id for line in lines])
    for line in lines:
        line.doubles = found.get(line.id, [])


# --- following --------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def requests(request: SignedInRequest) -> HttpResponse:
    page = Paginator(_requests_of(request), PAGE).get_page(request.GET.get("page"))
    return render(request, "submissions/requests.html", {"page": page})


@login_required
@require_safe
def request_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """The case: where it stands, what happens next, and what was said."""
    submission = get_object_or_404(_requests_of(request), pk=pk)
    context = {
        "submission": submission,
        "counted": list(standing.counted_by(submission)),
        "steps": list(submission.steps.all()),
        "extension": standing.extension_of(submission),
        "says_verdicts": submission.status in SAID,
    }
    return render(request, "submissions/request.html", context)


@login_required
@read_or_post
def answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give the team what is missing: files, other activities, words; send again or go on later."""
    submission = get_object_or_404(_requests_of(request), pk=pk)
    if submission.status != Status.RETURNED:
        return redirect("request", pk)
    posted = (request.POST, request.FILES) if request.method == "POST" else ()
    form = AnswerForm(submission, standing.counted_by(submission), *posted)
    if form.is_valid() and _answered(request, form):
        return redirect("request", pk)
    return render(request, "submissions/answer.html", _answer_page(form))


def _answered(request: SignedInRequest, form: AnswerForm) -> bool:
    """Keep the new files in any case; whether the request has then been sent again."""
    at = timezone.now()
    added = form.add_files(at=at)
    if added:
        messages.success(request, ngettext("%(count)s file added.", "%(count)s files added.", added) % {"count": added})
        form.counted = list(standing.counted_by(form.submission))
    if form.errors or "send" not in request.POST:
        return False
    try:
        workflow.answer(form.submission, form.chosen, words=form.cleaned_data["words"], at=at, on=program_today(at))
    except NotAllowed as no:
        form.add_error(None, no.sentence)
        return False
    messages.success(request, _("Sent to the certification team again."))
    return True


def _answer_page(form: AnswerForm) -> dict[str, Any]:
    submission = form.submission
    lines = {line.id: line for line in standing.lines_to_answer(submission, program_today())}
    counted = {one.activity_id for one in form.counted}
    others = [line for line in lines.values() if line.counts and line.id not in counted]
    _with_evidence(others)
    chosen = form.chosen if form.is_bound else counted
    return {
        "submission": submission,
        "form": form,
        "rows": [(one, files, lines[one.activity_id]) for one, files in form.rows()],
        "others": others,
        "chosen": chosen,
        "sum": standing.points_of(lines.values(), chosen),
        "needed": submission.policy.points_needed,
        "accepted": sum((one.accepted_points for one in form.counted), ZERO),
        "asked": submission.steps.filter(move=Status.RETURNED).last(),
    }


@login_required
@read_or_post
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    """Asks first, then takes the request back."""
    submission = get_object_or_404(_requests_of(request), pk=pk)
    if not submission.is_open:
        return redirect("request", pk)
    if request.method != "POST":
        return render(request, "submissions/withdraw.html", {"submission": submission})
    try:
        workflow.withdraw(submission, by=request.user, at=timezone.now())
    except NotAllowed as no:
        messages.error(request, no.sentence)
    else:
        messages.success(request, _("Withdrawn. Your activities are free again."))
    return redirect("request", pk)


def _requests_of(request: SignedInRequest) -> SubmissionQuerySet:
    return Submission.objects.of(request.user).select_related("credential__certification", "policy", "holder", "case")
