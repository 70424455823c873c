"""The team's pages: Django's admin, entered through the portal's own sign-in."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import second_factor
from accounts.models import User

# What the team works on every day comes first; what is not named here comes last.
APPS = ["submissions", "certifications", "activities", "accounts"]
MODELS = ["Submission", "Policy", "Credential", "Certification", "Extension", "ActivityType", "User"]


class PortalAdmin(admin.AdminSite):
    """One sign-in for everybody, with its limits and its second factor: no second password form."""

    site_header = _("OnePoints team")
    site_title = _("OnePoints team")
    index_title = _("What the certification team works on")
    enable_nav_sidebar = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.disable_action("delete_selected")

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not getattr(request.user, "rights_held_back", False)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Where Django sends whoever may not see a page of the team."""
        address = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(address)
        if not super().has_permission(request):
            raise PermissionDenied
        if self.has_permission(request):
            return redirect("admin:index")
        return _to_second_factor(request, request.user, address)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_change_password")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        found = super().get_app_list(request, app_label)
        for app in found:
            app["models"].sort(key=lambda model: _place(model["object_name"], MODELS))
        return sorted(found, key=lambda app: _place(app["app_label"], APPS))


def _to_second_factor(request: HttpRequest, user: User, address: str) -> HttpResponse:
    page = second_factor.way_in(user)
    if page == "mfa_index":
        messages.warning(
            request, gettext("The team’s pages hold other people’s data: they open with a second factor only.")
        )
    return redirect(f"{reverse(page)}?{urlencode({REDIRECT_FIELD_NAME: address})}")


def _place(name: str, order: list[str]) -> int:
    return order.index(name) if name in order else len(order)
