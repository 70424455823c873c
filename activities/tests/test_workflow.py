"""Logging, correcting, proving and removing, also when two hands do it at once."""

import os
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from activities import rules, workflow
from activities.models import Activity, ActivityType, Evidence
from activities.rules import NotAllowed
from activities.workflow import Entry
from onepoints.tests.factories import (
    MORNING,
    NOW,
    TODAY,
    load_defaults,
    make_activity,
    make_evidence,
    make_holder,
    picture_upload,
)
from onepoints.tests.races import at_once, refusals

pytestmark = pytest.mark.usefixtures("program")

DAY = date(2026, 3, 2)


@pytest.fixture
def holder(program):
    return make_holder()


def entry(code="ILT-1D", completed_on=DAY, **fields):
    return Entry(**{"code": code, "title": "A course", "completed_on": completed_on, **fields})


def log(holder, *evidence, **fields):
    return workflow.log(holder, entry(**fields), [e.pk for e in evidence], at=NOW, today=TODAY)


def change(activity, *evidence, **fields):
    return workflow.change(activity, entry(**fields), [e.pk for e in evidence], at=NOW, today=TODAY)


def count(activity, by="SUB-00001"):
    Activity.objects.filter(pk=activity.pk).lock(at=NOW, by=by)


def rows():
    return [list(m.objects.order_by("pk").values()) for m in (Activity, Evidence)]


def refused(move, *args, **named):
    before = rows()
    with pytest.raises(NotAllowed) as caught:
        move(*args, **named)
    assert rows() == before
    return caught.value.sentence


# --- logging ----------------------------------------------------------------------------------------------------------


def test_an_activity_is_logged_with_its_points_and_its_files(holder):
    aside = make_evidence(holder)
    activity = log(holder, aside, code="ILT-HR", title=" Rules ", quantity=Decimal("2.6"), started_on=date(2026, 3, 1))
    activity.refresh_from_db()
    assert (activity.title, activity.points, activity.quantity) == ("Rules", Decimal("2.50"), Decimal("2.60"))
    assert (activity.started_on, activity.completed_on) == (date(2026, 3, 1), DAY)
    assert (activity.logged_at, activity.changed_at, activity.is_locked) == (NOW, NOW, False)
    assert list(Evidence.objects.filter(activity=activity)) == [aside]


def test_a_course_is_one_however_many_were_typed(holder):
    activity = log(holder, code="ILT-2D", quantity=Decimal(9))
    assert (activity.quantity, activity.points) == (1, 16)


@pytest.mark.parametrize("quantity", ["0", "-3"])
def test_less_than_nothing_is_not_logged(holder, quantity):
    assert "more than 0" in refused(log, holder, code="ILT-HR", quantity=Decimal(quantity))


def test_what_has_not_happened_is_not_logged(holder):
    assert "has not come yet" in refused(log, holder, completed_on=TODAY + timedelta(days=1))


def test_what_ends_before_it_begins_is_not_logged(holder):
    assert "first day" in refused(log, holder, started_on=DAY + timedelta(days=1))


@pytest.mark.parametrize("code", ["UG-ATT", "NO-SUCH", ""])
def test_a_kind_that_earns_nothing_is_not_logged(holder, code):
    assert "did not earn points on 2 March 2026" in refused(log, holder, code=code)


def test_the_version_of_the_completion_date_gives_the_points(holder):
    ActivityType.objects.create(
        code="ILT-1D", valid_from=date(2026, 3, 3), name="New", category="course", unit="course", points=6, evidence="C"
    )
    assert log(holder, completed_on=date(2026, 3, 2)).points == 8
    assert log(holder, completed_on=date(2026, 3, 3)).points == 6


def test_more_points_than_fit_are_a_slip_of_the_pen(holder):
    ActivityType.objects.filter(code="ILT-HR").update(points=Decimal("999.99"))
    assert "check how many" in refused(log, holder, code="ILT-HR", quantity=Decimal("9999.99"))


def test_nobody_elses_file_is_attached(holder):
    foreign, unknown = make_evidence(make_holder()), uuid4()
    activity = workflow.log(holder, entry(), [foreign.pk, unknown], at=NOW, today=TODAY)
    assert not Evidence.objects.filter(activity=activity).exists()


def test_a_talk_keeps_its_time_of_day(holder):
    assert log(holder, code="TT-ATT", held_at=MORNING).statement


# --- correcting -------------------------------------------------------------------------------------------------------


def test_a_correction_counts_anew_and_keeps_when_it_was_logged(holder):
    activity = log(holder)
    later = NOW + timedelta(days=1)
    changed = workflow.change(activity, entry("ILT-3D", title="Longer"), at=later, today=TODAY)
    assert (changed.pk, changed.points, changed.title) == (activity.pk, 24, "Longer")
    assert (changed.logged_at, changed.changed_at) == (NOW, later)


def test_a_refused_correction_changes_nothing(holder):
    aside = make_evidence(holder)
    activity = log(holder)
    assert refused(change, activity, aside, completed_on=TODAY + timedelta(days=1))


@pytest.mark.parametrize(
    "move",
    [
        lambda a: change(a, title="Other"),
        workflow.remove,
        lambda a: workflow.remove_evidence(Evidence.objects.get(activity=a)),
        lambda a: change(a, make_evidence(a.holder)),
    ],
)
def test_what_a_request_counts_is_locked_and_says_by_which(holder, move):
    activity = make_activity(holder)
    count(activity)
    with pytest.raises(NotAllowed, match="counted by SUB-00001 and can no longer be changed"):
        move(activity)
    assert Evidence.objects.filter(activity=activity).count() == 1


def test_the_lock_is_seen_also_by_who_looked_before_it(holder):
    activity = make_activity(holder)
    stale = Activity.objects.get(pk=activity.pk)
    count(activity)
    assert not stale.is_locked
    assert "SUB-00001" in refused(change, stale)


def test_what_is_free_again_can_be_corrected_but_not_removed(holder):
    activity = make_activity(holder)
    count(activity)
    Activity.objects.filter(pk=activity.pk).unlock()
    assert change(activity, title="Corrected").title == "Corrected"
    assert "stays in your log" in refused(workflow.remove, activity)


# --- removing ---------------------------------------------------------------------------------------------------------


def test_an_activity_goes_with_its_evidence(holder):
    activity, other = make_activity(holder), make_activity(holder)
    workflow.remove(activity)
    assert list(Activity.objects.all()) == [other]
    assert [e.activity for e in Evidence.objects.all()] == [other]


@pytest.mark.parametrize("move", [workflow.remove, change])
def test_an_activity_that_is_gone_is_gone(holder, move):
    activity = make_activity(holder)
    stale = Activity.objects.get(pk=activity.pk)
    workflow.remove(activity)
    assert refused(move, stale) == "This activity is no longer in your log."


def test_a_file_that_is_gone_is_gone_without_a_word(holder):
    evidence = make_evidence(holder)
    stale = Evidence.objects.get(pk=evidence.pk)
    workflow.remove_evidence(evidence)
    workflow.remove_evidence(stale)
    assert not Evidence.objects.exists()


def test_a_file_kept_aside_that_became_proof_of_a_request_is_not_removed_by_who_looked_before(holder):
    aside = make_evidence(holder)
    stale = Evidence.objects.get(pk=aside.pk)
    count(log(holder, aside))
    assert "SUB-00001" in refused(workflow.remove_evidence, stale)


# --- files ------------------------------------------------------------------------------------------------------------


def stored():
    return {
        str(p.relative_to(default_storage.location)) for p in Path(default_storage.location).rglob("*") if p.is_file()
    }


@pytest.mark.django_db(transaction=True)
def test_a_file_lives_as_long_as_its_row():
    load_defaults()
    holder = make_holder()
    kept, gone = (workflow.keep_aside(holder, picture_upload(), at=NOW) for _ in range(2))
    workflow.remove_evidence(gone)
    assert stored() == {kept.file.name, kept.picture.name}
    activity = log(holder, kept)
    workflow.remove(activity)
    assert stored() == set()


@pytest.mark.django_db(transaction=True)
def test_a_refused_removal_removes_no_file():
    load_defaults()
    holder = make_holder()
    evidence = workflow.keep_aside(holder, picture_upload(), at=NOW)
    activity = log(holder, evidence)
    count(activity)
    with pytest.raises(NotAllowed):
        workflow.remove(activity)
    assert stored() == {evidence.file.name, evidence.picture.name}


def test_a_refused_file_has_no_row(holder):
    with pytest.raises(NotAllowed):
        workflow.keep_aside(holder, picture_upload("photo.gif", fmt="GIF"), at=NOW)
    assert not Evidence.objects.exists()


def test_a_person_has_room_for_so_many_files(holder, monkeypatch):
    monkeypatch.setattr(rules, "MAX_FILES_PER_PERSON", 2)
    for person in (holder, holder, make_holder()):
        make_evidence(person)
    assert "2 files here already" in refused(workflow.keep_aside, holder, picture_upload(), at=NOW)
    assert stored() == set()


def test_a_person_has_room_for_so_many_bytes(holder):
    upload = picture_upload()
    evidence = make_evidence(holder, size=rules.MAX_BYTES_PER_PERSON - upload.size + 1)
    assert "more than 500 MB" in refused(workflow.keep_aside, holder, upload, at=NOW)
    assert stored() == set()
    Evidence.objects.filter(pk=evidence.pk).update(size=rules.MAX_BYTES_PER_PERSON - upload.size)
    workflow.keep_aside(holder, picture_upload(), at=NOW)


# --- the sweep --------------------------------------------------------------------------------------------------------


def put(name, *, age):
    default_storage.save(name, ContentFile(b"x"))
    written = (NOW - age).timestamp()
    os.utime(default_storage.path(name), (written, written))


@pytest.mark.django_db(transaction=True)
def test_the_sweep_takes_what_nobody_used_and_leaves_the_rest():
    load_defaults()
    holder = make_holder()
    old, young, used = (make_evidence(holder) for _ in range(3))
    log(holder, used)
    Evidence.objects.exclude(pk=young.pk).update(uploaded_at=NOW - timedelta(days=2, seconds=1))
    Evidence.objects.filter(pk=young.pk).update(uploaded_at=NOW - timedelta(days=2))
    for evidence in (old, young, used):
        put(evidence.file.name, age=timedelta(days=3))
        put(evidence.picture.name, age=timedelta(days=3))
    put("ab/orphan.pdf", age=timedelta(hours=1, seconds=1))
    put("ab/.part-killed", age=timedelta(hours=2))
    put("ab/arriving.pdf", age=timedelta(minutes=59))
    assert workflow.sweep(NOW) == 3
    assert set(Evidence.objects.all()) == {young, used}
    assert stored() == {
        *(name for e in (young, used) for name in (e.file.name, e.picture.name)),
        "ab/arriving.pdf",
    }
    assert workflow.sweep(NOW) == 0


# --- two hands at once ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_by_eight_hands_logs_once():
    load_defaults()
    holder, key = make_holder(), uuid4()
    made = at_once(*[lambda: workflow.log(holder, entry(), key=key, at=NOW, today=TODAY)] * 8)
    assert len(set(made)) == 1
    assert Activity.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_activity_removed_by_eight_hands_is_removed_once():
    load_defaults()
    activity = make_activity(make_holder())
    outcomes = at_once(*[lambda: workflow.remove(Activity(pk=activity.pk))] * 8)
    assert len(refusals(outcomes)) == 7
    assert not Activity.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_file_attached_while_it_is_removed_or_swept_is_either_there_or_not():
    load_defaults()
    holder = make_holder()
    for _round in range(8):
        aside = make_evidence(holder)
        Evidence.objects.filter(pk=aside.pk).update(uploaded_at=NOW - timedelta(days=9))
        logged, *_ = at_once(
            lambda aside=aside: log(holder, aside),
            lambda aside=aside: workflow.remove_evidence(aside),
            lambda: workflow.sweep(NOW),
        )
        attached = Evidence.objects.filter(pk=aside.pk).first()
        assert attached is None or attached.activity == logged


@pytest.mark.django_db(transaction=True)
def test_a_correction_and_a_removal_at_once_end_in_one_of_both():
    load_defaults()
    holder = make_holder()
    for _round in range(8):
        activity = make_activity(holder)
        changed, removed = at_once(
            lambda activity=activity: change(Activity(pk=activity.pk), title="Corrected"),
            lambda activity=activity: workflow.remove(Activity(pk=activity.pk)),
        )
        assert removed is None
        assert not Activity.objects.exists()
        assert isinstance(changed, (Activity, NotAllowed))
