"""The team's pages: Django's admin, entered through the portal's own sign-in."""

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class PortalAdmin(admin.AdminSite):
    """One sign-in for everybody: whoever is not signed in goes to the sign-in page, not to a second form."""

    site_header = _("OnePoints team")
    site_title = _("OnePoints team")
    index_title = _("What the certification team works on")
    enable_nav_sidebar = True


class PortalAdminConfig(AdminConfig):
    default_site = "onepoints.admin_site.PortalAdmin"
