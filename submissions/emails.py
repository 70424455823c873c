"""What the mails about a request and about an expiry date say. Each is sent only if it is still true then."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import ROUND_CEILING, Decimal
from zoneinfo import ZoneInfo

from django.core.mail import EmailMultiAlternatives
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from activities.models import ActivityType
from certifications.models import Certification, Credential, Extension, Reminder
from integrations import mail
from submissions import reminders, standing
from submissions.models import CountedActivity, Notice, Step, Submission
from submissions.rules import Verdict, show_points
from submissions.standing import Line, Standing

# What a mail's row says that was not sent because nobody needs it any more.
NOT_NEEDED = "not needed"

# The step of a request that ends what an earlier mail asked for.
_OVERTAKEN_BY: Mapping[str, Sequence[str]] = {
    Step.Move.RETURNED: (Step.Move.RETURNED, Step.Move.ANSWERED, Step.Move.WITHDRAWN, Step.Move.LAPSED),
}
# From so many days before the expiry date on a reminder speaks of the last day only.
LAST_DAYS = 7
DAYS_A_MONTH = 30
MOST_SESSIONS = 12  # to propose for closing a gap
MOST_ADVICE = 3  # sentences of one kind: a mail is not a page


def send_notice(notice: Notice, office: mail.PostOffice, *, on: date) -> str:
    """Send the mail about a step of a request, unless it has been overtaken; returns what the row is to remember."""
    step = Step.objects.select_related("submission__holder", "submission__credential__certification").get(
        pk=notice.step_id
    )
    if not step.submission.holder.is_active or _is_overtaken(step):
        return NOT_NEEDED
    office.send(build_notice(notice, step, on=on))
    return ""


def send_reminder(reminder: Reminder, office: mail.PostOffice, *, on: date) -> str:
    """Send a reminder, unless it is no longer due; returns what the row is to remember."""
    if not reminders.is_still_due(reminder, on):
        return NOT_NEEDED
    office.send(build_reminder(reminder, on=on))
    return ""


def _is_overtaken(step: Step) -> bool:
    later = Step.objects.filter(submission=step.submission_id, pk__gt=step.pk)
    return later.filter(move__in=_OVERTAKEN_BY.get(step.move, ())).exists()


# --- about a request --------------------------------------------------------------------------------------------------


def build_notice(notice: Notice, step: Step, *, on: date) -> EmailMultiAlternatives:
    submission = step.submission
    with _in_the_words_of(submission.holder):
        context = {
            "name": submission.holder.get_short_name(),
            "title": short_title(submission.credential.certification),
            "certification": submission.credential.certification,
            "submission": submission,
            "words": step.words,
            **_NOTICES[step.move](submission, on),
        }
        return mail.compose(
            f"submissions/{step.move}",
            context,
            to=submission.holder.email,
            reference=notice.reference,
            language=submission.holder.language,
        )


def _request_page(submission: Submission, on: date) -> dict[str, object]:
    return {"link": mail.link("request", submission.pk)}


def _returned(submission: Submission, on: date) -> dict[str, object]:
    held = submission.counted.held().select_related("activity")
    return {"link": mail.link("answer", submission.pk), "missing": _not_accepted(held)}


def _approved(submission: Submission, on: date) -> dict[str, object]:
    extension = Extension.objects.get(source=submission.reference)
    refused = submission.counted.filter(verdict=Verdict.REFUSED).select_related("activity")
    return {**_request_page(submission, on), "extension": extension, "free_again": _not_accepted(refused)}


def _closed(submission: Submission, on: date) -> dict[str, object]:
    """Ended without an extension: while the certification is active, the next step is to ask again."""
    credential = submission.credential
    if not credential.is_active(on):
        return {**_request_page(submission, on), "may_ask_again": False}
    return {"link": mail.link("ask", credential.pk), "may_ask_again": True, "last_day": credential.expires_on}


_NOTICES: Mapping[str, Callable[[Submission, date], dict[str, object]]] = {
    Step.Move.SUBMITTED: _request_page,
    Step.Move.ANSWERED: _request_page,
    Step.Move.RETURNED: _returned,
    Step.Move.APPROVED: _approved,
    Step.Move.REJECTED: _closed,
    Step.Move.LAPSED: _closed,
}


def _not_accepted(counted: Iterable[CountedActivity]) -> list[CountedActivity]:
    """What a reviewer did not accept as it was claimed; what nobody has looked at yet is no fault."""
    return [c for c in counted if c.verdict in (Verdict.FEWER, Verdict.REFUSED)]


# --- about an expiry date ---------------------------------------------------------------------------------------------


def build_reminder(reminder: Reminder, *, on: date) -> EmailMultiAlternatives:
    """The reminder as it reads on that day: by balance, by pace and by how much time is left."""
    credential = Credential.objects.select_related("certification", "holder").get(pk=reminder.credential_id)
    holder = User.objects.get(pk=credential.holder_id)  # type: ignore[misc]  # only people are reminded
    stands = standing.standing_of(credential, on)
    with _in_the_words_of(holder):
        event, link = _situation(stands)
        context = {
            "name": holder.get_short_name(),
            "email": holder.email,
            "title": short_title(credential.certification),
            "certification": credential.certification,
            "standing": stands,
            "points": points_in_words(stands.points),
            "missing": points_in_words(stands.missing),
            "needed": show_points(stands.needed),
            "advice": list(_advice(stands)),
            "link": link,
            "preferences": mail.link("preferences"),
        }
        return mail.compose(
            f"submissions/reminder_{event}",
            context,
            to=holder.email,
            reference=reminder.reference,
            language=holder.language,
        )


def _situation(stands: Standing) -> tuple[str, str]:
    """Which mail it is, and the page its button opens."""
    if not stands.is_active:
        return "ended", mail.link("home")
    next_step = mail.link("ask", stands.credential.pk) if stands.can_submit else mail.link("log_activity")
    if stands.days_left <= LAST_DAYS:
        return "last_days", next_step
    if stands.can_submit:
        return "enough", next_step
    return ("missing" if stands.lines else "nothing"), next_step


def _advice(stands: Standing) -> Iterator[str]:
    """Sentences about this person's points: what to watch, and what would close the gap."""
    if not stands.is_active:
        return
    if stands.can_submit:
        yield from _how_long_it_is_enough(stands)
    else:
        yield from _what_stops_counting(stands)
        yield from _what_does_not_count_yet(stands)
        yield from _what_closes_the_gap(stands)
        yield from _pace(stands)


def _how_long_it_is_enough(stands: Standing) -> Iterator[str]:
    left = stands.points
    for line in stands.counting:
        left -= line.points
        if left < stands.needed and line.counts_until < stands.last_day:
            yield _(
                "Ask by %(day)s: after that day some of your points stop counting and fewer than %(needed)s are left."
            ) % {
                "day": date_format(line.counts_until),
                "needed": show_points(stands.needed),
            }
        if left < stands.needed:
            return


def _what_stops_counting(stands: Standing) -> Iterator[str]:
    for line in stands.counting[:MOST_ADVICE]:
        if line.counts_until < stands.last_day:
            yield _("“%(title)s”: its %(points)s count until %(day)s only. Ask by then, or replace them.") % {
                "title": line.activity.title,
                "points": points_in_words(line.points),
                "day": date_format(line.counts_until),
            }


def _what_does_not_count_yet(stands: Standing) -> Iterator[str]:
    for line in [line for line in stands.not_counting if _could_count(line, stands.on)][:MOST_ADVICE]:
        yield f"“{line.activity.title}”: {line.why_not}"


def _could_count(line: Line, on: date) -> bool:
    return not line.activity.is_locked and not line.is_over_cap and line.counts_until >= on


def _what_closes_the_gap(stands: Standing) -> Iterator[str]:
    types = [t for t in ActivityType.objects.valid_on(stands.on).eligible() if t.points > 0 and not t.asks_quantity]
    ways = []
    if big := [t for t in types if t.points >= stands.missing]:
        kind = min(big, key=lambda t: (t.points, t.code))
        ways.append(f"{kind.name} ({points_in_words(kind.points)})")
    for kind in sorted(types, key=lambda t: (t.points, t.code))[:1]:
        sessions = int((stands.missing / kind.points).to_integral_value(ROUND_CEILING))
        if 1 < sessions <= MOST_SESSIONS:
            ways.append(f"{sessions} × {kind.name}")
    if ways:
        yield _("What would close the gap: %(ways)s.") % {"ways": _(", or ").join(ways)}


def _pace(stands: Standing) -> Iterator[str]:
    months = (stands.advised_by - stands.on).days // DAYS_A_MONTH
    if months > 1:
        yield _("About %(points)s a month until %(day)s are enough.") % {
            "points": points_in_words((stands.missing / months).to_integral_value(ROUND_CEILING)),
            "day": date_format(stands.advised_by),
        }


# --- words ------------------------------------------------------------------------------------------------------------


def short_title(certification: Certification) -> str:
    """The title as it fits into a subject: "Administration R2"."""
    return f"{certification.name} {certification.release}".strip()


def points_in_words(points: Decimal) -> str:
    """ "1 point", "39.75 points"."""
    return ngettext("%(points)s point", "%(points)s points", 1 if points == 1 else 2) % {"points": show_points(points)}


@contextmanager
def _in_the_words_of(person: User) -> Iterator[None]:
    """Their language and their time zone."""
    with translation.override(person.language), timezone.override(ZoneInfo(person.time_zone)):
        yield
