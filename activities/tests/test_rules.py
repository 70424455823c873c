"""What an hour is worth, which days are possible, and what a file may be called."""

import unicodedata
from datetime import date, time
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules import NotAllowed
from activities import rules
from activities.rules import KINDS, MEGABYTE

CENTS = st.integers(0, 99_999).map(lambda n: Decimal(n) / 100)
PDF, PNG, JPEG = b"%PDF-1.7 rest", b"\x89PNG\r\n\x1a\nrest", b"\xff\xd8\xff\xe0rest"
HEIC, OLE, MAIL = b"\x00\x00\x00\x18ftypheic\x00\x00", bytes.fromhex("D0CF11E0A1B11AE1"), b"From: ada@example.com\r\n"
BEGINNINGS = {"pdf": PDF, "jpeg": JPEG, "png": PNG, "heic": HEIC, "eml": MAIL, "msg": OLE}


def refusal(function, *args, **named):
    with pytest.raises(NotAllowed) as caught:
        function(*args, **named)
    return caught.value.sentence


# --- points -----------------------------------------------------------------------------------------------------------


@given(CENTS, CENTS)
def test_points_are_the_most_quarters_that_the_exact_worth_holds(points, quantity):
    exact = Fraction(points) * Fraction(quantity)
    worth = rules.points_for(points, quantity)
    quarters = Fraction(worth) * 4
    assert quarters.denominator == 1
    assert quarters <= exact * 4 < quarters + 1


@pytest.mark.parametrize(
    ("points", "quantity", "worth"),
    [
        ("1", "1.5", "1.50"),
        ("1", "1.49", "1.25"),
        ("1", "0.24", "0"),
        ("1", "0.25", "0.25"),
        ("8", "1", "8"),
        ("8", "2.5", "20"),
        ("0.75", "1.5", "1"),
        ("0", "10", "0"),
        ("40", "0.99", "39.5"),
    ],
)
def test_quarter_steps_rounded_down(points, quantity, worth):
    assert rules.points_for(Decimal(points), Decimal(quantity)) == Decimal(worth)


@pytest.mark.parametrize("quantity", ["0", "-1", "-0.25"])
def test_there_has_to_be_any(quantity):
    assert "more than 0" in refusal(rules.check_quantity, Decimal(quantity))


def test_a_quarter_is_enough():
    rules.check_quantity(Decimal("0.25"))


# --- days -------------------------------------------------------------------------------------------------------------

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("started_on", "completed_on"),
    [(None, TODAY), (TODAY, TODAY), (date(2026, 11, 20), TODAY), (None, date(2019, 1, 1))],
)
def test_days_that_are_over_and_in_order(started_on, completed_on):
    rules.check_days(started_on, completed_on, TODAY)


def test_tomorrow_has_not_come():
    assert "25 November 2026" in refusal(rules.check_days, None, date(2026, 11, 25), TODAY)


def test_the_first_day_comes_first():
    assert "first day" in refusal(rules.check_days, TODAY, date(2026, 11, 23), TODAY)


# --- evidence ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "suffices", "held_at", "title", "proves"),
    [
        (1, False, None, "", True),
        (0, True, time(9), "A talk", True),
        (0, True, time(0), "A talk", True),
        (0, False, time(9), "A talk", False),
        (0, True, None, "A talk", False),
        (0, True, time(9), " \t", False),
        (0, False, None, "", False),
    ],
)
def test_what_proves_an_activity(files, suffices, held_at, title, proves):
    assert rules.has_evidence(files=files, statement_suffices=suffices, held_at=held_at, title=title) is proves


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("certificate.pdf", PDF, "pdf"),
        ("CERTIFICATE.PDF", PDF, "pdf"),
        ("photo.jpg", JPEG, "jpeg"),
        ("photo.JPEG", JPEG, "jpeg"),
        ("screen.png", PNG, "png"),
        ("two.dots.png", PNG, "png"),
        ("IMG_0001.HEIC", HEIC, "heic"),
        ("photo.heif", b"\x00\x00\x00\x24ftypmif1", "heic"),
        ("mail.eml", b"Return-Path: <ada@example.com>", "eml"),
        ("mail.eml", b"\xef\xbb\xbfFrom: ada@example.com", "eml"),
        ("mail.eml", b"From ada@example.com Tue Jun  3", "eml"),
        ("mail.msg", OLE, "msg"),
    ],
)
def test_the_kind_of_a_file(name, head, kind):
    assert rules.kind_of(name, 100, head).name == kind


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("renamed.pdf", PNG),
        ("renamed.png", JPEG),
        ("renamed.jpg", b"GIF89a"),
        ("page.pdf", b"<html>%PDF-1.7"),
        ("late.pdf", b" %PDF-1.7"),
        ("bom.pdf", b"\xef\xbb\xbf%PDF-1.7"),
        ("program.pdf", b"MZ\x90\x00"),
        ("short.png", b"\x89PNG"),
        ("film.heic", b"\x00\x00\x00\x18ftypmp42"),
        ("other.heic", b"\x00\x00\x00\x18ftypavif"),
        ("late.heic", b"\x00\x00\x00\x00\x00\x18ftypheic"),
        ("page.eml", b"<html><body>From: me"),
        ("program.eml", b"MZ\x90\x00From: me"),
        ("words.eml", b"This is a note to me: done"),
        ("table.eml", b"\x00\x01From: me"),
        ("mail.msg", MAIL),
        ("zip.msg", b"PK\x03\x04"),
    ],
)
def test_a_name_and_first_bytes_that_disagree(name, head):
    assert "holds something else" in refusal(rules.kind_of, name, 100, head)


@pytest.mark.parametrize("kind", KINDS)
def test_twenty_megabytes_are_accepted_and_one_byte_more_is_not(kind):
    name = f"file{kind.extensions[0]}"
    head = BEGINNINGS[kind.name]
    assert rules.kind_of(name, 20 * MEGABYTE, head) == kind
    assert "This file has 21 MB; at most 20 MB" in refusal(rules.kind_of, name, 20 * MEGABYTE + 1, head)


def test_an_empty_file_is_called_empty():
    assert "empty" in refusal(rules.kind_of, "certificate.pdf", 0, b"")


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("letter.docx", "Save it as PDF"),
        ("hours.xlsx", "Save it as PDF"),
        ("photo.webp", "Save it as JPEG or PNG"),
        ("photo.AVIF", "Save it as JPEG or PNG"),
        ("logo.svg", "Save it as JPEG or PNG"),
        ("page.html", "Print it to PDF"),
        ("invitation.ics", "state the date, time and title instead"),
        ("mails.mbox", "Save the one message as .eml or .msg"),
        ("slides.pptx", "Save it as PDF"),
        ("talk.mp4", "This is a recording"),
        ("course.url", "This is only a link"),
        ("all.zip", "Unpack it"),
        ("run.exe", "cannot be read"),
        ("certificate", "cannot be read"),
        ("certificate.pdf.exe", "cannot be read"),
        (".pdf", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_what_is_not_accepted_comes_with_a_way_out(name, way_out):
    sentence = refusal(rules.kind_of, name, 100, PDF)
    assert way_out in sentence
    assert "A PDF, a picture or a saved mail (PDF, JPEG, PNG, HEIC, EML, MSG), up to 20 MB" in sentence


def test_what_is_accepted_is_said_from_one_table():
    for kind in KINDS:
        assert kind.label in str(rules.WHAT_IS_ACCEPTED)
        assert set(kind.extensions) <= set(rules.ACCEPT.split(","))


def test_the_first_bytes_that_are_read_are_enough_for_every_kind():
    assert rules.kind_of("mail.eml", 100, (b"X" * 80 + b": 1")[: rules.HEAD_BYTES]).name == "eml"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("certificate.pdf", "certificate.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\ada\\certificate.pdf", "certificate.pdf"),
        ("..\\..\\x.pdf", "x.pdf"),
        ("/", "evidence"),
        ("", "evidence"),
        ("....", "evidence"),
        (" . ", "evidence"),
        ("\u202efdp.exe\u202c.pdf", "fdp.exe.pdf"),
        ("a\u200e\u2066b\u2069.pdf", "ab.pdf"),
        ("line\r\nSet-Cookie: x.pdf", "lineSet-Cookie: x.pdf"),
        ("a\x00b\x1b[31m.pdf", "ab[31m.pdf"),
        ("a\u2028b\u2029c.pdf", "abc.pdf"),
        ("\ud800x.pdf", "x.pdf"),
        ("\ufeffcertificate.pdf ", "certificate.pdf"),
        ("Zertifikat U\u0308bung.pdf", "Zertifikat \u00dcbung.pdf"),
        ("証明書.pdf", "証明書.pdf"),
    ],
)
def test_hostile_names_become_harmless_ones(name, shown):
    assert rules.clean_name(name) == shown


def test_a_long_name_keeps_its_kind():
    shown = rules.clean_name("x" * 300 + ".pdf")
    assert len(shown) == 150
    assert shown.endswith("x.pdf")


@given(st.text(max_size=400))
def test_whatever_a_file_is_called_its_name_is_fit_to_be_shown(name):
    shown = rules.clean_name(name)
    assert 0 < len(shown) <= 150
    assert not {"/", "\\", "\n", "\r", "\x00"} & set(shown)
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in shown)
    assert shown.splitlines() == [shown]
    shown.encode()
    assert rules.clean_name(shown) == shown
