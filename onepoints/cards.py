"""What the home page says about each certification beyond where it stands. Reads only, a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import ceil

from django.db import models

from accounts.models import User
from activities.models import ActivityType
from onepoints import picture
from submissions import standing
from submissions.models import Submission
from submissions.rules import Status
from submissions.standing import Standing

# For so long the home page still speaks of a request that ended without an extension.
REMEMBERED = timedelta(days=30)
# Nobody is helped by "or 40 Tech Talks".
MOST_TIMES = 8


@dataclass(frozen=True)
class Idea:
    """A way to close the gap: so many of one kind of activity."""

    type: ActivityType
    times: int


@dataclass(frozen=True)
class Card:
    """One certification on the home page."""

    standing: Standing
    ideas: list[Idea]
    ended_request: Submission | None = None

    @property
    def picture(self) -> picture.Picture | None:
        return picture.draw(self.standing)


def cards(user: User, *, on: date, at: datetime) -> list[Card]:
    """A card for each of the person's certifications, the most urgent first."""
    standings = standing.standings(user, on)
    models.prefetch_related_objects([s.credential for s in standings], "certification__replaced_by")
    types = list(ActivityType.objects.valid_on(on).eligible()) if standings else []
    ended = _ended_requests(user, at) if standings else {}
    return [Card(s, ideas(types, s.missing), ended.get(s.credential.pk)) for s in standings]


def ideas(types: Iterable[ActivityType], missing: Decimal) -> list[Idea]:
    """What would close the gap: the smallest single thing that is enough, and the small thing done most easily."""
    whole = sorted((t for t in types if t.points > 0 and not t.asks_quantity), key=lambda t: (t.points, t.name))
    if not missing or not whole:
        return []
    enough = next((t for t in whole if t.points >= missing), None)
    smallest = whole[0]
    found = [Idea(enough, 1)] if enough else []
    times = ceil(missing / smallest.points)
    if smallest != enough and times <= MOST_TIMES:
        found.append(Idea(smallest, times))
    return found


def _ended_requests(user: User, at: datetime) -> dict[int, Submission]:
    """The last request of each credential, where it ended lately and without an extension."""
    last = {request.credential_id: request for request in Submission.objects.of(user).order_by("submitted_at", "pk")}
    return {
        key: request
        for key, request in last.items()
        if request.status in (Status.REJECTED, Status.LAPSED)
        and request.closed_at
        and request.closed_at > at - REMEMBERED
    }
