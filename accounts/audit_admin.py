"""The audit trail for the team: to look through, to narrow down and to take along. Nobody changes it."""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.audit import Action
from accounts.models import AuditEntry, AuditEntryQuerySet
from integrations import spreadsheet
from integrations.admin_base import ReadOnlyAdmin

COLUMNS = ["at", "by_text", "action", "subject", "details", "address", "agent", "request_id"]
CHUNK = 2000


def _day_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class NarrowForm(forms.Form):
    """What a reader of the trail asks for."""

    what = forms.ChoiceField(label=_("What"), required=False, choices=[("", _("Everything")), *Action.choices])
    person = forms.CharField(label=_("Who"), required=False, max_length=254)
    first = forms.DateField(label=_("From"), required=False, widget=_day_input())
    last = forms.DateField(label=_("Until"), required=False, widget=_day_input())


class NarrowFilter(admin.ListFilter):
    """One form instead of forty links: an action, a person's name or address, days in the reader's own time zone."""

    title = _("what, who and when")
    template = "admin/accounts/auditentry/narrow.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.used_parameters = {name: params.pop(name)[-1] for name in self.expected_parameters() if name in params}
        self.form = NarrowForm(self.used_parameters, auto_id="narrow-%s", label_suffix="")

    def expected_parameters(self) -> list[str | None]:
        return list(NarrowForm.base_fields)

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        """What the template shows: the form, and what else was asked, to be kept."""
        mine = {*self.expected_parameters(), "p"}
        yield {"form": self.form, "kept": [(k, v) for k, v in self.request.GET.items() if k not in mine]}

    def queryset(self, request: HttpRequest, queryset: Any) -> AuditEntryQuerySet:
        if not self.form.is_valid():
            return queryset.none()
        asked = self.form.cleaned_data
        last = asked["last"] + timedelta(days=1) if asked["last"] else None
        found = queryset.between(_midnight(asked["first"]), _midnight(last)).filter(by_text__icontains=asked["person"])
        return found.filter(action=asked["what"]) if asked["what"] else found


class AuditEntryAdmin(ReadOnlyAdmin):
    change_list_template = "admin/accounts/auditentry/change_list.html"
    list_display = ["moment", "by_text", "what", "record", "told", "address"]
    list_filter = [NarrowFilter]
    # Only makes the box appear; `about` is what it asks.
    search_fields = ["subject"]
    search_help_text = _("Record such as SUB-00042, activity 17, person 5 or policy 2026-01-01; or a page request")
    ordering = ["-at", "-pk"]
    fields = ["moment", "by_text", "by", "what", "record", "told", "address", "agent", "request_id"]
    actions = None

    @admin.display(description=_("when"), ordering="at")
    def moment(self, entry: AuditEntry) -> str:
        return localize(timezone.localtime(entry.at))

    @admin.display(description=_("what"), ordering="action")
    def what(self, entry: AuditEntry) -> str:
        return action_label(entry)

    @admin.display(description=_("record"), ordering="subject")
    def record(self, entry: AuditEntry) -> SafeString:
        page = reverse("admin:accounts_auditentry_changelist")
        return format_html('<a href="{}?{}">{}</a>', page, urlencode({"q": entry.subject}), entry.subject)

    @admin.display(description=_("details"))
    def told(self, entry: AuditEntry) -> str:
        return told(entry)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        text = " ".join(search_term.split())
        return (queryset.about(text) | queryset.filter(request_id=text) if text else queryset), False

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(require_safe(self.export))
        return [path("export/", export, name="accounts_auditentry_export"), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """What the list shows, all of it, as a file for a spreadsheet."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return redirect("admin:accounts_auditentry_changelist")
        audit.record(
            Action.EXPORTED, subject="audit trail", by=request.user, details={"filter": request.GET.urlencode()[:500]}
        )
        return spreadsheet.download("audit-trail.csv", rows(found.select_related(None).iterator(chunk_size=CHUNK)))


def action_label(entry: AuditEntry) -> str:
    """The action in words; one that an earlier release wrote stays as it is."""
    return str(dict(Action.choices).get(entry.action, entry.action))


def told(entry: AuditEntry) -> str:
    """The details in a line: old → new; in one order, whatever the database makes of it."""
    return "; ".join(f"{name}: {_value(value)}" for name, value in sorted(entry.details.items()))


def rows(entries: Iterable[AuditEntry]) -> Iterator[list[Any]]:
    yield COLUMNS
    for entry in entries:
        details = json.dumps(entry.details, ensure_ascii=False) if entry.details else ""
        yield [
            entry.at.isoformat(),
            entry.by_text,
            entry.action,
            entry.subject,
            details,
            entry.address,
            entry.agent,
            entry.request_id,
        ]


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " → ".join(map(_value, value))
    return "–" if value in (None, "") else str(value)


def _midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None
