"""Logging, correcting and proving an activity."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.audit import Action
from accounts.clock import program_today
from accounts.http import SignedInRequest
from activities import workflow
from activities.fields import row_id
from activities.forms import PROPOSED, ActivityForm, initial_like, initial_of
from activities.models import Activity, Evidence, EvidencePage
from activities.rules import NotAllowed

read_or_post = require_http_methods(["GET", "HEAD", "POST"])


@login_required
@read_or_post
def log_activity(request: SignedInRequest) -> HttpResponse:
    """What was it, and what proves it: two decisions."""
    form = _form(request, initial=_prefilled(request))
    if _only_reads(request):
        form.read_files()
    elif request.method == "POST" and (activity := _log(form)):
        messages.success(request, _("Logged: %(title)s.") % {"title": activity.title})
        return redirect("activity", activity.pk)
    return render(request, "activities/log.html", {"form": form})


@login_required
@read_or_post
def change_activity(request: SignedInRequest, pk: int) -> HttpResponse:
    activity = get_object_or_404(Activity.objects.of(request.user).select_related("type"), pk=pk)
    if activity.is_locked:
        return redirect("activity", pk)
    form = _form(request, activity=activity, initial=initial_of(activity))
    if _only_reads(request):
        form.read_files()
    elif request.method == "POST" and _change(form, activity):
        messages.success(request, _("Saved."))
        return redirect("activity", pk)
    return render(request, "activities/change.html", {"form": form, "activity": activity})


@login_required
@read_or_post
def remove_activity(request: SignedInRequest, pk: int) -> HttpResponse:
    """Asks first, then takes the activity and its files out of the log."""
    activity = get_object_or_404(Activity.objects.of(request.user).select_related("type"), pk=pk)
    if request.method != "POST":
        return render(request, "activities/remove.html", {"activity": activity})
    try:
        workflow.remove(activity)
    except NotAllowed as no:
        messages.error(request, no.sentence)
        return redirect("activity", pk)
    messages.success(request, _("Removed: %(title)s.") % {"title": activity.title})
    return redirect("activities")


@login_required
@require_POST
def remove_evidence(request: SignedInRequest, pk: UUID) -> HttpResponse:
    evidence = get_object_or_404(Evidence.objects.of(request.user), pk=pk)
    try:
        workflow.remove_evidence(evidence)
    except NotAllowed as no:
        messages.error(request, no.sentence)
    else:
        messages.success(request, _("Removed: %(file)s.") % {"file": evidence.shown_name})
    return redirect("activity", evidence.activity_id) if evidence.activity_id else redirect("activities")


# --- files ------------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def evidence_picture(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Our own picture of the evidence: the only form in which a page shows it."""
    evidence = get_object_or_404(Evidence.objects.visible_to(request.user), pk=pk)
    return _shown(request, Action.PICTURE_VIEWED, evidence, evidence.picture, content_type="image/png")


@login_required
@require_safe
def evidence_page(request: SignedInRequest, pk: UUID, number: int) -> HttpResponseBase:
    """Our picture of a further page."""
    evidence = Evidence.objects.visible_to(request.user).filter(pk=pk)
    pages = EvidencePage.objects.select_related("evidence")
    page = get_object_or_404(pages.filter(evidence__in=evidence), number=number)
    return _shown(request, Action.PICTURE_VIEWED, page.evidence, page.picture, content_type="image/png")


@login_required
@require_safe
def evidence_file(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """The untouched original, only ever to be saved."""
    evidence = get_object_or_404(Evidence.objects.visible_to(request.user), pk=pk)
    return _shown(
        request,
        Action.ORIGINAL_VIEWED,
        evidence,
        evidence.file,
        content_type=evidence.media_type,
        as_attachment=True,
        filename=evidence.shown_name,
    )


def _shown(
    request: SignedInRequest, action: Action, evidence: Evidence, file: FieldFile, **options: Any
) -> FileResponse:
    """Hand the file out; of another person's, the audit trail first says who looks."""
    if evidence.holder_id == request.user.pk:
        return _handed_out(file, **options)
    details = {"activity": evidence.activity_id, "holder": f"person {evidence.holder_id}"}
    with transaction.atomic():
        audit.record(action, subject=f"evidence {evidence.pk}", by=request.user, details=details)
        return _handed_out(file, **options)


def _handed_out(file: FieldFile, **options: Any) -> FileResponse:
    """A stranger's bytes, with everything a browser might do with them forbidden."""
    try:
        response = FileResponse(file.open("rb"), **options)
    except FileNotFoundError as gone:
        raise Http404 from gone
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store, private"
    return response


# --- the form ---------------------------------------------------------------------------------------------------------


def _form(request: SignedInRequest, **options: Any) -> ActivityForm:
    posted = (_with_proposal(request.POST), request.FILES) if request.method == "POST" else ()
    return ActivityForm(request.user, *posted, at=timezone.now(), today=program_today(), **options)


def _only_reads(request: SignedInRequest) -> bool:
    """Whether the person wants the files read, or uses what was found in one: nothing is logged yet."""
    return "read" in request.POST or "use" in request.POST


def _with_proposal(posted: QueryDict) -> QueryDict:
    """What was posted; the proposal whose button was pressed, `field:value`, stands in its field."""
    field, _colon, value = posted.get("use", "").partition(":")
    if field not in PROPOSED:
        return posted
    filled = posted.copy()
    filled[field] = value
    return filled


def _prefilled(request: SignedInRequest) -> dict[str, Any]:
    """`?type=CODE` from the catalogue, `?like=ID` from an activity of one's own."""
    try:
        like = Activity.objects.of(request.user).select_related("type").filter(pk=row_id(request.GET["like"])).first()
    except (KeyError, ValueError):
        like = None
    return initial_like(like) if like else {"type": request.GET.get("type", "")}


def _log(form: ActivityForm) -> Activity | None:
    """The activity this form makes, or has made before it was sent a second time."""
    logged_before = workflow.logged_with(form.user, form.key_sent)
    if logged_before or not form.is_valid():
        return logged_before
    try:
        return workflow.log(form.user, form.entry, form.evidence_ids, key=form.key_sent, at=form.at, today=form.today)
    except NotAllowed as no:
        form.add_error(None, no.sentence)
        return None


def _change(form: ActivityForm, activity: Activity) -> bool:
    if not form.is_valid():
        return False
    try:
        workflow.change(activity, form.entry, form.evidence_ids, without=form.ticked, at=form.at, today=form.today)
    except NotAllowed as no:
        form.add_error(None, no.sentence)
        return False
    return True
