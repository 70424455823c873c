"""The same file, or the same picture, as evidence of two activities. Reads only, by one query for a whole page.

A person is told of their own files alone. The team is told of everybody's, as far as both were sent to it (rule 6).
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q

from accounts.models import User
from activities.models import Activity, Evidence, EvidenceQuerySet

# Of 64 bits. A photo that was saved again differs in a few; another certificate differs in many.
ALIKE = 4


@dataclass(frozen=True)
class Double:
    """A file that proves another activity. When it is not the same file, it is one that looks the same."""

    evidence: Evidence
    activity: Activity
    is_same_file: bool


Doubles = dict[int, list[Double]]  # of each activity, what proves another one


def own(holder: User, activities: Collection[int]) -> Doubles:
    """For these activities of a person, the same files among that person's other activities."""
    mine = list(_attached().of(holder))
    return _doubles([e for e in mine if e.activity_id in activities], mine)


def for_team(files: Iterable[Evidence]) -> Doubles:
    """For the activities that these files prove, the same files anywhere. Pictures that are nearly the same are looked
    for among the same person's only: everybody's would need a look at each row there is.
    """
    files = [e for e in files if e.is_showable]
    same = Q(sha256__in={e.sha256 for e in files}) | Q(picture_hash__in={e.picture_hash for e in files} - {""})
    theirs = Q(holder__in={e.holder_id for e in files})
    sent = _attached().filter(activity__shared_at__isnull=False)
    return _doubles(files, list(sent.filter(same | theirs).select_related("holder")))


def _attached() -> EvidenceQuerySet:
    return (
        Evidence.objects.showable()
        .filter(activity__isnull=False)
        .select_related("activity")
        .defer("text", "facts")
        .order_by("uploaded_at", "pk")
    )


def _doubles(files: Iterable[Evidence], others: Collection[Evidence]) -> Doubles:
    found: Doubles = {}
    for evidence in files:
        if evidence.activity_id:
            found.setdefault(evidence.activity_id, []).extend(_doubles_of(evidence, others))
    return {activity: _one_for_each(doubles) for activity, doubles in found.items() if doubles}


def _doubles_of(evidence: Evidence, others: Iterable[Evidence]) -> Iterator[Double]:
    for other in others:
        if other.activity is None or other.activity_id == evidence.activity_id:
            continue
        is_same_file = other.sha256 == evidence.sha256
        if is_same_file or _is_alike(evidence, other):
            yield Double(other, other.activity, is_same_file)


def _one_for_each(doubles: Iterable[Double]) -> list[Double]:
    """One for each other activity, before all the same file."""
    best: dict[int, Double] = {}
    for double in sorted(doubles, key=lambda double: not double.is_same_file):
        best.setdefault(double.activity.pk, double)
    return list(best.values())


def _is_alike(one: Evidence, other: Evidence) -> bool:
    if not (one.picture_hash and other.picture_hash):
        return False
    if one.holder_id != other.holder_id:
        return one.picture_hash == other.picture_hash
    return (int(one.picture_hash, 16) ^ int(other.picture_hash, 16)).bit_count() <= ALIKE
