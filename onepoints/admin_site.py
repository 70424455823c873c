"""The team's pages: Django's admin, entered through the portal's own sign-in."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

# What the team works on every day comes first; what is not named here comes last.
APPS = ["submissions", "certifications", "activities", "accounts"]
MODELS = ["Submission", "Policy", "Credential", "Certification", "Extension", "ActivityType", "User"]


class PortalAdmin(admin.AdminSite):
    """One sign-in for everybody: whoever is not signed in goes to the sign-in page, not to a second form."""

    site_header = _("OnePoints team")
    site_title = _("OnePoints team")
    index_title = _("What the certification team works on")
    enable_nav_sidebar = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.disable_action("delete_selected")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        found = super().get_app_list(request, app_label)
        for app in found:
            app["models"].sort(key=lambda model: _place(model["object_name"], MODELS))
        return sorted(found, key=lambda app: _place(app["app_label"], APPS))


def _place(name: str, order: list[str]) -> int:
    return order.index(name) if name in order else len(order)


class PortalAdminConfig(AdminConfig):
    default_site = "onepoints.admin_site.PortalAdmin"
