"""What may happen to an activity and its evidence: the only code that writes them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone_name, localtime
from django.utils.translation import gettext as _

from accounts import audit
from accounts.audit import Action
from accounts.models import User
from activities import rules, scanning, storage, uploads
from activities.models import Activity, ActivityType, Evidence, EvidencePage
from activities.rules import NotAllowed

# A file kept aside outlives a long lunch and a closed tab, not more.
KEPT_ASIDE = timedelta(days=2)
HOUR = timedelta(hours=1)
ORPHAN_AFTER = timedelta(hours=1)
BATCH = 500  # names in one query
# Every column that names a stored file.
FILES: list[tuple[Any, str]] = [
    (Evidence.objects.all(), "file"),
    (Evidence.objects.all(), "picture"),
    (EvidencePage.objects.all(), "picture"),
]


@dataclass(frozen=True)
class Entry:
    """What a person says they did. `completed_on` is the last day; `held_at` the time of day of a live event."""

    code: str
    title: str
    completed_on: date
    started_on: date | None = None
    held_at: time | None = None
    quantity: Decimal = Decimal(1)


def type_on(code: str, day: date) -> ActivityType:
    """The catalogue line as it was on that day. Raises NotAllowed when it was not eligible then."""
    found = ActivityType.objects.filter(code=code).valid_on(day).eligible().first()
    if found is None:
        raise NotAllowed(
            _("Activities of this kind did not earn points on %(day)s. Check the date, or choose another kind.")
            % {"day": date_format(day)}
        )
    return found


def log(
    holder: User, entry: Entry, evidence: Iterable[UUID] = (), *, key: UUID | None = None, at: datetime, today: date
) -> Activity:
    """Add an activity to a person's log, with the files they uploaded for it. Raises NotAllowed.

    A replay with the same `key` returns the activity it made before.
    """
    activity = Activity(holder=holder, logged_at=at, form_key=key)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=holder.pk)
        logged_before = logged_with(holder, key)
        if logged_before:
            return logged_before
        if key and Activity.objects.filter(form_key=key).exists():
            raise NotAllowed(_("This form is not yours. Please open the page again."))
        _write(activity, entry, at=at, today=today)
        _audit(Action.LOGGED, activity, {"files": _attach(activity, evidence)}, at=at)
    return activity


def logged_with(holder: User, key: UUID | None) -> Activity | None:
    """The activity that a form with this key has made already."""
    return Activity.objects.of(holder).filter(form_key=key).first() if key else None


def change(
    activity: Activity,
    entry: Entry,
    evidence: Iterable[UUID] = (),
    *,
    without: Iterable[UUID] = (),
    at: datetime,
    today: date,
) -> Activity:
    """Correct an activity that no request counts, add files and take the files `without` away. Raises NotAllowed."""
    with transaction.atomic():
        activity = _locked_row(activity)
        _check_free(activity)
        before = _values(activity)
        _write(activity, entry, at=at, today=today)
        files = {"files_removed": _delete_files(list(Evidence.objects.filter(activity=activity, pk__in=list(without))))}
        files["files_added"] = _attach(activity, evidence)
        _audit(Action.CORRECTED, activity, {**_changed(before, activity), **files}, at=at)
    return activity


def remove(activity: Activity) -> None:
    """Take an activity and its files out of the log. Raises NotAllowed once a request has counted it: history stays."""
    with transaction.atomic():
        activity = _locked_row(activity)
        _check_free(activity)
        if activity.shared_at:
            raise NotAllowed(
                _("A request has counted this activity, so it stays in your log. You can still correct it.")
            )
        files = _delete_files(list(Evidence.objects.filter(activity=activity)))
        _audit(Action.REMOVED, activity, {"files": files})
        activity.delete()


def keep_aside(holder: User, upload: UploadedFile, *, at: datetime) -> Evidence:
    """Store an uploaded file before the form around it is accepted, so that nobody uploads twice. Raises NotAllowed."""
    _check_room(holder, upload.size or 0, at=at)
    accepted = uploads.accept(upload)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=holder.pk)  # uploads at once must not pass the limits
        try:
            _check_room(holder, accepted.size, at=at)
        except NotAllowed:  # after any other error there may be a row: the sweep looks, then deletes
            storage.discard(accepted.files)
            raise
        evidence = Evidence.objects.create(
            holder=holder, uploaded_at=at, held_since=scanning.held_from(at), **accepted.columns
        )
        EvidencePage.objects.bulk_create(
            EvidencePage(evidence=evidence, number=number, picture=picture)
            for number, picture in enumerate(accepted.further_pictures, start=2)
        )
        _audit_files(Action.EVIDENCE_ADDED, [evidence], by=holder, at=at)
    return evidence


def remove_evidence(evidence: Evidence) -> None:
    """Delete one file of an activity that no request counts. Raises NotAllowed."""
    with transaction.atomic():
        evidence = Evidence.objects.select_related("activity").filter(pk=evidence.pk).first() or evidence
        if evidence.activity is not None:
            _check_free(_locked_row(evidence.activity))
        # A file kept aside may have become part of an activity, even of a request, since it was looked at.
        still = list(Evidence.objects.select_for_update().filter(pk=evidence.pk, activity=evidence.activity_id))
        _audit_files(Action.EVIDENCE_REMOVED, still, by=evidence.holder)
        _delete_files(still)


def sweep(at: datetime) -> int:
    """Forget files that were kept aside and never used, and stored files without a row; returns how many."""
    with transaction.atomic():
        unused = list(Evidence.objects.kept_aside().filter(uploaded_at__lt=at - KEPT_ASIDE).select_for_update())
        _audit_files(Action.EVIDENCE_REMOVED, unused, by=None, at=at)
        _delete_files(unused)
    return len(unused) + _sweep_orphans(at - ORPHAN_AFTER)


def _sweep_orphans(before: datetime) -> int:
    """Delete stored files that no row names: what was left where a process died in between."""
    orphans = 0
    stored = storage.stored_before(before)
    for names in iter(lambda: set(islice(stored, BATCH)), set()):
        named = [rows.filter(**{f"{field}__in": names}).values_list(field) for rows, field in FILES]
        orphans += len(left := names - {name for found in named for (name,) in found})
        storage.discard(left)
    return orphans


def _write(activity: Activity, entry: Entry, *, at: datetime, today: date) -> None:
    rules.check_days(entry.started_on, entry.completed_on, today)
    activity.type = _kept_version(activity, entry) or type_on(entry.code, entry.completed_on)
    activity.title = entry.title.strip()
    activity.started_on, activity.completed_on, activity.held_at = entry.started_on, entry.completed_on, entry.held_at
    activity.quantity = entry.quantity if activity.type.asks_quantity else Decimal(1)
    rules.check_quantity(activity.quantity)
    activity.points = rules.points_for(activity.type.points, activity.quantity)
    _check_points(activity.points)
    activity.changed_at = at
    activity.save()


def _check_points(points: Decimal) -> None:
    """More than a column holds is a slip of the pen."""
    if points > Activity.MOST_POINTS:
        raise NotAllowed(_("That would be %(points)s points. Please check how many.") % {"points": round(points)})


def _kept_version(activity: Activity, entry: Entry) -> ActivityType | None:
    """The version the activity was logged under, as long as kind and day stay the same (handbook, "policy changes")."""
    if activity.pk and activity.type.code == entry.code and activity.completed_on == entry.completed_on:
        return activity.type
    return None


def _attach(activity: Activity, evidence: Iterable[UUID]) -> int:
    return Evidence.objects.filter(pk__in=list(evidence)).attach(activity)


def _locked_row(activity: Activity) -> Activity:
    found = Activity.objects.select_related("type").select_for_update(of=("self",)).filter(pk=activity.pk).first()
    if found is None:
        raise NotAllowed(_("This activity is no longer in your log."))
    return found


def _check_free(activity: Activity) -> None:
    if activity.is_locked:
        raise NotAllowed(
            _("This activity is counted by %(request)s and can no longer be changed.") % {"request": activity.locked_by}
        )


def _check_room(holder: User, size: int, *, at: datetime) -> None:
    _check_pace(holder, at)
    held = Evidence.objects.of(holder).harmless().aggregate(files=models.Count("pk"), bytes=models.Sum("size"))
    if held["files"] >= rules.MAX_FILES_PER_PERSON:
        raise NotAllowed(
            _("You have %(most)s files here already. Remove some that are not needed, then add this one.")
            % {"most": rules.MAX_FILES_PER_PERSON}
        )
    if (held["bytes"] or 0) + size > rules.MAX_BYTES_PER_PERSON:
        raise NotAllowed(
            _("Your files would take more than %(most)s MB. Remove some that are not needed, or add a smaller scan.")
            % {"most": rules.MAX_BYTES_PER_PERSON // rules.MEGABYTE}
        )


def _check_pace(holder: User, at: datetime) -> None:
    """A person who adds files faster than anybody has certificates may go on when the first of them is an hour old."""
    hour = Evidence.objects.of(holder).filter(uploaded_at__gt=at - HOUR).order_by("-uploaded_at")
    recent = list(hour.values_list("uploaded_at", flat=True)[: rules.MAX_UPLOADS_PER_HOUR])
    if len(recent) >= rules.MAX_UPLOADS_PER_HOUR:
        again = localtime(recent[-1] + HOUR + timedelta(minutes=1))  # hours and minutes are shown, seconds cut
        raise NotAllowed(
            _("You have added %(most)s files within an hour. You can add more from %(time)s (%(zone)s) on.")
            % {
                "most": rules.MAX_UPLOADS_PER_HOUR,
                "time": date_format(again, "TIME_FORMAT"),
                "zone": get_current_timezone_name(),
            }
        )


def _delete_files(evidence: list[Evidence]) -> int:
    """Rows now, files once that is certain; should the process die between, the sweep finds them. Returns how many."""
    rows = Evidence.objects.filter(pk__in=[e.pk for e in evidence])
    names = rows.file_names()
    rows.delete()
    transaction.on_commit(partial(storage.discard, names), robust=True)
    return len(evidence)


# --- the audit trail: it says that and when, but what a log holds is private until a request counts it (rule 6) ------


def _audit(action: Action, activity: Activity, details: audit.Details, *, at: datetime | None = None) -> None:
    audit.record(action, subject=f"activity {activity.pk}", by=activity.holder, at=at, details=details)


def _audit_files(action: Action, evidence: Iterable[Evidence], *, by: User | None, at: datetime | None = None) -> None:
    found = ((f"evidence {e.pk}", {"sha256": e.sha256, "activity": e.activity_id}) for e in evidence)
    audit.record_each(action, found, by=by, at=at)


def _values(activity: Activity) -> dict[str, Any]:
    names = ("type_id", "title", "started_on", "completed_on", "held_at", "quantity", "points")
    return {name: getattr(activity, name) for name in names}


def _changed(before: dict[str, Any], activity: Activity) -> dict[str, Any]:
    """Old and new values of what the team has seen; of the rest, only what kind of thing changed."""
    changed = {name: [before[name], value] for name, value in _values(activity).items() if before[name] != value}
    return changed if activity.shared_at else {"changed": sorted(changed)}
