"""The team's pages: Django's admin, entered through the portal's own sign-in."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

# What the team works on every day comes first; apps that are not named here come last.
ORDER = ["submissions", "certifications", "activities", "accounts"]


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
        return sorted(found, key=lambda app: _place(app["app_label"]))


def _place(app_label: str) -> int:
    return ORDER.index(app_label) if app_label in ORDER else len(ORDER)


class PortalAdminConfig(AdminConfig):
    default_site = "onepoints.admin_site.PortalAdmin"
