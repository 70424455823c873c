"""Makes the portal's admin site the one that `admin.site` is. Apart from it, since apps are loaded before models."""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    default_site = "onepoints.admin_site.PortalAdmin"
