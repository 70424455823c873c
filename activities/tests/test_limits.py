"""How much a person may keep here, how fast they may add it, and what they read when it is too much."""

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.utils import timezone

from activities import rules, uploads, workflow
from activities.models import Evidence
from activities.rules import NotAllowed
from onepoints.tests.factories import NOW, TODAY, load_defaults, make_evidence, make_holder, picture_upload
from onepoints.tests.races import at_once, refusals

pytestmark = pytest.mark.usefixtures("program")

MOST = rules.MAX_UPLOADS_PER_HOUR


@pytest.fixture
def holder(program):
    return make_holder()


def refused(holder, *, at=NOW):
    """The sentence of an upload that is refused before anybody opens the file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "accept", lambda upload: pytest.fail("opened"))
        with pytest.raises(NotAllowed) as caught:
            workflow.keep_aside(holder, picture_upload(), at=at)
    return caught.value.sentence


def stored():
    return [p for p in Path(default_storage.location).rglob("*") if p.is_file()]


def make_many(holder, number, **fields):
    return Evidence.objects.bulk_create(
        Evidence(
            **{
                "holder": holder,
                "file": f"ma/ny{n}.pdf",
                "picture": f"ma/ny{n}.png",
                "shown_name": "certificate.pdf",
                "kind": "pdf",
                "size": 1000,
                "sha256": f"{n:064x}",
                "uploaded_at": NOW - timedelta(days=1),
                **fields,
            }
        )
        for n in range(number)
    )


# --- how fast ---------------------------------------------------------------------------------------------------------


def test_thirty_files_an_hour_are_taken_and_the_next_is_told_when_to_come_again(holder):
    assert MOST == 30
    make_many(holder, MOST - 1, uploaded_at=NOW)
    workflow.keep_aside(holder, picture_upload(), at=NOW)
    with timezone.override("Europe/Berlin"):
        sentence = refused(holder, at=NOW + timedelta(minutes=10))
    assert sentence == "You have added 30 files within an hour. You can add more from 17:01 (Europe/Berlin) on."
    with timezone.override("America/Detroit"):
        assert "from 11:01 (America/Detroit) on" in refused(holder, at=NOW + timedelta(minutes=10))


def test_at_the_time_that_was_named_it_is_taken(holder):
    uploaded_at = NOW.replace(second=59, microsecond=999_999)
    make_many(holder, MOST, uploaded_at=uploaded_at)
    assert "from 16:01 (UTC) on" in refused(holder, at=uploaded_at + timedelta(hours=1, microseconds=-1))
    workflow.keep_aside(holder, picture_upload(), at=uploaded_at + timedelta(hours=1))
    workflow.keep_aside(holder, picture_upload(), at=NOW.replace(hour=16, minute=1))


def test_the_hour_is_any_hour_not_that_of_the_clock(holder):
    make_many(holder, MOST // 2, uploaded_at=NOW - timedelta(minutes=59))
    make_many(holder, MOST // 2, uploaded_at=NOW)
    assert "from 15:02" in refused(holder)
    workflow.keep_aside(holder, picture_upload(), at=NOW + timedelta(minutes=2))


def test_nobody_waits_for_what_another_has_added(holder):
    make_many(make_holder(), MOST, uploaded_at=NOW)
    workflow.keep_aside(holder, picture_upload(), at=NOW)


def test_what_the_scanner_refused_counts_against_the_pace(holder):
    make_many(holder, MOST, uploaded_at=NOW, harmful="Eicar")
    assert "within an hour" in refused(holder)


def test_the_page_says_it_and_keeps_what_was_typed_and_the_files_before_it(client, holder):
    make_many(holder, MOST - 1, uploaded_at=NOW)
    client.force_login(holder)
    files = [picture_upload("first.png"), picture_upload("second.png")]
    form = {"type": "ILT-1D", "title": "A course", "completed_on": TODAY.isoformat(), "evidence": files}
    with time_machine.travel(NOW, tick=False):
        page = client.post("/activities/log/", form).content.decode()
    assert (
        "second.png: You have added 30 files within an hour. You can add more from 11:01 (America/Detroit) on." in page
    )
    assert "first.png" in page
    assert 'value="A course"' in page
    assert Evidence.objects.of(holder).count() == MOST


# --- how much ---------------------------------------------------------------------------------------------------------


def test_two_hundred_files_are_kept_and_no_more(holder):
    make_many(holder, rules.MAX_FILES_PER_PERSON - 1)
    workflow.keep_aside(holder, picture_upload(), at=NOW)
    assert refused(holder) == "You have 200 files here already. Remove some that are not needed, then add this one."


def test_five_hundred_megabytes_are_kept_and_not_a_byte_more(holder):
    upload = picture_upload()
    make_evidence(holder, size=rules.MAX_BYTES_PER_PERSON - upload.size)
    workflow.keep_aside(holder, upload, at=NOW)
    assert (
        refused(holder)
        == "Your files would take more than 500 MB. Remove some that are not needed, or add a smaller scan."
    )


def test_what_the_scanner_refused_takes_no_room(holder):
    make_many(holder, rules.MAX_FILES_PER_PERSON, harmful="Eicar", size=rules.MAX_BYTES_PER_PERSON)
    workflow.keep_aside(holder, picture_upload(), at=NOW)


def test_an_activity_holds_ten_files(client, holder):
    client.force_login(holder)
    files = [picture_upload(f"{number}.png") for number in range(rules.MAX_FILES_PER_ACTIVITY + 1)]
    form = {"type": "ILT-1D", "title": "A course", "completed_on": TODAY.isoformat(), "evidence": files}
    with time_machine.travel(NOW, tick=False):
        page = client.post("/activities/log/", form).content.decode()
    assert "10.png: An activity holds at most 10 files." in page
    assert Evidence.objects.of(holder).count() == 10


# --- many hands at once -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("before", "limit"),
    [
        ({"number": MOST - 2, "uploaded_at": NOW}, "within an hour"),
        ({"number": rules.MAX_FILES_PER_PERSON - 2}, "200 files"),
        ({"number": 1, "size": rules.MAX_BYTES_PER_PERSON - 2 * picture_upload().size}, "500 MB"),
    ],
)
def test_uploads_at_once_cannot_pass_a_limit(before, limit):
    load_defaults()
    holder = make_holder()
    make_many(holder, **before)
    outcomes = at_once(*[lambda: workflow.keep_aside(holder, picture_upload(), at=NOW)] * 6)
    assert len(refusals(outcomes)) == 4
    assert all(limit in refusal.sentence for refusal in refusals(outcomes))
    kept = [outcome for outcome in outcomes if isinstance(outcome, Evidence)]
    assert {p.name for p in stored()} == {Path(f.name).name for e in kept for f in (e.file, e.picture)}
