"""The queue of requests, the policy, and what is sent about requests."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.audited import Audited
from accounts.clock import program_today
from integrations.admin_base import ChoiceFilter, DeliveryAdmin, ReadOnlyAdmin, TeamAdmin, status_mark
from submissions import admin_views, workbench
from submissions.models import CountedActivity, CredentialingCase, Notice, Policy, Submission, parse_reference
from submissions.rules import Status, show_points

SOON = timedelta(days=30)

# --- the queue --------------------------------------------------------------------------------------------------------


class StatusFilter(ChoiceFilter):
    """What waits for the team, unless asked otherwise. A search without an answer here looks in all."""

    title = _("status")
    parameter_name = "status"
    questions = tuple((status.value, workbench.STATUS_MARKS[status][2]) for status in Status)

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.default = "all" if request.GET.get("q") else Status.SUBMITTED.value
        super().__init__(request, *args, **kwargs)

    def answer(self, key: str, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return queryset.filter(status=key)


class TakenFilter(ChoiceFilter):
    title = _("reviewer")
    parameter_name = "taken"
    questions = (("me", _("Taken by me")), ("nobody", _("Taken by nobody")), ("others", _("Taken by others")))

    def answer(self, key: str, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return {
            "me": queryset.filter(taken_by=request.user),
            "nobody": queryset.filter(taken_by=None),
            "others": queryset.filter(taken_by__isnull=False).exclude(taken_by=request.user),
        }[key]


class ExpiryFilter(ChoiceFilter):
    title = _("expiry date")
    parameter_name = "expiry"
    questions = (("soon", _("Within 30 days")), ("past", _("Passed already")))

    def answer(self, key: str, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        today = program_today()
        if key == "past":
            return queryset.filter(credential__expires_on__lt=today)
        return queryset.filter(credential__expires_on__range=(today, today + SOON))


def matching(text: str) -> Q:
    """Requests that a word finds: number, case, holder, candidate ID or a file's name. No join multiplies rows."""
    cases = CredentialingCase.objects.filter(submission=OuterRef("pk"))
    files = CountedActivity.objects.filter(
        submission=OuterRef("pk"), activity__evidence_files__shown_name__icontains=text
    )
    found = (
        Q(holder__name__icontains=text)
        | Q(holder__email__icontains=text)
        | Q(credential__candidate_id__icontains=text)
        | Exists(cases.filter(Q(reference__iexact=text) | Q(external_id__iexact=text)))
        | Exists(files)
    )
    number = parse_reference(text)
    return found if number is None else found | Q(pk=number)


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    """The queue: what waits for the team, the longest waiting first. A request opens on its review page."""

    change_list_template = "admin/submissions/submission/queue.html"
    list_display = [
        "request",
        "state",
        "holder",
        "certification",
        "candidate_id",
        "expiry",
        "waiting",
        "claimed",
        "reviewer",
    ]
    list_display_links = None
    list_select_related = ["holder", "credential__certification", "taken_by"]
    list_filter = [StatusFilter, TakenFilter, ExpiryFilter, "credential__certification"]
    ordering = ["waiting_since", "pk"]
    # Only makes the box appear; `matching` is what it asks.
    search_fields = ["pk"]
    search_help_text = _("SUB- or CRED- number, holder's name or e-mail, candidate ID, or the name of a file")
    actions = None

    @admin.display(description=_("request"), ordering="pk")
    def request(self, submission: Submission) -> SafeString:
        return format_html('<a href="{}">{}</a>', _review_page(submission), submission.reference)

    @admin.display(description=_("status"), ordering="status")
    def state(self, submission: Submission) -> SafeString:
        return status_mark(*workbench.STATUS_MARKS[submission.status])

    @admin.display(description=_("certification"), ordering="credential__certification")
    def certification(self, submission: Submission) -> str:
        return submission.credential.certification.title

    @admin.display(description=_("candidate ID"), ordering="credential__candidate_id")
    def candidate_id(self, submission: Submission) -> str:
        return submission.credential.candidate_id

    @admin.display(description=_("expiry date"), ordering="credential__expires_on")
    def expiry(self, submission: Submission) -> SafeString:
        day = submission.credential.expires_on
        days = (day - program_today()).days
        return _labelled(_("until"), f"{date_format(day, 'SHORT_DATE_FORMAT')} ", _days(days))

    @admin.display(description=_("waiting"), ordering="waiting_since")
    def waiting(self, submission: Submission) -> SafeString | str:
        if submission.status != Status.SUBMITTED:
            return "–"
        return _labelled(_("waiting"), _days(workbench.days_waiting(submission, program_today())))

    @admin.display(description=_("points"), ordering="points")
    def claimed(self, submission: Submission) -> SafeString:
        return _labelled(_("points"), show_points(submission.points))

    @admin.display(description=_("taken by"), ordering="taken_by")
    def reviewer(self, submission: Submission) -> SafeString | str:
        return _labelled(_("taken by"), submission.taken_by) if submission.taken_by else "–"

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        text = search_term.strip()
        return (queryset.filter(matching(text)) if text else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {
            "may_review": request.user.has_perm("submissions.review_submission"),
            "is_nav_sidebar_enabled": False,  # the width is for the columns
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Requests have no form: whoever arrives here is led to the review page, which checks their rights."""
        submission = self.get_object(request, object_id)
        return redirect(_review_page(submission) if submission else "admin:submissions_submission_changelist")

    def get_urls(self) -> list[URLPattern]:
        def page(address: str, view: Any, name: str) -> URLPattern:
            return path(address, self.admin_site.admin_view(view), name=f"submissions_submission_{name}")

        return [
            page("next/", admin_views.take_next, "next"),
            page("<int:pk>/review/", admin_views.review, "review"),
            page("<int:pk>/take/", admin_views.take, "take"),
            page("<int:pk>/put-back/", admin_views.put_back, "put_back"),
            page("<int:pk>/judge/<int:counted_pk>/", admin_views.judge, "judge"),
            page("<int:pk>/accept-rest/", admin_views.accept_rest, "accept_rest"),
            page("<int:pk>/approve/", admin_views.approve, "approve"),
            page("<int:pk>/return/", admin_views.return_for_more, "return"),
            page("<int:pk>/reject/", admin_views.reject, "reject"),
            *super().get_urls(),
        ]


def _labelled(label: Any, value: Any, more: str = "") -> SafeString:
    """A cell that carries its column's name where the list has no head, on a phone."""
    return format_html('<span class="narrow-label">{} </span>{}<small>{}</small>', label, value, more)


def _review_page(submission: Submission) -> str:
    return reverse("admin:submissions_submission_review", args=[submission.pk])


# --- the policy -------------------------------------------------------------------------------------------------------


class PolicyForm(forms.ModelForm):
    """A version applies from today at the earliest: what has applied already stays as it was."""

    def clean_effective_from(self) -> Any:
        day = self.cleaned_data["effective_from"]
        if day < program_today():
            raise forms.ValidationError(_("A new version applies from today at the earliest."))
        return day


@admin.register(Policy)
class PolicyAdmin(Audited, TeamAdmin):
    audited_as = "policy {0.effective_from}"
    form = PolicyForm
    list_display = [
        "effective_from",
        "state",
        "points",
        "window",
        "extension",
        "advised",
        "to_answer",
        "earliest_completion",
        "share",
    ]
    ordering = ["-effective_from"]
    actions = None

    @admin.display(description=_("points"))
    def points(self, policy: Policy) -> str:
        return show_points(policy.points_needed)

    @admin.display(description=_("window"))
    def window(self, policy: Policy) -> str:
        return _months(policy.window_months)

    @admin.display(description=_("extension"))
    def extension(self, policy: Policy) -> str:
        return _months(policy.extension_months)

    @admin.display(description=_("ask before expiry"))
    def advised(self, policy: Policy) -> str:
        return _days(policy.advised_days)

    @admin.display(description=_("time to answer"))
    def to_answer(self, policy: Policy) -> str:
        return _days(policy.answer_days)

    @admin.display(description=_("shared"), boolean=True)
    def share(self, policy: Policy) -> bool:
        return policy.share_activities

    @admin.display(description=_("state"))
    def state(self, policy: Policy) -> SafeString:
        if policy.effective_from > program_today():
            return status_mark("open", "○", _("From a later day"))
        return status_mark("quiet", "●", _("Fixed"))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new version starts as a copy of the one in force, from tomorrow on."""
        today = program_today()
        latest = Policy.objects.filter(effective_from__lte=today).first()
        copied = model_to_dict(latest, exclude=["id", "effective_from", "note"]) if latest else {}
        return {
            "effective_from": today + timedelta(days=1),
            **copied,
            **super().get_changeform_initial_data(request),
        }

    def has_change_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and is_fixed(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and is_fixed(obj))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        context["is_fixed"] = bool(kwargs.get("obj") and is_fixed(kwargs["obj"]))
        return super().render_change_form(request, context, *args, **kwargs)


def _months(number: int) -> str:
    return ngettext("%(number)s month", "%(number)s months", number) % {"number": number}


def _days(number: int) -> str:
    return ngettext("%(number)s day", "%(number)s days", number) % {"number": number}


def is_fixed(policy: Policy) -> bool:
    """Whether a version has begun to apply or a request was sent under it: then it is history."""
    return policy.effective_from <= program_today() or Submission.objects.filter(policy=policy).exists()


# --- what is sent -----------------------------------------------------------------------------------------------------


@admin.register(CredentialingCase)
class CredentialingCaseAdmin(Audited, DeliveryAdmin):
    list_display = ["number", "request", *DeliveryAdmin.list_display[1:]]
    list_select_related = ["submission__holder"]
    search_help_text = _("CRED- number, or the number in ServiceNow")
    fields: ClassVar[Any] = [*DeliveryAdmin.fields, "request"]

    @admin.display(description=_("request"))
    def request(self, row: CredentialingCase) -> SafeString:
        return format_html('<a href="{}">{}</a>', _review_page(row.submission), row.submission)

    @admin.display(description=_("number"))
    def number(self, row: CredentialingCase) -> str:
        return row.number

    def recipient(self, row: Any) -> str:
        return str(row.submission.holder)


@admin.register(Notice)
class NoticeAdmin(Audited, DeliveryAdmin):
    list_display = ["request", "move", *DeliveryAdmin.list_display[1:]]
    list_select_related = ["step__submission__holder"]
    search_fields = ["reference", "step__submission__holder__email"]
    search_help_text = _("Request such as SUB-00042, or the holder's e-mail")
    fields: ClassVar[Any] = [*DeliveryAdmin.fields, "request", "move"]

    @admin.display(description=_("request"))
    def request(self, row: Notice) -> str:
        return row.step.submission.reference

    @admin.display(description=_("about"))
    def move(self, row: Notice) -> str:
        return row.step.get_move_display()

    def recipient(self, row: Any) -> str:
        return row.step.submission.holder.email
