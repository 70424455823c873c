"""The team's pages that touch more than one app: people who get their certifications, and what groups may do."""

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin import UserAdmin
from accounts.models import User
from certifications import roster
from integrations.admin_base import ReadOnlyAdmin


@admin.register(User)
class PersonAdmin(UserAdmin):
    def vouch_for(self, request: HttpRequest, user: User) -> None:
        super().vouch_for(request, user)
        claimed = roster.claim(user, user.email, by=request.user)
        if claimed:
            said = ngettext(
                "%(count)s certification was recorded under this address and is theirs now.",
                "%(count)s certifications were recorded under this address and are theirs now.",
                claimed,
            )
            messages.info(request, said % {"count": claimed})


admin.site.unregister(Group)


@admin.register(Group)
class GroupTable(ReadOnlyAdmin, GroupAdmin):
    """What each group may do, to look at: `onepoints.groups` writes it and would overwrite every edit."""

    list_display = ["name"]
    fields = ["name", "rights"]

    @admin.display(description=_("may"))
    def rights(self, group: Group) -> str:
        return "; ".join(str(p) for p in group.permissions.select_related("content_type"))
