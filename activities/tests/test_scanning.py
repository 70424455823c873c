"""Files that wait for the virus scanner, what it lets through, and what it takes away."""

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from activities import scanning, tasks, workflow
from activities.models import Activity, Evidence, EvidencePage
from activities.rules import NotAllowed
from integrations import doorbell
from integrations.standins.clamd import EICAR, scanner
from integrations.tests import clamav
from onepoints.tests.factories import (
    NOW,
    TODAY,
    accept_all,
    load_defaults,
    make_activity,
    make_credential,
    make_evidence,
    make_holder,
    make_points,
    make_reviewer,
    pdf_upload,
    picture_upload,
    send,
)
from onepoints.tests.races import at_once
from submissions import standing
from submissions import workflow as requests
from submissions.rules import ZERO

pytestmark = pytest.mark.usefixtures("program")

LATER = NOW + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _empty_cache(db):
    cache.clear()


@pytest.fixture
def clamd(settings, _no_network):
    """The stand-in, as the portal's scanner."""
    with scanner() as (address, state):
        settings.CLAMD = address
        yield state
        assert state.violations == []


@pytest.fixture
def holder(client, clamd):
    holder = make_holder()
    client.force_login(holder)
    with time_machine.travel(NOW, tick=False):
        yield holder


def infected(name="certificate.pdf"):
    """A sound PDF that carries the scanner's test string."""
    return SimpleUploadedFile(name, pdf_upload().read() + b"\n%" + EICAR)


def upload(holder, file=None):
    return workflow.keep_aside(holder, file or picture_upload(), at=NOW)


def stored():
    return {p.name for p in Path(default_storage.location).rglob("*") if p.is_file()}


# --- held -------------------------------------------------------------------------------------------------------------


def test_without_a_scanner_nothing_is_held(client, settings):
    assert settings.CLAMD == ""
    evidence = upload(make_holder())
    assert (evidence.held_since, evidence.is_showable) == (None, True)
    assert scanning.scan_held() == 0


def test_a_new_file_is_held_from_its_first_moment_and_a_worker_is_called(holder, settings, monkeypatch):
    rung = []
    monkeypatch.setattr(doorbell, "ring_on_commit", rung.append)
    evidence = upload(holder)
    assert Evidence.objects.get(pk=evidence.pk).held_since == NOW
    assert rung == ["activities.tasks.scan_held"]


@pytest.mark.parametrize("state", [{"held_since": NOW}, {"harmful": "Eicar"}])
@pytest.mark.parametrize("address", ["evidence_picture", "evidence_file"])
def test_what_is_held_or_refused_is_shown_to_nobody(client, clamd, state, address):
    holder, reviewer = make_holder(), make_reviewer()
    evidence = upload(holder)
    activity = make_activity(holder, evidence=False)
    Evidence.objects.update(activity=activity, held_since=None)
    Activity.objects.lock(at=NOW, by="SUB-00001")

    def statuses():
        for person in (holder, reviewer):
            client.force_login(person)
            response = client.get(reverse(address, args=[evidence.pk]))
            yield response.status_code
            response.getvalue()  # which ends a file's stream

    assert list(statuses()) == [200, 200]
    Evidence.objects.update(**state)
    assert list(statuses()) == [404, 404]


def test_the_pages_say_that_it_is_being_checked_and_show_no_picture(client, holder):
    evidence = upload(holder)
    activity = make_activity(holder, evidence=False)
    Evidence.objects.kept_aside().attach(activity)
    for address in (f"/activities/{activity.pk}/", f"/activities/{activity.pk}/change/", "/activities/"):
        page = client.get(address).content.decode()
        assert "Being checked for viruses" in page
        assert str(evidence) in page
        assert reverse("evidence_picture", args=[evidence.pk]) not in page
        assert reverse("evidence_file", args=[evidence.pk]) not in page


def test_what_is_held_counts_in_the_balance_but_is_not_sent(holder):
    credential = make_credential(holder)
    activity = make_points(holder, 40)
    Evidence.objects.update(held_since=NOW)
    assert standing.standing_of(credential, TODAY).points == 40
    with pytest.raises(NotAllowed, match=r"certificate\.pdf is still being checked"):
        send(credential, [activity])
    Evidence.objects.update(held_since=None)
    assert send(credential, [activity]).points == 40


def test_a_request_without_it_can_be_sent(holder):
    credential = make_credential(holder)
    free, waiting = make_points(holder, 40), make_points(holder, 8)
    Evidence.objects.filter(activity=waiting).update(held_since=NOW)
    assert send(credential, [free]).points == 40


def test_a_returned_request_is_not_answered_with_it_either(holder):
    credential, reviewer = make_credential(holder), make_reviewer()
    activity = make_points(holder, 40)
    submission = send(credential, [activity])
    requests.take(submission, by=reviewer, at=NOW)
    requests.return_for_more(submission, "Please add page 2.", by=reviewer, at=NOW, on=TODAY)
    added = upload(holder)
    requests.add_evidence(submission, activity, [added.pk])
    with pytest.raises(NotAllowed, match="still being checked"):
        requests.answer(submission, [activity.pk], at=NOW, on=TODAY)
    assert scanning.scan_held() == 1
    requests.answer(submission, [activity.pk], at=NOW, on=TODAY)


def test_the_team_sees_that_it_is_being_checked(client, holder):
    reviewer = make_reviewer()
    activity = make_points(holder, 40)
    submission = send(make_credential(holder), [activity])
    waiting = make_evidence(holder, activity, held_since=NOW, shown_name="page 2.pdf")
    client.force_login(reviewer)
    page = client.get(reverse("admin:submissions_submission_review", args=[submission.pk])).content.decode()
    listed = client.get(reverse("admin:activities_evidence_changelist")).content.decode()
    for shown in (page, listed):
        assert "Being checked for viruses" in shown
        assert reverse("evidence_file", args=[waiting.pk]) not in shown
    assert reverse("evidence_picture", args=[waiting.pk]) not in page


# --- answered ---------------------------------------------------------------------------------------------------------


def test_a_clean_file_is_released(holder, clamd):
    upload_ = picture_upload()
    content = upload_.read()
    evidence = upload(holder, upload_)
    tasks.scan_held()
    evidence.refresh_from_db()
    assert (evidence.held_since, evidence.harmful, evidence.is_showable) == (None, "", True)
    assert clamd.scanned == [content]


@pytest.mark.django_db(transaction=True)
def test_of_a_harmful_file_only_the_row_stays(clamd):
    load_defaults()
    holder = make_holder()
    evidence, kept = upload(holder, infected()), upload(holder)
    page = default_storage.save("ab/page2.png", picture_upload())
    EvidencePage.objects.create(evidence=evidence, number=2, picture=page)
    Evidence.objects.filter(pk=evidence.pk).update(text="A text", facts={"a": 1}, picture_hash="f0" * 8)
    assert scanning.scan_held() == 2
    evidence.refresh_from_db()
    assert (evidence.held_since, evidence.harmful) == (None, "Eicar-Test-Signature")
    assert (evidence.file.name, evidence.picture.name, evidence.text, evidence.facts) == ("", "", "", {})
    assert (evidence.picture_hash, evidence.further_pages.count()) == ("", 0)
    assert len(evidence.sha256) == 64
    assert stored() == {Path(kept.file.name).name, Path(kept.picture.name).name}


def test_a_harmful_file_proves_nothing_and_its_person_is_told(client, holder):
    credential = make_credential(holder)
    evidence = upload(holder, infected())
    activity = make_activity(holder, evidence=False)
    Evidence.objects.kept_aside().attach(activity)
    assert standing.standing_of(credential, TODAY).points == 8
    scanning.scan_held()
    shown = standing.standing_of(credential, TODAY)
    assert (shown.points, shown.lines[0].why_not) == (ZERO, "No evidence yet: add it and this counts.")
    page = client.get(f"/activities/{activity.pk}/").content.decode()
    assert "Refused by the virus scanner: Eicar-Test-Signature. Add another file." in page
    assert reverse("evidence_picture", args=[evidence.pk]) not in page


def test_a_harmful_file_beside_a_good_one_leaves_the_good_one(holder):
    credential = make_credential(holder)
    activity = make_points(holder, 40)
    make_evidence(holder, activity, harmful="Eicar")
    assert standing.standing_of(credential, TODAY).points == 40
    assert send(credential, [activity]).points == 40


def test_a_harmful_file_takes_no_room_in_its_activity(client, holder, monkeypatch):
    monkeypatch.setattr("activities.rules.MAX_FILES_PER_ACTIVITY", 1)
    activity = make_activity(holder, evidence=False)
    make_evidence(holder, activity, harmful="Eicar")
    form = {"type": "ILT-1D", "title": "A course", "completed_on": TODAY.isoformat(), "evidence": picture_upload()}
    client.post(f"/activities/{activity.pk}/change/", form)
    assert Evidence.objects.filter(activity=activity).harmless().count() == 1


def test_a_harmful_file_takes_no_room_in_an_answer_either(client, holder, monkeypatch):
    monkeypatch.setattr("activities.rules.MAX_FILES_PER_ACTIVITY", 2)
    reviewer, activity = make_reviewer(), make_points(holder, 40)
    submission = send(make_credential(holder), [activity])
    requests.take(submission, by=reviewer, at=NOW)
    requests.return_for_more(submission, "Please add page 2.", by=reviewer, at=NOW, on=TODAY)
    make_evidence(holder, activity, harmful="Eicar")
    form = {"activity": activity.pk, f"files_{activity.pk}": picture_upload()}
    client.post(reverse("answer", args=[submission.pk]), form)
    assert Evidence.objects.filter(activity=activity).harmless().count() == 2


def test_a_harmful_file_can_be_taken_away(client, holder):
    activity = make_activity(holder, evidence=False)
    evidence = make_evidence(holder, activity, harmful="Eicar")
    Evidence.objects.update(file="", picture="")
    client.post(reverse("remove_evidence", args=[evidence.pk]))
    assert not Evidence.objects.exists()


def test_a_request_whose_evidence_turned_out_harmful_cannot_be_approved_by_sending_it_again(holder):
    credential, reviewer = make_credential(holder), make_reviewer()
    activity = make_points(holder, 40)
    submission = send(credential, [activity])
    accept_all(submission, reviewer)
    requests.return_for_more(submission, "Please add page 2.", by=reviewer, at=NOW, on=TODAY)
    Evidence.objects.update(harmful="Eicar")
    with pytest.raises(NotAllowed, match="No evidence yet"):
        requests.answer(submission, [activity.pk], at=NOW, on=TODAY)


def test_a_name_longer_than_its_column_is_cut(holder, clamd):
    clamd.signatures = {EICAR: "Long." * 100}
    evidence = upload(holder, infected())
    scanning.scan_held()
    evidence.refresh_from_db()
    assert evidence.harmful == ("Long." * 100)[:200]


# --- unanswered -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mood", ["gone", "garbled", "broken", "half"])
def test_without_a_clear_answer_it_stays_held(holder, clamd, mood):
    evidence = upload(holder)
    clamd.mood = mood
    assert scanning.scan_held() == 0
    evidence.refresh_from_db()
    assert (evidence.held_since, evidence.harmful) == (NOW, "")


def test_a_silent_scanner_costs_one_look_not_one_for_each_file(holder, clamd, monkeypatch):
    for _file in range(3):
        make_evidence(holder, held_since=NOW)
    monkeypatch.setattr("integrations.clamd.scan", lambda *a: pytest.fail("asked"))
    clamd.mood = "gone"
    assert scanning.scan_held() == 0


def test_once_the_scanner_is_back_the_sweep_catches_up(holder, clamd):
    uploads = [upload(holder) for _file in range(3)]
    clamd.mood = "gone"
    scanning.scan_held()
    clamd.mood = "well"
    assert scanning.scan_held() == len(uploads)
    assert Evidence.objects.showable().count() == len(uploads)


def test_a_file_that_cannot_be_scanned_does_not_stop_the_next(holder, clamd):
    lost = make_evidence(holder, held_since=LATER)  # its file is not on the disk
    good = upload(holder)
    assert scanning.scan_held() == 1
    assert set(Evidence.objects.held()) == {lost}
    assert set(Evidence.objects.showable()) == {good}


def test_a_file_without_an_answer_is_asked_about_again_after_a_pause(holder, clamd):
    clamd.stream_max_length = 10
    upload(holder)
    with time_machine.travel(LATER, tick=False) as clock:
        assert scanning.scan_held() == 0
        clamd.stream_max_length = 10**6
        assert scanning.scan_held() == 0
        clock.shift(scanning.CLAIM + 1)
        assert scanning.scan_held() == 1


def test_the_newest_file_goes_first(holder, clamd):
    first, second = upload(holder, pdf_upload()), upload(holder, picture_upload())
    Evidence.objects.filter(pk=first.pk).update(held_since=NOW - timedelta(minutes=1))
    scanning.scan_held()
    assert [content[:4] for content in clamd.scanned] == [b"\x89PNG", b"%PDF"]
    assert set(Evidence.objects.showable()) == {first, second}


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_ask_about_each_file_once(clamd):
    load_defaults()
    holder = make_holder()
    for _file in range(4):
        upload(holder)
    assert sum(at_once(*[scanning.scan_held] * 4)) == 4
    assert len(clamd.scanned) == 4
    assert Evidence.objects.showable().count() == 4


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_taken_away_while_it_is_scanned_leaves_nothing(clamd, monkeypatch):
    load_defaults()
    evidence = upload(make_holder(), infected())
    mark = scanning._mark_harmful
    monkeypatch.setattr(scanning, "_mark_harmful", lambda *a: (workflow.remove_evidence(evidence), mark(*a)))
    scanning.scan_held()
    assert not Evidence.objects.exists()
    assert stored() == set()


def test_a_worker_without_the_setting_releases_nothing(holder, settings):
    upload(holder)
    settings.CLAMD = ""
    assert scanning.scan_held() == 0
    assert Evidence.objects.held().count() == 1


def test_who_gives_the_scanner_up_says_so(holder, settings, capsys):
    upload(holder)
    with pytest.raises(CommandError, match="names a scanner"):
        call_command("release_held")
    settings.CLAMD = ""
    call_command("release_held")
    assert capsys.readouterr().out.startswith("1 files are shown now")
    assert Evidence.objects.showable().count() == 1


# --- the real one -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(clamav.CLAMD is None, reason="no clamd")
@pytest.mark.django_db(transaction=True)
def test_with_a_real_clamd_good_files_pass_and_bad_ones_are_gone(settings, tmp_path):
    load_defaults()
    holder = make_holder()
    scratch = tmp_path / "clamd"
    scratch.mkdir()
    with clamav.running(scratch) as settings.CLAMD:
        good, bad = upload(holder), upload(holder, infected())
        assert Evidence.objects.held().count() == 2
        assert scanning.scan_held() == 2
    good.refresh_from_db()
    bad.refresh_from_db()
    assert good.is_showable
    assert bad.harmful.startswith("Test.Eicar")
    assert stored() == {Path(good.file.name).name, Path(good.picture.name).name}
