"""What the team's pages of every app share: quick lists, pages that only show, deliveries that can be tried again."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from integrations.delivery import Delivery, DeliveryQuerySet


class TeamAdmin(admin.ModelAdmin):
    """Lists that stay quick however long they grow: short pages, one count."""

    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        return super().changelist_view(request, context)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the list's filters ask. Any other field in the address would let hidden values be guessed."""
        name = lookup.split("__", maxsplit=1)[0]
        is_field = name == "pk" or name in {field.name for field in self.opts.get_fields()}
        asked = [getattr(f, "parameter_name", f) for f in self.get_list_filter(request)]
        if is_field and not any(lookup == f or lookup.startswith(f"{f}__") for f in asked):
            return False
        return super().lookup_allowed(lookup, value, request)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Whoever may not look is not told either whether there is such a row."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


class ReadOnlyAdmin(TeamAdmin):
    """History and other people's words: to be looked at, never edited."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ChoiceFilter(admin.SimpleListFilter):
    """A filter of a few named questions. `default` applies while the address says nothing; "all" lifts it."""

    default = "all"
    all_label: Any = _("All")
    questions: tuple[tuple[str, Any], ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*self.questions, ("all", self.all_label)]

    def asked(self) -> str:
        """The question that applies now."""
        return self.value() or self.default

    def choices(self, changelist: Any) -> Any:
        for key, label in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: key})
            yield {"selected": self.asked() == key, "query_string": query, "display": label}

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        known = {key for key, _label in self.questions}
        return self.answer(self.asked(), request, queryset) if self.asked() in known else queryset

    def answer(self, key: str, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """The rows that fit the question."""
        raise NotImplementedError


class DeliveryStateFilter(ChoiceFilter):
    title = _("state")
    parameter_name = "state"
    default = "not-delivered"
    questions = (
        ("not-delivered", _("Not delivered")),
        ("waiting", _("Waiting")),
        ("failed", _("Given up")),
        ("delivered", _("Delivered")),
    )

    def answer(self, key: str, request: HttpRequest, queryset: Any) -> models.QuerySet[Any]:
        return {
            "not-delivered": queryset.filter(delivered_at=None),
            "waiting": queryset.filter(delivered_at=None, gave_up_at=None),
            "failed": queryset.filter(gave_up_at__isnull=False),
            "delivered": queryset.filter(delivered_at__isnull=False),
        }[key]


class DeliveryAdmin(ReadOnlyAdmin):
    """What waits to leave the portal, what failed and why; "Try again now" for whoever may change it."""

    list_display = ["reference", "state", "recipient", "attempts", "next_attempt_at", "why", "delivered_at"]
    list_filter = [DeliveryStateFilter]
    search_fields = ["reference", "external_id"]
    search_help_text = _("Reference, or the number on the other side")
    ordering = ["-next_attempt_at", "-pk"]
    actions = ["try_again"]
    fields: ClassVar[Any] = [
        "reference",
        "state",
        "recipient",
        "attempts",
        "next_attempt_at",
        "last_error",
        "gave_up_at",
        "delivered_at",
        "external_id",
    ]

    @admin.display(description=_("state"))
    def state(self, row: Delivery) -> SafeString:
        return status_mark(*_state(row))

    @admin.display(description=_("to"))
    def recipient(self, row: Any) -> str:
        """Whom it is for; each kind of delivery knows."""
        raise NotImplementedError

    @admin.display(description=_("what went wrong"))
    def why(self, row: Delivery) -> str:
        return row.last_error[:120]

    def has_try_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    @admin.action(description=_("Try again now"), permissions=["try_again"])
    def try_again(self, request: HttpRequest, queryset: DeliveryQuerySet) -> None:
        # A row that never failed may be in a worker's hands at this moment.
        rows = list(queryset.filter(delivered_at=None).exclude(gave_up_at=None, last_error=""))
        for row in rows:
            row.try_again(timezone.now())
            self.log_change(request, row, [{"changed": {"name": str(self.opts.verbose_name), "fields": ["attempts"]}}])
        said = ngettext(
            "%(count)s delivery is tried again within a minute.",
            "%(count)s deliveries are tried again within a minute.",
            len(rows),
        )
        messages.success(request, said % {"count": len(rows)})


def _state(row: Delivery) -> tuple[str, str, Any]:
    if row.delivered_at:
        return "good", "●", _("Delivered")
    if row.gave_up_at:
        return "bad", "✕", _("Given up")
    return ("soon", "▲", _("Trying again")) if row.last_error else ("open", "○", _("Waiting"))


def status_mark(tone: str, shape: str, word: Any) -> SafeString:
    """A status as word and shape, never by colour alone. `tone` is a class in team.css."""
    return format_html('<span class="mark mark-{}"><span aria-hidden="true">{}</span> {}</span>', tone, shape, word)
