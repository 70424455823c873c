"""Hundreds of files, sound and hostile, through the whole way of an upload.

`bin/corpus` adds real ones, and shows the tables.
"""

import logging
import os
import resource
import sysconfig
import time
import unicodedata
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from activities import rules, uploads
from activities.rules import NotAllowed
from activities.tests import files, hostile_files

MEGABYTE = 1024 * 1024
SECONDS = 10
AT_ONCE = 2  # as many as there are cores on a small machine
FOLDERS = [Path(folder) for folder in os.environ.get("CORPUS", "").split(os.pathsep) if folder]
SUFFIXES = {suffix for kind in rules.KINDS for suffix in kind.extensions}

# Real files that the rules turn away, whoever made them.
BY_RULE = {"password", "acts", "carries files", "too many pixels", "carries program"}
# What the collections hold to try how readers bear it: cut off, damaged, parts of a mail.
_BROKEN = """
    broken.png broken_data_stream.png truncated_image.png truncated_end_chunk.png unknown_compression_method.png
    png_decompression_dos.png chunk_no_fctl.png syntax_num_frames_zero.png truncated_jpeg.jpg ultrahdr.jpg small.pdf
    newline-buffer-test.pdf 378014596.pdf corrupted.heic empty.heic invalid_metadata_type.heic msg_11.txt msg_18.txt
    msg_19.txt msg_23.txt msg_28.txt msg_30.txt msg_31.txt msg_34.txt msg_37.txt msg_38.txt msg_39.txt msg_40.txt
    msg_42.txt
"""
BROKEN = set(_BROKEN.split())


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.WARNING, "activities.inspection")


# --- trying -----------------------------------------------------------------------------------------------------------


def tried(kind, name, content):
    """What became of the file, in a word, and after how many seconds."""
    upload = SimpleUploadedFile("x", content)
    upload._name = name  # past Django's own cleaning, as a hostile client would like it
    begun = time.monotonic()
    try:
        accepted = uploads.accept(upload)
        return kind, name, "taken", time.monotonic() - begun, accepted
    except NotAllowed as no:
        word = next((word for word, sentence in uploads.TROUBLES.items() if sentence == no.sentence), "not its kind")
        return kind, name, word, time.monotonic() - begun, None


def all_tried(items):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda item: tried(*item), items))


def show_table(title, results):
    counts, slowest = defaultdict(Counter), defaultdict(float)
    for kind, _, word, seconds, _ in results:
        counts[kind][word] += 1
        slowest[kind] = max(slowest[kind], seconds)
    print(f"\n{title:24} {'tried':>6} {'taken':>6} {'refused':>8} {'slowest':>8}")
    for kind, words in counts.items():
        tries, taken = sum(words.values()), words.pop("taken", 0)
        why = ", ".join(f"{word} {count}" for word, count in words.most_common())
        print(f"{kind:24} {tries:6} {taken:6} {tries - taken:8} {slowest[kind]:7.1f}s  {why}")
    print(f"{'together':24} {len(results):6}")


# --- sound files ------------------------------------------------------------------------------------------------------


def test_every_sound_file_that_we_make_is_taken():
    results = all_tried((Path(name).suffix, name, content) for name, content in files.sound())
    show_table("made here", results)
    assert [(name, word) for _, name, word, _, _ in results if word != "taken"] == []
    assert {accepted.kind for *_, accepted in results} == {kind.name for kind in rules.KINDS}


def real_files():
    """(kind, name, content) of files on this machine: the system's, and what bin/corpus has fetched."""
    folders = [Path("/usr/share/doc"), Path(sysconfig.get_path("stdlib"), "test", "test_email", "data"), *FOLDERS]
    for path in sorted({path for folder in folders for path in folder.rglob("*") if path.is_file()}):
        name = _as_sent(path)
        if Path(name).suffix.lower() in SUFFIXES and path.stat().st_size <= 20 * MEGABYTE:
            yield Path(name).suffix.lower(), name, path.read_bytes()


def _as_sent(path):
    """Test data of mail libraries has other endings."""
    is_mail = path.name.startswith("mail_test_") or (path.name.startswith("msg_") and path.suffix == ".txt")
    return f"{path.name}.eml" if is_mail else path.name


def test_every_real_file_on_this_machine_is_taken_unless_it_is_broken_or_a_rule_speaks_against_it():
    results = all_tried(real_files())
    show_table("real files", results)
    refused = {(name, word) for _, name, word, _, _ in results if word != "taken" and word not in BY_RULE}
    assert {(name, word) for name, word in refused if name.removesuffix(".eml") not in BROKEN} == set()


# --- hostile files ----------------------------------------------------------------------------------------------------


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def hostile():
    return [(kind, name, content) for kind, some in hostile_files.hostile().items() for name, content in some]


def test_the_hostile_files_are_of_many_kinds(hostile):
    assert len(hostile) >= 150
    assert len({kind for kind, _, _ in hostile}) >= 15
    assert len({content for _, _, content in hostile}) >= 150


def test_nothing_hostile_gets_through_and_nothing_of_ours_is_harmed(hostile):
    all_tried(hostile[:: len(hostile) // 20])  # whatever is loaded once is loaded now
    before = resident_bytes()
    results = all_tried(hostile)
    grown = resident_bytes() - before
    show_table("hostile files", results)
    print(f"memory of this process: {grown / MEGABYTE:+.1f} MB over {len(hostile)} uploads")
    assert [
        (kind, name) for kind, name, word, _, _ in results if word == "taken" and kind in hostile_files.REFUSED
    ] == []
    for *_, accepted in results:
        if accepted:
            check_harmless(accepted)
    assert grown < 50 * MEGABYTE
    slow = {name for _, name, _, seconds, _ in results if seconds > SECONDS}
    assert {item[1] for item in hostile if item[1] in slow and computing_seconds(item) > SECONDS} == set()


def computing_seconds(item):
    """Of the child alone: where this machine is busy with something else, seconds of the clock say nothing."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    tried(*item)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def check_harmless(accepted):
    """What pages show of an accepted file holds nothing of what was sent but words and pixels."""
    for name in [accepted.picture, *accepted.further_pictures]:
        with default_storage.open(name) as file:
            picture = file.read()
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        assert picture.count(b"IDAT") >= 1
        assert not any(evil in picture for evil in (hostile_files.EXE, hostile_files.SCRIPT, b"PK\x03\x04", b"%PDF-"))
    unseen = {c for c in accepted.findings.text if unicodedata.category(c) in {"Cc", "Cs"}} - {"\n", "\t"}
    assert unseen == set()
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} for c in accepted.shown_name)
    assert "/" not in accepted.shown_name
    assert len(accepted.shown_name) <= 150
