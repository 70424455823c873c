"""The catalogue, whose used versions are never overwritten, and what people have handed in."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.audited import Audited
from accounts.clock import program_today
from activities.models import Activity, ActivityType, Evidence
from integrations.admin_base import ChoiceFilter, ReadOnlyAdmin, TeamAdmin, status_mark


class VersionFilter(ChoiceFilter):
    title = _("version")
    parameter_name = "version"
    default = "in-force"
    questions = (("in-force", _("In force today")), ("future", _("From a later day")), ("past", _("Replaced")))

    def answer(self, key: str, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        today = program_today()
        in_force = ActivityType.objects.valid_on(today).values("pk")
        return {
            "in-force": queryset.filter(pk__in=in_force),
            "future": queryset.filter(valid_from__gt=today),
            "past": queryset.filter(valid_from__lte=today).exclude(pk__in=in_force),
        }[key]


@admin.register(ActivityType)
class ActivityTypeAdmin(Audited, TeamAdmin):
    audited_as = "catalogue {0.code} {0.valid_from}"
    list_display = [
        "code",
        "name",
        "worth",
        "evidence",
        "valid_from",
        "is_eligible",
        "confirmed",
        "new_version",
    ]
    list_filter = [VersionFilter, "is_confirmed", "is_eligible", "category"]
    search_fields = ["code", "name"]
    ordering = ["code", "-valid_from"]
    actions = ["confirm_values"]

    @admin.display(description=_("points"), ordering="points")
    def worth(self, line: ActivityType) -> str:
        return _("%(points)s per %(unit)s") % {
            "points": f"{line.points.normalize():f}",
            "unit": line.get_unit_display(),
        }

    @admin.display(description=_("values"), ordering="is_confirmed")
    def confirmed(self, line: ActivityType) -> SafeString:
        return status_mark(*(("good", "●", _("Confirmed")) if line.is_confirmed else ("soon", "▲", _("Unconfirmed"))))

    @admin.display(description=_("next"))
    def new_version(self, line: ActivityType) -> SafeString:
        address = reverse("admin:activities_activitytype_add")
        return format_html(
            '<a href="{}?version_of={}">{} <span class="visually-hidden">{}</span></a>',
            address,
            line.pk,
            _("New version"),
            line.code,
        )

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = [*super().get_list_display(request)]
        return columns if self.has_add_permission(request) else columns[:-1]

    def get_readonly_fields(self, request: HttpRequest, obj: ActivityType | None = None) -> list[str]:
        """Of a version that activities were logged under, only the mark of confirmation may change."""
        if obj is None or not is_used(obj):
            return []
        return [f.name for f in ActivityType._meta.fields if f.name not in ("id", "is_confirmed")]

    def has_delete_permission(self, request: HttpRequest, obj: ActivityType | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and is_used(obj))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new version starts as a copy of the one it follows, from tomorrow on."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        number = initial.pop("version_of", "")
        line = ActivityType.objects.filter(pk=number).first() if number.isdecimal() else None
        if line is None:
            return initial
        copied = model_to_dict(line, exclude=["id", "valid_from", "is_confirmed"])
        return {"valid_from": program_today() + timedelta(days=1), **copied, **initial}

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if obj is not None:
            context["version_of"], context["is_fixed"] = obj.pk, is_used(obj)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.action(description=_("Confirm values"), permissions=["change"])
    def confirm_values(self, request: HttpRequest, queryset: models.QuerySet[ActivityType]) -> None:
        lines = list(queryset.filter(is_confirmed=False))
        for line in lines:
            line.is_confirmed = True
            line.save(update_fields=["is_confirmed"])
            message = [{"changed": {"fields": ["is_confirmed"]}}]
            self.log_change(request, line, message, details={"is_confirmed": [False, True]})
        said = ngettext("%(count)s line is confirmed.", "%(count)s lines are confirmed.", len(lines))
        messages.success(request, said % {"count": len(lines)})


def is_used(line: ActivityType) -> bool:
    """Whether an activity was logged under this version."""
    return Activity.objects.filter(type=line).exists()


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    """What requests count. A person's own log is private until they ask (handbook, rule 6)."""

    list_display = ["title", "holder", "type", "completed_on", "points", "locked_by"]
    list_filter = ["type__category"]
    list_select_related = ["holder", "type"]
    search_fields = ["title", "holder__name", "holder__email", "locked_by"]
    search_help_text = _("Title, holder's name or e-mail, or the request such as SUB-00042")
    fields = [
        "title",
        "holder",
        "type",
        "started_on",
        "completed_on",
        "held_at",
        "quantity",
        "points",
        "logged_at",
        "changed_at",
        "locked_by",
        "locked_at",
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Activity]:
        found = super().get_queryset(request)
        return found if request.user.is_superuser else found.filter(locked_at__isnull=False)


@admin.register(Evidence)
class EvidenceAdmin(ReadOnlyAdmin):
    """Files that prove what requests count; private until then like the log they belong to."""

    list_display = ["shown_name", "holder", "activity", "kind", "pages", "uploaded_at", "original"]
    list_filter = ["kind"]
    list_select_related = ["holder", "activity"]
    search_fields = ["shown_name", "holder__name", "holder__email", "activity__title", "sha256"]
    search_help_text = _("File name, holder's name or e-mail, or title of the activity")
    ordering = ["-uploaded_at", "pk"]
    fields = ["shown_name", "holder", "activity", "kind", "size", "pages", "sha256", "uploaded_at", "original"]

    @admin.display(description=_("original"))
    def original(self, evidence: Evidence) -> str:
        if not evidence.is_showable:
            return evidence.why_not_shown
        address = reverse("evidence_file", args=[evidence.pk])
        return format_html(
            '<a href="{}">{} <span class="visually-hidden">{}</span></a>',
            address,
            _("Download"),
            evidence.shown_name,
        )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Evidence]:
        found = super().get_queryset(request)
        return found if request.user.is_superuser else found.filter(activity__locked_at__isnull=False)
