"""What the child finds in each kind of file, and what it cannot reach while it looks."""

import json
import signal
import subprocess
import sys
from io import BytesIO

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from activities import inspection, rules, uploads
from activities.inspection import MAX_TEXT
from activities.inspectors import carried, fingerprint, mail, pdf, picture
from activities.tests import files, ole
from activities.tests.files import EML, MSG, PDF, SAMPLES, SOUND, attach, certificate, edited, saved
from activities.tests.hostile_pdfs import EXE, raw_page


@pytest.fixture
def inspect(tmp_path):
    """Inspect these bytes; `inspect.pictures()` is what was drawn."""
    folder = tmp_path / "drawn"
    folder.mkdir()

    def inspect(kind, content):
        file = tmp_path / "file"
        file.write_bytes(content)
        with file.open("rb") as opened:
            return inspection.inspect(kind, opened, folder)

    inspect.pictures = lambda: [drawn(path) for path in inspection.pictures(folder)]
    return inspect


def drawn(path):
    with Image.open(path) as image:
        image.load()
    return image


# --- PDF --------------------------------------------------------------------------------------------------------------


def test_the_words_of_a_pdf_are_read_and_understood(inspect):
    findings = inspect("pdf", PDF)
    assert "Ada Lovelace" in findings.text
    assert findings.facts == {
        "dates": ["2025-06-03"],
        "hours": ["24"],
        "titles": ["Rules and calculations in depth"],
        "names": ["Ada Lovelace"],
    }


@pytest.mark.parametrize(("pages", "drawn"), [(1, 1), (3, 3), (5, 5), (12, 5)])
def test_the_first_five_pages_are_drawn(inspect, pages, drawn):
    assert inspect("pdf", files.pdf_with_words(pages)).pages == pages
    assert len(inspect.pictures()) == drawn
    assert {picture.size for picture in inspect.pictures()} == {(1600, 1067)}


def test_no_more_text_is_kept_than_there_is_room_for(inspect):
    content = BytesIO()
    canvas = files.Canvas(content)
    for _ in range(12):
        canvas.setFont("Helvetica", 4)
        for line in range(80):
            canvas.drawString(10, 820 - 10 * line, "word " * 60)
        canvas.showPage()
    canvas.save()
    assert MAX_TEXT * 0.9 <= len(inspect("pdf", content.getvalue()).text) <= MAX_TEXT


def test_what_was_typed_into_a_form_is_drawn_and_read(inspect):
    content = BytesIO()
    canvas = files.Canvas(content, pagesize=(300, 100))
    canvas.acroForm.textfield(name="holder", value="ADA LOVELACE", x=10, y=30, width=280, height=40, borderWidth=0)
    canvas.showPage()
    canvas.save()
    assert inspect("pdf", content.getvalue()).text.strip() == "ADA LOVELACE"
    assert min(inspect.pictures()[0].convert("L").tobytes()) < 100


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("factur-x.xml", b"<?xml version='1.0'?><Invoice/>"),
        ("hours.csv", b"day,hours\n1,8\n"),
        ("notes.txt", "Übung".encode()),
        ("stamp.png", saved(certificate(), "PNG")),
        ("source.json", b"{}"),
    ],
)
def test_what_is_only_there_to_be_read_may_be_inside_a_pdf(inspect, name, content):
    assert inspect("pdf", edited(lambda pdf: attach(pdf, name, content))).trouble == ""


@pytest.mark.parametrize("name", sorted({*pdf.ACTIONS, *pdf.KEYS, *pdf.SUBTYPES}))
def test_every_word_for_an_action_is_looked_for_before_the_dictionaries_are(name):
    assert pdf.SUSPECT.search(b"<< /A " + name.encode() + b" >>")
    assert not pdf.SUSPECT.search(b"<< /A " + name.encode() + b"x >>")


def test_words_about_javascript_are_no_javascript(inspect):
    words = files.pdf_with_words(holder="/JavaScript /JS", pageCompression=0)
    assert inspect("pdf", words).trouble == ""


def test_a_key_of_an_action_inside_a_text_is_a_text(inspect):
    assert inspect("pdf", raw_page(catalog=b"/A (<< /S /X /JS 1 >>)")).trouble == ""


def test_when_drawing_takes_long_the_first_page_is_enough(monkeypatch, tmp_path):
    monkeypatch.setattr(pdf, "ENOUGH", 0)
    assert pdf.inspect("pdf", files.pdf_with_words(3), tmp_path).pages == 3
    assert [path.name for path in tmp_path.iterdir()] == ["1.png"]


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_photo_is_drawn_upright_and_knows_nothing_of_its_place(inspect, orientation):
    content = (SAMPLES / f"turned-{orientation}.heic").read_bytes()
    assert b"somewhere at home" in content
    findings = inspect("heic", content)
    assert (findings.trouble, findings.width, findings.height) == ("", 128, 64)
    drawn = inspect.pictures()[0]
    corners = [drawn.getpixel(place) for place in ((8, 8), (120, 8), (8, 56), (120, 56))]
    assert corners[0][0] > 200
    assert corners[0][1] < 60
    assert all(min(corner) > 200 for corner in corners[1:])
    assert (dict(drawn.info), dict(drawn.getexif())) == ({}, {})


def test_of_several_pictures_in_one_file_the_first_is_drawn(inspect):
    assert inspect("heic", (SAMPLES / "two-pictures.heic").read_bytes()).trouble == ""
    assert [drawn.size for drawn in inspect.pictures()] == [(1600, 800)]
    assert inspect.pictures()[0].getpixel((40, 40))[0] > 200


def test_a_thin_picture_is_drawn_too(inspect):
    assert inspect("png", saved(Image.new("L", (40_000, 3)), "png")).trouble == ""
    assert inspect.pictures()[0].size == (1600, 1)


def test_what_the_child_may_decode_is_what_the_rules_say():
    assert rules.MAX_PIXELS == inspection.MAX_PIXELS
    assert {kind.name for kind in rules.KINDS} == set(picture.FORMATS) | {"pdf", "eml", "msg"}


# --- alike ------------------------------------------------------------------------------------------------------------


def apart(one, other):
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_a_picture_is_alike_when_it_was_saved_again_smaller_or_as_another_kind():
    photo = Image.effect_mandelbrot((800, 600), (-3, -2.5, 2, 2.5), 100)
    original = fingerprint.of(photo)
    for again in (
        Image.open(BytesIO(saved(photo, "JPEG", quality=40))),
        photo.resize((400, 300)),
        photo.convert("RGB").point(lambda value: value * 0.9),
    ):
        assert apart(original, fingerprint.of(again)) <= 4
    assert apart(original, fingerprint.of(photo.transpose(Image.Transpose.ROTATE_90))) > 10
    assert apart(original, fingerprint.of(certificate())) > 10


def test_a_blank_page_is_like_nothing():
    assert fingerprint.of(Image.new("RGB", (800, 600), "white")) == ""
    assert fingerprint.of(Image.new("RGB", (800, 600), "white"), "too few words") == ""


def test_the_same_words_in_another_file_are_alike_and_another_name_is_not(inspect):
    first = inspect("pdf", PDF).picture_hash
    assert inspect("pdf", files.pdf_with_words(pageCompression=1)).picture_hash == first
    other = inspect("pdf", files.pdf_with_words(holder="Eva Lovelace")).picture_hash
    assert apart(first, other) > 10


# --- mail -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "content"), [("eml", EML), ("msg", MSG)])
def test_a_mail_is_shown_as_words(inspect, kind, content):
    findings = inspect(kind, content)
    assert "Subject: Registration confirmation: Tech Talk" in findings.text
    assert "hank you for attending on 3 June 2025" in findings.text
    assert (findings.facts["dates"], findings.facts["hours"]) == (["2025-06-03"], ["2"])
    assert findings.facts["titles"] == ["Tech Talk"]
    assert [drawn.size for drawn in inspect.pictures()] == [(1130, 1600)]
    assert min(inspect.pictures()[0].convert("L").tobytes()) < 50


def test_who_when_and_what_came_with_a_mail_stands_in_its_text(inspect):
    content = files.mail_with(("certificate.pdf", PDF), ("../../x.png", saved(certificate(), "PNG")))
    text = inspect("eml", content).text
    assert text.startswith(
        "From: Events <events@example.com>\nTo: ada@example.com\nDate: Tue, 03 Jun 2025 09:00:00 -0400\n"
    )
    assert text.endswith("Attached: certificate.pdf, ../../x.png")


def test_many_empty_lines_are_one(inspect):
    assert inspect("eml", files.mail("a\n\n \n\t\n\n\nb\n\nc\nd").as_bytes()).text.endswith("\n\na\n\nb\n\nc\nd")


def test_of_a_thousand_attachments_twenty_are_named(inspect):
    text = inspect("eml", files.mail_with(*((f"{number}.pdf", b"%PDF-") for number in range(1000)))).text
    assert text.endswith("19.pdf, + 980")


def test_a_long_mail_has_pages(inspect):
    findings = inspect("eml", files.mail("word " * 30_000).as_bytes())
    assert (findings.pages, len(inspect.pictures())) == (5, 5)
    assert inspect("eml", EML).pages == 1


@pytest.mark.parametrize(("kind", "content"), [("eml", EML), ("msg", MSG)])
def test_mails_of_every_script_are_drawn(inspect, kind, content):
    words = "Grüße Здравствуйте 受講証明書 مرحبا שלום नमस्ते 👩‍🎓 " * 5
    content = files.mail(words).as_bytes() if kind == "eml" else ole.outlook_mail(body=words)
    assert "受講証明書" in inspect(kind, content).text


def test_a_mail_forwarded_inside_a_mail_is_shown_with_it(inspect):
    forwarded = files.mail("see below")
    forwarded.add_attachment(files.mail("the confirmation itself", Subject="Inner"))
    for kind, content in (
        ("eml", forwarded.as_bytes()),
        ("msg", ole.outlook_mail(files=[("a.msg", ole.inner_mail("Inner", "the confirmation itself"))])),
    ):
        text = inspect(kind, content).text
        assert "Subject: Inner\n\nthe confirmation itself" in text


def test_the_html_of_a_mail_is_reduced_to_its_words(inspect):
    html = """<html><head><title>no</title><style>no{}</style></head><body onload="no()"><p>Hello&nbsp;<b>Ada</b>
        &amp; all <script>no('<p>')</script><img src="https://example.com/no.png" alt="no"><!-- no > --></p><table><tr>
        <td>1</td><td>2</td></tr></table><svg><text>no</text></svg>1 < 2</body></html>"""
    message = files.mail("x")
    message.set_content(html, subtype="html")
    assert inspect("eml", message.as_bytes()).text.split("\n\n", 1)[1] == "Hello Ada & all\n\n1 2\n\n1 < 2"


@pytest.mark.parametrize("piece", ["<", "<!--", "<a ", "<a b='", "&#x", "<![CDATA[", "<script>", "</", "<p>", "<svg"])
def test_html_that_never_closes_is_read_once(piece):
    assert len(mail.text_of_html(piece * 100_000)) <= len(piece) * 100_000


@given(st.text(alphabet="<>!-/ apscrit&#x;'\"=\n"))
def test_no_html_breaks_the_reader(source):
    assert mail.text_of_html(f"before<p>{source}").startswith("before")


# --- what may be inside -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.EXE", b"x"),
        ("a.pdf.exe", b"x"),
        ("a.exe. ", b"x"),
        ("a.exe\x00.txt", b"x"),
        ("a.exe:stream.txt", b"x"),
        ("C:\\folder\\a.lnk", b"x"),
        ("certificate.pdf", EXE),
        ("", b"\x7fELF"),
    ],
)
def test_programs_are_known_by_name_or_first_bytes(name, content):
    assert carried.is_program(name, content)


@pytest.mark.parametrize("name", ["certificate.pdf", "photo.png", "plan.docx", "invitation.ics", "notes.txt", "", "a"])
def test_what_people_attach_is_no_program(name):
    assert not carried.is_program(name, b"harmless")


# --- what the child can reach -----------------------------------------------------------------------------------------

ATTEMPTS = {
    "open a connection": "socket.socket()",
    "run a program": "os.execv('/bin/true', ['true'])",
    "start a process": "os._exit(0) if os.fork() == 0 else None",
    "end its parent": f"os.kill(os.getppid(), {int(signal.SIGTERM)})",
    "read a file of ours": "open(secret).read()",
    "list our folder": "os.listdir(os.path.dirname(secret))",
    "read the system's people": "open('/etc/passwd').read()",
    "write beside its folder": "open(secret + '2', 'w')",
    "write over a file of ours": "open(secret, 'r+')",
    "make a link": "os.symlink(secret, folder + '/link')",
    "open fifty files": "[open('/dev/urandom') for _ in range(50)]",
    "take a gigabyte": "bytearray(2**30)",
    "write more than a disk likes": "open(folder + '/large', 'wb').write(bytes(40 * 2**20))",
    "watch another process": "os.open(f'/proc/{os.getppid()}/mem', os.O_RDONLY)",
}
CONFINED = """
import json, os, resource, signal, socket, sys
from pathlib import Path
from activities.inspectors import confinement
folder, secret, attempt = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
confinement.confine(Path(folder))
try:
    exec(attempt)
except (OSError, MemoryError, ValueError) as error:
    print(type(error).__name__)
else:
    print("done")
"""


def confined(tmp_path, attempt):
    folder, ours = tmp_path / "folder", tmp_path / "ours"
    folder.mkdir()
    ours.mkdir()
    (ours / "secret").write_text("secret")
    command = [sys.executable, "-c", CONFINED, str(folder), str(ours / "secret"), attempt]
    return subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="the doors of Linux")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_confined_child_cannot(tmp_path, attempt):
    child = confined(tmp_path, ATTEMPTS[attempt])
    assert child.stdout.strip() in {"PermissionError", "OSError", "MemoryError", "ValueError", "FileNotFoundError"}, (
        child
    )


@pytest.mark.parametrize(
    "attempt", ["open(folder + '/1.png', 'wb').write(b'x')", "open(folder + '/1.png', 'w+').read()", "json.dumps(1)"]
)
def test_a_confined_child_can_do_its_work(tmp_path, attempt):
    assert confined(tmp_path, attempt).stdout == "done\n", attempt


def test_a_confined_child_computes_for_seconds_only(tmp_path):
    child = confined(tmp_path, "resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass")
    assert child.returncode in {-signal.SIGKILL, -signal.SIGXCPU}


# --- bits turned ------------------------------------------------------------------------------------------------------


@hypothesis_settings(max_examples=25)
@given(st.sampled_from(sorted(SOUND)), st.data())
def test_however_bits_are_turned_there_is_an_answer(tmp_path_factory, suffix, data):
    content = bytearray(SOUND[suffix])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("turned")
    (folder / "file").write_bytes(content)
    kind = next(kind.name for kind in rules.KINDS if f".{suffix}" in kind.extensions)
    with (folder / "file").open("rb") as opened:
        findings = inspection.inspect(kind, opened, folder)
    assert findings.trouble in {"", *uploads.TROUBLES}
    assert json.dumps(findings.facts)
