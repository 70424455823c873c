"""Enough points? Which days count? Which moves are permitted? No queries, no clock (handbook, "The rules")."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import TextChoices
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.rules import NotAllowed
from activities.rules import QUARTER
from certifications.rules import add_months, extended_until

ZERO = Decimal(0)


# --- days -------------------------------------------------------------------------------------------------------------


def window_start(on: date, months: int) -> date:
    """The first day whose activities still count on the day `on`.

    That is the first day d with `on <= add_months(d, months)`: because months clamp at their end, stepping back is not
    the inverse of stepping forward, and the day after the step back may be the first.
    """
    years, month = divmod(on.month - 1 - months, 12)
    last_of_month = add_months(date(on.year + years, month + 1, 1), 1) - timedelta(days=1)
    back = last_of_month.replace(day=min(on.day, last_of_month.day))
    return back if add_months(back, months) >= on else back + timedelta(days=1)


def check_span(days: Iterable[date], months: int) -> None:
    """Raises NotAllowed unless all completion days lie within one span of so many months (rule 2)."""
    days = sorted(days)
    if days and add_months(days[0], months) < days[-1]:
        raise NotAllowed(
            _("The chosen activities reach from %(first)s to %(last)s, more than %(months)s months. Leave out one end.")
            % {"first": date_format(days[0]), "last": date_format(days[-1]), "months": months}
        )


def check_ends(expires_on: date, months: int) -> None:
    """Raises NotAllowed for a certification that never ends (9999-12-31): there is no later day to extend it to."""
    if extended_until(expires_on, months) <= expires_on:
        raise NotAllowed(_("This certification never ends, so there is nothing to extend."))


def check_not_expired(expires_on: date, on: date) -> None:
    """Raises NotAllowed after the expiry date; on the day itself a request is still in time (rules 3 and 4)."""
    if on > expires_on:
        raise NotAllowed(
            _("This certification ended on %(day)s. The request had to reach the team by then; an exam renews it.")
            % {"day": date_format(expires_on)}
        )


def check_answer_in_time(answer_by: date | None, on: date) -> None:
    """Raises NotAllowed once the day to answer a return has passed."""
    if answer_by and on > answer_by:
        raise NotAllowed(
            _("The day to answer was %(day)s. The request lapses, and its activities are free again.")
            % {"day": date_format(answer_by)}
        )


# --- points -----------------------------------------------------------------------------------------------------------


def show_points(points: Decimal) -> str:
    """Points as people write them: 40, 39.75."""
    return number_format(points.normalize() if points % 1 else points.to_integral_value())


def check_points(points: Decimal | int, needed: Decimal | int) -> None:
    """Raises NotAllowed unless there are enough points (rule 1): 39.75 are not 40."""
    if points < needed:
        missing = Decimal(needed) - Decimal(points)
        raise NotAllowed(
            ngettext("%(points)s more point is needed.", "%(points)s more points are needed.", 1 if missing == 1 else 2)
            % {"points": show_points(missing)}
        )


@dataclass(frozen=True)
class Facts:
    """What the rules need to know of one activity. `spent_on` names the request that has spent it, or is empty."""

    completed_on: date
    is_eligible: bool
    has_evidence: bool
    points: Decimal = QUARTER
    spent_on: str = ""


def why_not(facts: Facts, *, on: date, months: int, earliest: date) -> str:
    """Why an activity does not count on the day `on`, as a sentence for its owner; empty when it counts."""
    until = add_months(facts.completed_on, months)
    if facts.spent_on:
        return _("Already spent on %(request)s.") % {"request": facts.spent_on}
    if facts.completed_on > on:
        return _("Counts from %(day)s on, the day it is completed.") % {"day": date_format(facts.completed_on)}
    if facts.completed_on < earliest:
        return _("Completed before %(day)s; activities count from that day on.") % {"day": date_format(earliest)}
    if on > until:
        return _("Stopped counting after %(day)s, %(months)s months after you completed it.") % {
            "day": date_format(until),
            "months": months,
        }
    if not facts.is_eligible:
        return _("This kind of activity did not earn points on %(day)s.") % {"day": date_format(facts.completed_on)}
    if facts.points < QUARTER:
        return _("Brings no points: it is worth less than a quarter of one.")
    if not facts.has_evidence:
        return _("No evidence yet: add it and this counts.")
    return ""


def over_cap(cap: Decimal) -> str:
    """The reason for points that a cap cuts away."""
    return _("At most %(cap)s points of this kind count in one request.") % {"cap": show_points(cap)}


def admit(claims: Iterable[tuple[int, str, Decimal]], caps: Mapping[str, Decimal | None]) -> dict[int, Decimal]:
    """How many points of each activity its kind's cap admits.

    `claims` are (activity, code, points), soonest lapsing first: these fill the cap, so that the later ones stay free.
    A cap admits whole quarter steps, as all points are.
    """
    room = {code: max(cap - cap % QUARTER, ZERO) for code, cap in caps.items() if cap is not None}
    admitted = {}
    for key, code, points in claims:
        admitted[key] = min(points, room.get(code, points))
        if code in room:
            room[code] -= admitted[key]
    return admitted


# --- moves ------------------------------------------------------------------------------------------------------------


class Status(TextChoices):
    SUBMITTED = "submitted", gettext_lazy("With the team")
    RETURNED = "returned", gettext_lazy("Waiting for your answer")
    APPROVED = "approved", gettext_lazy("Approved")
    REJECTED = "rejected", gettext_lazy("Rejected")
    WITHDRAWN = "withdrawn", gettext_lazy("Withdrawn")
    LAPSED = "lapsed", gettext_lazy("Lapsed")


# From each status the ones a request may move to. What is not here never happens.
NEXT: Mapping[str, frozenset[str]] = {
    Status.SUBMITTED: frozenset({Status.RETURNED, Status.APPROVED, Status.REJECTED, Status.WITHDRAWN}),
    Status.RETURNED: frozenset({Status.SUBMITTED, Status.WITHDRAWN, Status.LAPSED}),
    Status.APPROVED: frozenset(),
    Status.REJECTED: frozenset(),
    Status.WITHDRAWN: frozenset(),
    Status.LAPSED: frozenset(),
}
OPEN = (Status.SUBMITTED, Status.RETURNED)
DECIDED = (Status.APPROVED, Status.REJECTED)


def check_move(reference: str, status: str, to: str) -> None:
    """Raises NotAllowed unless a request may move from `status` to `to`."""
    if to not in NEXT[status]:
        raise _too_late(reference, status)


def check_open(reference: str, status: str) -> None:
    """Raises NotAllowed once a request is closed."""
    if status not in OPEN:
        raise _too_late(reference, status)


def _too_late(reference: str, status: str) -> NotAllowed:
    return NotAllowed(
        _("%(request)s is “%(status)s”, so this is not possible any more.")
        % {"request": reference, "status": Status(status).label}
    )


class Verdict(TextChoices):
    """What a reviewer says of one activity."""

    PENDING = "pending", gettext_lazy("Not looked at yet")
    ACCEPTED = "accepted", gettext_lazy("Accepted")
    FEWER = "fewer", gettext_lazy("Accepted with fewer points")
    REFUSED = "refused", gettext_lazy("Refused")


class Reason(TextChoices):
    """Why an activity gets fewer points, or none."""

    MISSING_DOCUMENT = "missing-document", gettext_lazy("The evidence does not show that you completed it")
    UNREADABLE = "unreadable", gettext_lazy("The evidence cannot be read")
    OTHER_NAME = "other-name", gettext_lazy("The evidence names another person")
    OTHER_DATE = "other-date", gettext_lazy("The evidence shows another date")
    FEWER_HOURS = "fewer-hours", gettext_lazy("The evidence shows fewer hours")
    NOT_ELIGIBLE = "not-eligible", gettext_lazy("This activity is not eligible")
    DUPLICATE = "duplicate", gettext_lazy("The same activity is claimed twice")
    OTHER = "other", gettext_lazy("Another reason")


def check_verdict(verdict: str, claimed: Decimal, points: Decimal, reason: str) -> None:
    """Raises NotAllowed unless points and reason fit the verdict."""
    if verdict == Verdict.FEWER and not ZERO < points < claimed:
        raise NotAllowed(
            _("Fewer points means more than 0 and fewer than the %(claimed)s claimed.")
            % {"claimed": show_points(claimed)}
        )
    if verdict == Verdict.FEWER and points % QUARTER:
        raise NotAllowed(_("Points go in quarter steps, such as 2.25 or 2.5."))
    if verdict in (Verdict.FEWER, Verdict.REFUSED) and not reason:
        raise NotAllowed(_("Please choose a reason: the holder will read it."))
