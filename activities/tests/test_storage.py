"""Evidence on a disk that fills up, and on an object store: whole or not at all, private, nothing lost in between."""

import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
import time_machine
from botocore.exceptions import ConnectTimeoutError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError
from django.urls import reverse
from moto.server import ThreadedMotoServer

from activities import storage, uploads, workflow
from activities.models import Evidence, EvidencePage
from activities.rules import MEGABYTE, NotAllowed
from integrations.tests.post import LOOPBACK, free_port
from onepoints import environment, health
from onepoints.tests.factories import NOW, TODAY, load_defaults, make_holder, picture_upload

CALM = "We could not store this file just now; that is our fault. Please add it again in a few minutes."
OVER_AN_HOUR = timedelta(hours=1, minutes=5)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def holder(client, program):
    holder = make_holder()
    client.force_login(holder)
    return holder


@pytest.fixture
def python(tmp_path):
    """Run code in a process of its own."""

    def run(code, **more):
        known = {"PATH": os.environ["PATH"], "ONEPOINTS_VAR": str(tmp_path / "var")}
        return subprocess.run(
            [sys.executable, "-c", f"import django\ndjango.setup()\n{code}"],
            env={**known, "DJANGO_SETTINGS_MODULE": "onepoints.settings", **more},
            cwd=environment.PROJECT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def post(client, file):
    form = {"type": "ILT-1D", "title": "A course", "completed_on": TODAY.isoformat(), "evidence": file}
    return client.post("/activities/log/", form)


def on_disk():
    return sorted(p.name for p in Path(default_storage.location).rglob("*") if p.is_file())


def written_now():
    """Set the files' own clock, which no test can stop, to ours."""
    for path in Path(default_storage.location).rglob("*"):
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))


def fail(*args, **named):
    raise OSError(28, "No space left on device")


# --- a disk -----------------------------------------------------------------------------------------------------------


@contextmanager
def tiny_disk(folder):
    """Too small for our picture of a photo: for root a file system of its own, for others a limit on each file."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.getuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            (folder / "others").write_bytes(bytes(40_000))
            yield
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def photo():
    return picture_upload("photo.jpg", size=(1500, 1000), fmt="JPEG")


def test_on_a_full_disk_the_person_reads_a_calm_sentence_and_may_try_again(client, holder, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "disk"
    with tiny_disk(settings.MEDIA_ROOT):
        page = post(client, photo()).content.decode()
        assert set(on_disk()) <= {"others"}
    assert f"photo.jpg: {CALM}" in page
    assert 'value="A course"' in page
    assert not Evidence.objects.exists()
    assert post(client, photo()).status_code == 302
    assert Evidence.objects.count() == 1


@pytest.mark.parametrize("failing", [1, 2])
def test_when_one_of_the_files_cannot_be_stored_none_stays(monkeypatch, failing):
    save, names = default_storage.save, []
    monkeypatch.setattr(
        default_storage, "save", lambda *a: names.append(a) or (fail() if len(names) == failing else save(*a))
    )
    with pytest.raises(NotAllowed) as caught:
        uploads.accept(picture_upload())
    assert (caught.value.sentence, len(names), on_disk()) == (CALM, failing, [])


def test_what_cannot_be_deleted_now_does_not_keep_the_rest(monkeypatch):
    names = ["aa/1.pdf", "aa/2.pdf"]
    for name in names:
        default_storage.save(name, ContentFile(b"x"))
    delete = default_storage.delete
    monkeypatch.setattr(default_storage, "delete", lambda name: fail() if "1" in name else delete(name))
    storage.discard(names)
    assert on_disk() == ["1.pdf"]


def test_files_whose_row_could_not_be_written_are_swept_later(holder, monkeypatch):
    def gone(**fields):
        raise DatabaseError

    monkeypatch.setattr(Evidence.objects, "create", gone)
    with pytest.raises(DatabaseError):
        workflow.keep_aside(holder, picture_upload(), at=NOW)
    assert len(on_disk()) == 2
    written_now()
    assert workflow.sweep(NOW + timedelta(minutes=55)) == 0
    assert workflow.sweep(NOW + OVER_AN_HOUR) == 2
    assert on_disk() == []


KILLED_BEFORE_THE_ROW = """
import os, signal
from accounts.models import User
from activities import uploads, workflow
from onepoints.tests.factories import NOW, picture_upload
accept = uploads.accept
uploads.accept = lambda upload: (accept(upload), os.kill(os.getpid(), signal.SIGKILL))
workflow._check_room = lambda *rest, **named: None
workflow.keep_aside(User(pk=1), picture_upload(), at=NOW)
"""


@pytest.mark.django_db
def test_files_of_a_process_that_was_killed_before_the_row_are_swept_later(settings, python):
    ended = python(KILLED_BEFORE_THE_ROW, EVIDENCE_STORAGE=str(settings.MEDIA_ROOT))
    assert ended.returncode == -9, ended.stderr
    assert len(on_disk()) == 2
    written_now()
    assert workflow.sweep(NOW + OVER_AN_HOUR) == 2
    assert on_disk() == []


def test_the_sweep_knows_the_pictures_of_further_pages(holder):
    evidence = workflow.keep_aside(holder, picture_upload(), at=NOW)
    page = default_storage.save("aa/page2.png", ContentFile(b"x"))
    EvidencePage.objects.create(evidence=evidence, number=2, picture=page)
    written_now()
    assert workflow.sweep(NOW + OVER_AN_HOUR) == 0
    assert len(on_disk()) == 3


def test_the_sweep_asks_for_many_names_at_once(holder, django_assert_max_num_queries):
    for number in range(40):
        default_storage.save(f"aa/{number}.pdf", ContentFile(b"x"))
    written_now()
    with django_assert_max_num_queries(8):
        assert workflow.sweep(NOW + OVER_AN_HOUR) == 40
    assert on_disk() == []


def test_the_sweep_goes_through_more_names_than_one_query_takes(holder, monkeypatch):
    monkeypatch.setattr(workflow, "BATCH", 3)
    kept = workflow.keep_aside(holder, picture_upload(), at=NOW)
    for number in range(10):
        default_storage.save(f"aa/{number}.pdf", ContentFile(b"x"))
    written_now()
    assert workflow.sweep(NOW + OVER_AN_HOUR) == 10
    assert set(on_disk()) == {Path(kept.file.name).name, Path(kept.picture.name).name}


def test_evidence_has_no_address():
    with pytest.raises(NotImplementedError):
        default_storage.url("aa/1.pdf")


# --- an object store --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def endpoint():
    """A real S3 of moto's, on this machine."""
    server = ThreadedMotoServer(ip_address=LOOPBACK, port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "only-for-tests")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def use_storage(settings, monkeypatch, credentials):
    def use(address):
        monkeypatch.setenv("EVIDENCE_STORAGE", address)
        settings.STORAGES = {**settings.STORAGES, "default": environment.evidence_storage()}

    yield use
    default_storage.connection.meta.client.close()


@pytest.fixture
def bucket(endpoint, use_storage):
    """An empty bucket of our own, as the portal's storage by setting alone."""
    s3 = boto3.resource("s3", endpoint_url=endpoint, region_name="us-east-1")
    bucket = s3.create_bucket(Bucket="evidence")
    use_storage(f"s3://evidence/portal/files?endpoint_url={endpoint}&region=us-east-1")
    yield bucket
    bucket.objects.all().delete()
    bucket.delete()
    s3.meta.client.close()


def keys(bucket):
    return sorted(entry.key for entry in bucket.objects.all())


@pytest.fixture
def put_fails():
    """Let the store's n-th PUT fail as a store that is away."""

    def let(failing):
        calls = []

        def before_call(**named):
            calls.append(named)
            if len(calls) == failing:
                raise ConnectTimeoutError(endpoint_url="s3")

        default_storage.connection.meta.client.meta.events.register("before-call.s3.PutObject", before_call)
        return calls

    return let


@pytest.mark.django_db(transaction=True)
def test_on_an_object_store_everything_works_by_setting_alone(client, bucket, settings):
    load_defaults()
    client.force_login(make_holder())
    upload = picture_upload("Ada Lovelace.png")
    assert post(client, upload).status_code == 302
    evidence = Evidence.objects.get()
    assert keys(bucket) == sorted(f"portal/files/{name}" for name in (evidence.file.name, evidence.picture.name))

    picture = client.get(reverse("evidence_picture", args=[evidence.pk]))
    assert (picture.status_code, picture.getvalue()[:4]) == (200, b"\x89PNG")
    original = client.get(reverse("evidence_file", args=[evidence.pk]))
    assert original.getvalue() == picture_upload().read()
    assert int(original.headers["Content-Length"]) == evidence.size
    assert 'filename="Ada Lovelace.png"' in original.headers["Content-Disposition"]

    bucket.put_object(Key="portal/files/ab/orphan.pdf", Body=b"x")
    bucket.put_object(Key="elsewhere.pdf", Body=b"not ours")
    assert workflow.sweep(NOW + timedelta(minutes=55)) == 0
    assert workflow.sweep(NOW + OVER_AN_HOUR) == 1
    assert len(keys(bucket)) == 3

    client.post(reverse("remove_evidence", args=[evidence.pk]))
    assert keys(bucket) == ["elsewhere.pdf"]
    assert not Path(settings.MEDIA_ROOT).exists()


def test_what_lies_in_the_bucket_says_nothing_and_is_open_to_nobody(bucket):
    accepted = uploads.accept(picture_upload("Ada Lovelace.png"))
    for key in keys(bucket):
        entry = bucket.Object(key)
        grants = entry.Acl().grants
        assert "Ada" not in key
        assert (entry.metadata, entry.content_type) == ({}, "application/octet-stream")
        assert [(grant["Grantee"]["Type"], grant["Permission"]) for grant in grants] == [
            ("CanonicalUser", "FULL_CONTROL")
        ]
    with pytest.raises(NotImplementedError):
        default_storage.url(accepted.file)


@pytest.mark.parametrize("failing", [1, 2])
def test_when_the_object_store_fails_the_person_reads_a_calm_sentence_and_nothing_stays(
    client, holder, bucket, put_fails, failing
):
    calls = put_fails(failing)
    page = post(client, picture_upload("photo.png")).content.decode()
    assert f"photo.png: {CALM}" in page
    assert 'value="A course"' in page
    assert (len(calls), keys(bucket), Evidence.objects.count()) == (failing, [], 0)
    assert post(client, picture_upload("photo.png")).status_code == 302
    assert (len(keys(bucket)), Evidence.objects.count()) == (2, 1)


@pytest.mark.parametrize(
    "address", ["s3://no-such-bucket?endpoint_url={endpoint}", "s3://evidence?endpoint_url={nobody}"]
)
def test_a_wrong_address_is_a_calm_sentence_for_the_person_and_a_word_for_the_operator(
    endpoint, use_storage, address, caplog
):
    use_storage(address.format(endpoint=endpoint, nobody=f"http://{LOOPBACK}:{free_port()}") + "&region=us-east-1")
    with pytest.raises(NotAllowed) as caught:
        uploads.accept(picture_upload())
    assert caught.value.sentence == CALM
    assert "The object store did not take" in caplog.text
    assert "only-for-tests" not in caplog.text


def test_an_object_that_is_gone_is_missing_like_a_file(client, holder, bucket):
    post(client, picture_upload())
    evidence = Evidence.objects.get()
    bucket.objects.all().delete()
    assert client.get(reverse("evidence_file", args=[evidence.pk])).status_code == 404


def test_the_object_store_is_ready_or_not(bucket, use_storage, endpoint):
    assert health._storage() == "ok"
    assert keys(bucket) == []
    use_storage(f"s3://no-such-bucket?endpoint_url={endpoint}&region=us-east-1")
    assert health._outcome(health._storage) == "OSError"


READ_IN_PIECES = """
import tracemalloc
from django.core.files.storage import default_storage
from django.http import FileResponse
default_storage.exists("warm")
tracemalloc.start()
response = FileResponse(default_storage.open("large.pdf"))
print(sum(len(piece) for piece in response), tracemalloc.get_traced_memory()[1])
"""


def test_a_large_file_goes_out_without_filling_the_memory(bucket, python, endpoint):
    bucket.put_object(Key="large.pdf", Body=bytes(20 * MEGABYTE))
    secrets = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    ended = python(
        READ_IN_PIECES, EVIDENCE_STORAGE=f"s3://evidence?endpoint_url={endpoint}&region=us-east-1", **secrets
    )
    assert ended.returncode == 0, ended.stderr
    size, peak = map(int, ended.stdout.split())
    assert size == 20 * MEGABYTE
    assert peak < 6 * MEGABYTE


def test_a_portal_that_keeps_its_files_on_a_disk_does_not_load_the_library(python):
    use = "from django.core.files.storage import default_storage; default_storage.exists('x')"
    assert python(f"{use}; import sys; print('boto3' in sys.modules)").stdout.strip() == "False"


# --- the setting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "options"),
    [
        ("s3://evidence", {"bucket_name": "evidence"}),
        ("s3://evidence/portal/files/", {"bucket_name": "evidence", "location": "portal/files"}),
        ("s3://evidence?region=eu-west-1", {"bucket_name": "evidence", "region_name": "eu-west-1"}),
        (
            "s3://evidence/p?endpoint_url=https://s3.example.org:9000&region=x",
            {
                "bucket_name": "evidence",
                "location": "p",
                "endpoint_url": "https://s3.example.org:9000",
                "region_name": "x",
            },
        ),
    ],
)
def test_an_address_names_a_bucket(monkeypatch, address, options):
    monkeypatch.setenv("EVIDENCE_STORAGE", address)
    assert environment.evidence_storage() == {"BACKEND": "activities.bucket.EvidenceBucket", "OPTIONS": options}


@pytest.mark.parametrize(
    "address",
    ["s3://", "s3:///prefix", "gs://evidence", "https://s3.example.org/evidence", "s3://evidence?acl=public-read"],
)
def test_an_address_that_means_nothing_is_refused_at_start(python, address):
    ended = python("", EVIDENCE_STORAGE=address)
    assert ended.returncode != 0
    assert "it must be a path or s3://bucket" in ended.stderr


def test_a_path_is_a_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("EVIDENCE_STORAGE", raising=False)
    assert environment.evidence_dir(tmp_path) == tmp_path / "evidence"
    monkeypatch.setenv("EVIDENCE_STORAGE", str(tmp_path / "elsewhere"))
    assert environment.evidence_dir(tmp_path) == tmp_path / "elsewhere"
    assert environment.evidence_storage() == {"BACKEND": "activities.storage.EvidenceStorage"}


@pytest.mark.parametrize("address", ["127.0.0.1:3310", "http://127.0.0.1", "unix://clamd"])
def test_a_scanner_that_cannot_be_one_is_refused_at_start(python, address):
    ended = python("", CLAMD=address)
    assert ended.returncode != 0
    assert "CLAMD is" in ended.stderr
