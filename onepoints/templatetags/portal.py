"""How the portal's pages write numbers, days and links."""

from decimal import Decimal
from math import ceil

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.translation import gettext as _

from submissions.rules import show_points
from submissions.standing import Lapse

register = template.Library()


@register.filter
def points(value: Decimal | int | None) -> str:
    """Points as people write them: 40, 39.75."""
    return "" if value is None else show_points(Decimal(value))


@register.inclusion_tag("onepoints/_nav_link.html", takes_context=True)
def nav_link(context: Context, name: str, label: str) -> dict[str, object]:
    """One entry of the main navigation; marked when the page shown lies at or below its address."""
    address = reverse(name)
    here = getattr(context.get("request"), "path", "")
    return {"address": address, "label": label, "is_current": here.startswith(address)}


@register.filter
def round_points(value: Decimal) -> int:
    """A whole number that is one exactly for one point, so that the sentence around it agrees."""
    return 1 if value == 1 else ceil(value) + 1


@register.filter
def names(lapse: Lapse) -> str:
    """The titles of what lapses together: two by name, more by number."""
    titles = [line.activity.title for line in lapse.lines]
    if len(titles) <= 2:
        return ", ".join(titles)
    return _("%(first)s and %(others)s others") % {"first": titles[0], "others": len(titles) - 1}
