"""How the portal's pages write numbers, days and links."""

from decimal import Decimal

from django import template
from django.template import Context
from django.urls import reverse

from submissions.rules import show_points

register = template.Library()


@register.filter
def points(value: Decimal | int | None) -> str:
    """Points as people write them: 40, 39.75."""
    return "" if value is None else show_points(Decimal(value))


@register.inclusion_tag("onepoints/_nav_link.html", takes_context=True)
def nav_link(context: Context, name: str, label: str) -> dict[str, object]:
    """One entry of the main navigation; marked when the page shown lies at or below its address."""
    address = reverse(name)
    request = context.get("request")
    return {"address": address, "label": label, "is_current": bool(request) and request.path.startswith(address)}
