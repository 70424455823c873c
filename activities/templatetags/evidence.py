"""What pages say of files to the person whose they are."""

from collections.abc import Iterable, Sequence

from django import template

from activities import comparison, hints
from activities.comparison import Found
from activities.models import Activity, Evidence

register = template.Library()
MAILS = {"eml", "msg"}


@register.simple_tag
def other_names(files: Sequence[Evidence], name: str) -> list[Found[str]]:
    return comparison.other_names(files, name)


@register.simple_tag
def differences(activity: Activity) -> list[str]:
    return hints.differences(activity, list(activity.evidence_files.all()))


@register.filter
def is_mail(evidence: Evidence) -> bool:
    """Whether its words say more than its picture, links and line ends included."""
    return evidence.kind in MAILS


@register.filter
def are_all_shown(files: Iterable[Evidence]) -> bool:
    return all(evidence.is_showable for evidence in files)
