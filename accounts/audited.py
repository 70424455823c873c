"""What the team changes in the admin goes into the audit trail, with the old and the new values."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts import audit
from accounts.audit import Action


class Audited(admin.ModelAdmin):
    """A page whose every save leaves an entry. `audited_as` names its rows in the trail."""

    audited_as = "{0._meta.model_name} {0.pk}"

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Django hands the form to this method only; the log methods, which come next, need its values."""
        request.audited = audit.contents(form) if add else audit.changes(form)  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._record(Action.ADDED, request, obj, request.__dict__.pop("audited", {}))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any, details: audit.Details | None = None) -> Any:
        """`details` are what an action on the list changed, which has no form. Saving without a change is none."""
        details = details or request.__dict__.pop("audited", {})
        if details or message:
            self._record(Action.CHANGED, request, obj, details)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            self._record(Action.DELETED, request, obj, {"was": audit.plain(obj)})
        return super().log_deletions(request, queryset)

    def response_action(self, request: HttpRequest, queryset: Any, *args: Any) -> HttpResponse | None:
        """An action on the list and its entries stay or go together, as Django has it for a form."""
        with transaction.atomic():
            return super().response_action(request, queryset, *args)

    def _record(self, action: Action, request: HttpRequest, obj: Any, details: audit.Details) -> None:
        audit.record(action, subject=self.audited_as.format(obj), by=request.user, details=details)
