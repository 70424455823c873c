"""What is stored of an upload, and that nothing is left of one that fails."""

import hashlib
import os
import resource
import stat
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from PIL import Image

from activities import inspection, rules, storage, uploads, workflow
from activities.inspection import Findings
from activities.rules import MEGABYTE, NotAllowed
from activities.tests.files import EML, HEIC, MSG, pdf_with_words
from onepoints.tests.factories import NOW, make_holder, pdf_upload, picture_upload


def stored_files():
    return sorted(p for p in Path(default_storage.location).rglob("*") if p.is_file())


def refused(upload):
    """The sentence of a refusal that left nothing on the disk."""
    with pytest.raises(NotAllowed) as caught:
        uploads.accept(upload)
    assert stored_files() == []
    return caught.value.sentence


def mode(path):
    return stat.S_IMODE(Path(path).stat().st_mode)


# --- accepted ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upload", "kind"),
    [
        (lambda: pdf_upload("Certificate.PDF"), "pdf"),
        (lambda: picture_upload("photo.jpg", fmt="JPEG"), "jpeg"),
        (lambda: picture_upload("screen.png"), "png"),
    ],
)
def test_the_original_is_kept_untouched_beside_our_picture_of_it(upload, kind):
    upload = upload()
    content = upload.read()
    accepted = uploads.accept(upload)
    assert accepted.kind == kind
    assert Path(default_storage.path(accepted.file)).read_bytes() == content
    assert (accepted.size, accepted.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    with Image.open(default_storage.path(accepted.picture)) as picture:
        assert picture.format == "PNG"
    assert len(stored_files()) == 2


def test_a_large_upload_that_lies_on_the_disk_is_taken_from_there():
    content = picture_upload().read()
    with TemporaryUploadedFile("photo.png", "image/png", len(content), None) as upload:
        upload.write(content)
        accepted = uploads.accept(upload)
    assert accepted.size == len(content)


def test_the_name_on_the_disk_is_ours_and_says_nothing():
    accepted = uploads.accept(picture_upload("../../Ada Lovelace.png"))
    assert accepted.shown_name == "Ada Lovelace.png"
    for path in stored_files():
        assert path.is_relative_to(default_storage.location)
        assert "Ada" not in str(path.relative_to(default_storage.location))


def test_two_uploads_of_one_name_do_not_meet():
    names = {uploads.accept(picture_upload()).file for _ in range(2)}
    assert len(names) == 2


def test_only_we_may_read_what_is_stored():
    uploads.accept(picture_upload())
    for path in stored_files():
        assert mode(path) == 0o600
        assert mode(path.parent) == 0o700


def test_the_folder_of_all_evidence_is_ours_alone_too():
    uploads.accept(picture_upload())
    assert mode(default_storage.location) == 0o700


def test_nothing_is_left_in_the_temporary_folder(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    uploads.accept(picture_upload())
    with pytest.raises(NotAllowed):
        uploads.accept(SimpleUploadedFile("photo.png", b"\x89PNG\r\n\x1a\n broken"))
    assert list(scratch.iterdir()) == []


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("photo.png", b"", "empty"),
        ("photo.png", b"%PDF-1.7", "holds something else"),
        ("certificate.pdf", b"\x89PNG\r\n\x1a\n", "holds something else"),
        ("photo.png", b"\x89PNG\r\n\x1a\n" + b"garbage" * 100, "may be damaged"),
        ("photo.jpg", b"\xff\xd8\xff" + b"garbage" * 100, "may be damaged"),
        ("certificate.pdf", b"%PDF-1.7\n" + b"garbage" * 100, "may be damaged"),
        ("letter.docx", b"PK\x03\x04", "Save it as PDF"),
        ("..png", b"\x89PNG\r\n\x1a\n", "cannot be read"),
        ("....", b"%PDF-1.7", "cannot be read"),
    ],
)
def test_a_refused_file_says_why_and_leaves_nothing(name, content, said):
    upload = SimpleUploadedFile("x", content)
    upload._name = name  # past Django's own cleaning, as a hostile client would like it
    assert said in refused(upload)


def test_one_byte_more_than_twenty_megabytes_is_refused_before_it_is_opened(monkeypatch):
    monkeypatch.setattr(inspection, "inspect", lambda *a: pytest.fail("opened"))
    content = b"%PDF-1.7\n" + bytes(20 * MEGABYTE - 8)
    assert "at most 20 MB" in refused(SimpleUploadedFile("certificate.pdf", content))


def test_a_renamed_picture_is_refused():
    content = BytesIO()
    Image.new("RGB", (10, 10)).save(content, "GIF")
    assert "holds something else" in refused(SimpleUploadedFile("photo.png", content.getvalue()))


def test_a_truncated_picture_is_refused():
    content = BytesIO()
    Image.effect_noise((300, 200), 90).save(content, "PNG")
    assert "may be damaged" in refused(SimpleUploadedFile("photo.png", content.getvalue()[:-2000]))


@pytest.mark.parametrize("trouble", uploads.TROUBLES)
def test_each_trouble_of_the_child_has_a_sentence(monkeypatch, trouble):
    monkeypatch.setattr(inspection, "inspect", lambda *a: Findings(trouble))
    assert refused(picture_upload()) == str(uploads.TROUBLES[trouble])


# --- a full disk ------------------------------------------------------------------------------------------------------


@contextmanager
def small_disk():
    """No file may grow beyond 5,000 bytes: the write itself fails half way, as on a full disk.

    Only around that write: the report of the tests may be a file too, and a longer one.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_no_half_file_and_no_other():
    with small_disk(), pytest.raises(OSError, match="large"):
        default_storage.save("ab/abcd.pdf", ContentFile(bytes(200_000)))
    assert stored_files() == []


@pytest.mark.parametrize("step", ["fsync", "mkstemp"])
def test_whatever_fails_while_storing_leaves_nothing(monkeypatch, step):
    def fail(*args, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr({"fsync": "os.fsync", "mkstemp": "tempfile.mkstemp"}[step], fail)
    with pytest.raises(OSError, match="No space"):
        default_storage.save("ab/abcd.pdf", ContentFile(b"content"))
    assert stored_files() == []


def test_a_file_has_its_final_name_only_once_it_is_whole(monkeypatch):
    seen = []
    flush = os.fsync
    monkeypatch.setattr("os.fsync", lambda handle: seen.extend(p.name for p in stored_files()) or flush(handle))
    default_storage.save("ab/abcd.pdf", ContentFile(b"content"))
    assert len(seen) == 1
    assert seen[0].startswith(".part-")
    assert [p.name for p in stored_files()] == ["abcd.pdf"]


# --- finding what is old ----------------------------------------------------------------------------------------------


def test_files_last_written_before_a_moment_are_found_in_every_folder():
    moment = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    for name, hours in (("ab/old.pdf", 2), ("cd/new.pdf", 0), ("top.pdf", 2), ("ab/.part-1", 2)):
        default_storage.save(name, ContentFile(b"x"))
        written = (moment - timedelta(hours=hours)).timestamp()
        os.utime(default_storage.path(name), (written, written))
    found = set(storage.stored_before(moment - timedelta(hours=1)))
    assert found == {"ab/old.pdf", "top.pdf", "ab/.part-1"}


def test_where_nothing_was_ever_stored_nothing_is_found():
    assert list(storage.stored_before(datetime.now(UTC))) == []


def test_the_limits_are_the_published_ones():
    assert {kind.max_bytes for kind in rules.KINDS} == {20 * MEGABYTE}
    assert (rules.MAX_FILES_PER_PERSON, rules.MAX_BYTES_PER_PERSON) == (200, 500 * MEGABYTE)
    assert rules.MAX_PIXELS == 50_000_000


# --- what is kept of it -----------------------------------------------------------------------------------------------


def certificate_upload(pages=3):
    return SimpleUploadedFile("certificate.pdf", pdf_with_words(pages))


@pytest.mark.usefixtures("program")
def test_what_a_file_says_and_its_further_pages_are_kept_with_it():
    evidence = workflow.keep_aside(make_holder(), certificate_upload(), at=NOW)
    evidence.refresh_from_db()
    assert "Ada Lovelace" in evidence.text
    assert evidence.facts["dates"] == ["2025-06-03"]
    assert len(evidence.picture_hash) == 16
    assert (evidence.pages, evidence.width, evidence.height) == (3, 600, 400)
    assert [page.number for page in evidence.further_pages.all()] == [2, 3]
    for page in evidence.further_pages.all():
        with Image.open(page.picture.path) as picture:
            assert picture.format == "PNG"


@pytest.mark.usefixtures("program")
def test_further_pages_stay_as_long_as_the_file_and_go_with_it(django_capture_on_commit_callbacks):
    evidence = workflow.keep_aside(make_holder(), certificate_upload(), at=NOW)
    assert len(stored_files()) == 4
    for path in stored_files():
        os.utime(path, (0, 0))
    assert workflow.sweep(NOW) == 0
    assert len(stored_files()) == 4
    with django_capture_on_commit_callbacks(execute=True):
        workflow.remove_evidence(evidence)
    assert stored_files() == []


@pytest.mark.usefixtures("program")
def test_a_person_with_too_many_files_leaves_no_pages_behind(monkeypatch):
    def refuse(*args, **named):
        raise NotAllowed("No more.")

    monkeypatch.setattr(uploads, "accept", lambda upload, accept=uploads.accept: (accept(upload), no_room())[0])

    def no_room():
        monkeypatch.setattr(workflow, "_check_room", refuse)

    with pytest.raises(NotAllowed, match="No more"):
        workflow.keep_aside(make_holder(), certificate_upload(), at=NOW)
    assert stored_files() == []


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize(("name", "content"), [("mail.eml", EML), ("mail.msg", MSG), ("photo.heic", HEIC)])
def test_mails_and_phone_photos_become_evidence(name, content):
    evidence = workflow.keep_aside(make_holder(), SimpleUploadedFile(name, content), at=NOW)
    assert evidence.kind == rules.kind_of(name, len(content), content[: rules.HEAD_BYTES]).name
    assert Path(evidence.file.path).read_bytes() == content
    with Image.open(evidence.picture.path) as picture:
        assert picture.format == "PNG"


@pytest.mark.usefixtures("program")
def test_what_no_database_takes_is_not_in_the_text():
    content = b"From: a@example.com\nSubject: a\x00b\nDate: 3 June 2025\n\n\x00\xed\xa0\x80 and \x1b[31mred"
    evidence = workflow.keep_aside(make_holder(), SimpleUploadedFile("mail.eml", content), at=NOW)
    evidence.refresh_from_db()
    assert "and [31mred" in evidence.text
