"""The child that opens what strangers send: what it draws, and how little it may do when they mean harm."""

import itertools
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import zlib
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from PIL import Image, ImageDraw

from activities import inspection
from activities.inspection import MAX_EDGE, MAX_PAGES, UNREADABLE, Findings

MEGABYTE = 1024 * 1024


@pytest.fixture
def inspect(tmp_path):
    """Inspect these bytes; afterwards `inspect.picture()` is what was drawn."""
    folder = tmp_path / "drawn"

    def inspect(kind, content):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        file = tmp_path / "file"
        file.write_bytes(content)
        with file.open("rb") as opened:
            return inspection.inspect(kind, opened, folder)

    inspect.picture = lambda page=1: _drawn(folder / f"{page}.png")
    inspect.pictures = lambda: inspection.pictures(folder)
    inspect.folder = folder
    return inspect


def _drawn(path):
    with Image.open(path) as image:
        image.load()
    return image


def saved(image, kind, **options):
    content = BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def with_red_corner(size=(64, 32), mode="RGB"):
    image = Image.new(mode, size, "white")
    ImageDraw.Draw(image).rectangle([0, 0, 15, 15], fill="red" if mode == "RGB" else 0)
    return image


def is_red(pixel):
    return pixel[0] > 200 and pixel[1] < 60


def pdf(*objects, trailer=b""):
    """A PDF of these objects, with a table that fits."""
    content, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    tail = b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        len(content),
    )
    return content + head + tail


def one_page(content=b"", *, count=1, box=b"0 0 200 100", extra=b"", filters=b""):
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % extra,
        b"<< /Type /Pages /Kids [3 0 R] /Count %d >>" % count,
        b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R >>" % box,
        b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), filters, content),
    )


# --- sound files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pages", [1, 3])
def test_a_pdf_is_drawn_from_its_first_page_and_its_pages_are_counted(inspect, pages):
    first, *rest = [with_red_corner((300, 200)), *[Image.new("RGB", (300, 200))] * (pages - 1)]
    findings = inspect("pdf", saved(first, "PDF", save_all=True, append_images=rest))
    assert (findings.trouble, findings.pages) == ("", pages)
    assert is_red(inspect.picture().getpixel((20, 20)))


TURN_BACK = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
PLACE = b"4807.038 N somewhere at home"


@pytest.mark.parametrize("kind", ["jpeg", "png"])
@pytest.mark.parametrize("orientation", TURN_BACK)
def test_a_photo_is_drawn_upright_and_knows_nothing_of_its_place(inspect, orientation, kind):
    turn = TURN_BACK[orientation]
    image = with_red_corner() if turn is None else with_red_corner().transpose(turn)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x010E] = orientation, "A camera", PLACE.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 7.0, 2.3)})
    content = saved(image, kind, exif=exif)
    assert PLACE in content
    assert inspect(kind, content).trouble == ""
    drawn = inspect.picture()
    assert drawn.size == (64, 32)
    assert is_red(drawn.getpixel((4, 4)))
    assert not any(is_red(drawn.getpixel(corner)) for corner in [(60, 4), (4, 28), (60, 28)])
    assert (drawn.format, dict(drawn.info), dict(drawn.getexif())) == ("PNG", {}, {})


def test_nothing_of_the_files_words_is_left_in_the_picture(inspect):
    exif = Image.Exif()
    exif[0x010E] = PLACE.decode()
    inspect("jpeg", saved(with_red_corner(), "jpeg", exif=exif, comment=PLACE, icc_profile=PLACE * 10))
    assert PLACE not in (inspect.folder / "1.png").read_bytes()


def test_where_a_picture_is_transparent_it_is_drawn_on_white(inspect):
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    image.putpixel((0, 0), (255, 0, 0, 255))
    findings = inspect("png", saved(image, "png"))
    assert (findings.trouble, findings.width, findings.height) == ("", 20, 20)
    assert inspect.picture().getpixel((10, 10)) == (255, 255, 255)
    assert inspect.picture().getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("jpeg", "L"), ("jpeg", "CMYK"), ("png", "1"), ("png", "L"), ("png", "LA"), ("png", "P"), ("png", "I;16")],
)
def test_every_usual_way_to_hold_colours_is_drawn(inspect, kind, mode):
    assert inspect(kind, saved(Image.new(mode, (30, 20)), kind)).trouble == ""
    assert inspect.picture().size == (30, 20)


def test_a_photo_of_two_frames_as_phones_make_them_is_drawn(inspect):
    first, second = with_red_corner(), Image.new("RGB", (64, 32))
    assert inspect("jpeg", saved(first, "MPO", save_all=True, append_images=[second])).trouble == ""
    assert is_red(inspect.picture().getpixel((4, 4)))


def test_a_large_picture_is_drawn_small_and_a_small_one_is_not_blown_up(inspect):
    findings = inspect("png", saved(Image.new("L", (4000, 3000)), "png"))
    assert (findings.width, findings.height) == (4000, 3000)
    assert inspect.picture().size == (1600, 1200)
    inspect("png", saved(Image.new("L", (10, 10)), "png"))
    assert inspect.picture().size == (10, 10)


# --- broken and hostile files -----------------------------------------------------------------------------------------


def header_only(width, height):
    """A PNG that claims a size, begins with its pixels and ends."""
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    begun = struct.pack(">I", 13) + ihdr + struct.pack(">I", zlib.crc32(ihdr))
    return MAGIC["png"] + begun + struct.pack(">I", 1000) + b"IDAT"


SOUND = {
    "pdf": saved(Image.new("RGB", (300, 200)), "PDF"),
    "jpeg": saved(Image.effect_noise((300, 200), 90), "jpeg"),
    "png": saved(Image.effect_noise((300, 200), 90), "png"),
}
MAGIC = {"pdf": b"%PDF-1.7\n", "jpeg": b"\xff\xd8\xff\xe0", "png": b"\x89PNG\r\n\x1a\n"}


@pytest.mark.parametrize("kind", SOUND)
def test_garbage_after_the_first_bytes_is_refused(inspect, kind):
    assert inspect(kind, MAGIC[kind] + b"\x00\xff garbage " * 500) == UNREADABLE


@pytest.mark.parametrize("kind", ["jpeg", "png"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_picture_is_refused(inspect, kind, share):
    assert inspect(kind, SOUND[kind][: int(len(SOUND[kind]) * share)]) == UNREADABLE


def test_a_truncated_pdf_is_refused(inspect):
    assert inspect("pdf", SOUND["pdf"][:200]) == UNREADABLE


@pytest.mark.parametrize("kind", SOUND)
def test_an_empty_file_is_refused(inspect, kind):
    assert inspect(kind, b"") == UNREADABLE


@pytest.mark.parametrize(("claimed", "real"), list(itertools.permutations(SOUND, 2)))
def test_a_file_of_another_kind_is_refused(inspect, claimed, real):
    assert inspect(claimed, SOUND[real]) == UNREADABLE


@pytest.mark.parametrize("kind", ["gif", "bmp", "tiff", "webp", "ppm", "eps", "icns"])
def test_no_other_parser_is_ever_asked(inspect, kind):
    content = BytesIO()
    Image.new("RGB", (32, 32)).save(content, kind)
    assert inspect("jpeg", content.getvalue()) == inspect("png", content.getvalue()) == UNREADABLE


@pytest.mark.parametrize(("width", "height"), [(10_000, 5_001), (51_000_000, 1), (2**31 - 1, 2**31 - 1)])
def test_more_than_fifty_megapixels_are_refused_by_the_header(inspect, width, height):
    assert inspect("png", header_only(width, height)) == Findings("too many pixels")


def test_fifty_megapixels_in_colour_are_within_all_limits(inspect):
    assert inspect("png", saved(Image.new("RGBA", (10_000, 5_000)), "png", compress_level=1)).trouble == ""


def test_a_picture_bomb_is_refused_before_it_is_unpacked(inspect):
    assert inspect("png", saved(Image.new("1", (12_000, 12_000)), "png")) == Findings("too many pixels")


def test_a_text_bomb_in_a_picture_is_refused(inspect):
    packed = zlib.compress(b"A" * 8 * MEGABYTE, 9)
    chunk = b"zTXtComment\x00\x00" + packed
    bomb = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    assert inspect("png", SOUND["png"][:33] + bomb + SOUND["png"][33:]) == UNREADABLE


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_bomb_in_a_pdf_hurts_only_the_child(inspect):
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(b" " * MEGABYTE) for _ in range(700)) + packer.flush()
    before = resident_bytes()
    assert inspect("pdf", one_page(packed, filters=b"/Filter /FlateDecode")).trouble in ("", "unreadable")
    assert resident_bytes() - before < 50 * MEGABYTE


def test_a_pdf_with_a_password_says_so(inspect):
    locked = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"41" * 32, b"42" * 32)
    content = pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] >>",
        locked,
        trailer=b"/Encrypt 4 0 R /ID [<00> <00>]",
    )
    assert inspect("pdf", content) == Findings("password")


def test_a_pdf_without_pages_is_refused(inspect):
    assert (
        inspect("pdf", pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>")) == UNREADABLE
    )


@pytest.mark.parametrize("count", [1_000_000, 40_000])
def test_a_pdf_that_claims_any_number_of_pages_breaks_no_table(inspect, count):
    findings = inspect("pdf", one_page(count=count))
    assert findings == UNREADABLE or findings.pages <= MAX_PAGES


@pytest.mark.parametrize("box", [b"0 0 1e12 1e12", b"0 0 99999999999 1", b"0 0 0 0", b"9 9 1 1", b"0 0 nan inf"])
def test_a_page_of_any_size_breaks_no_table(inspect, box):
    findings = inspect("pdf", one_page(box=box))
    assert findings == UNREADABLE or (0 <= findings.width <= MAX_EDGE and 0 <= findings.height <= MAX_EDGE)


def test_what_hangs_on_to_a_picture_is_not_in_ours(inspect):
    assert inspect("png", SOUND["png"] + b"PK\x03\x04<script>alert(1)</script>").trouble == ""
    drawn = (inspect.folder / "1.png").read_bytes()
    assert b"PK\x03\x04" not in drawn
    assert b"script" not in drawn


# --- the child itself -------------------------------------------------------------------------------------------------


@pytest.fixture
def child_runs(monkeypatch, tmp_path):
    """Let the child be the inspector with something changed in it."""

    def child_runs(code):
        script = tmp_path / "child"
        script.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(settings.BASE_DIR)!r})\n"
            f"from activities import inspector\nfrom activities.inspectors import confinement\n"
            f"{code}\ninspector.main(*sys.argv[3:])\n"
        )
        script.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(script))

    return child_runs


def test_a_child_that_is_only_itself_draws(inspect, child_runs):
    child_runs("")
    assert inspect("png", SOUND["png"]).trouble == ""


def test_a_child_that_wants_more_than_its_memory_means_refused(inspect, child_runs):
    child_runs("inspector.inspected = lambda *a: bytearray(600 * 2**20)")
    assert inspect("png", SOUND["png"]) == UNREADABLE


def test_a_child_that_computes_for_ever_is_ended(inspect, child_runs):
    child_runs("confinement.CPU_SECONDS = 1\ndef spin(*a):\n    while True: pass\ninspector.inspected = spin")
    assert inspect("png", SOUND["png"]) == UNREADABLE


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_child_that_dies_means_refused(inspect, child_runs, number):
    child_runs(
        "import os\nconfinement.confine = lambda *a: None\n"
        f"inspector.inspected = lambda *a: os.kill(os.getpid(), {int(number)})"
    )
    assert inspect("png", SOUND["png"]) == UNREADABLE


SAID = {"trouble": "", "pages": 1, "width": 1, "height": 1, "text": "", "facts": {}, "picture_hash": ""}


@pytest.fixture
def child_says(child_runs):
    """Let the child draw a picture, do something `more` and say this."""

    def child_says(said, more="pass"):
        child_runs(
            f"import os, pathlib\n"
            f"def main(kind, folder):\n"
            f"    folder = pathlib.Path(folder)\n"
            f"    (folder / '1.png').write_bytes({SOUND['png']!r})\n"
            f"    {more}\n"
            f"    (folder / 'findings.json').write_text({said!r})\n"
            f"inspector.main = main"
        )

    return child_says


def test_a_child_that_says_what_it_should_is_believed(inspect, child_says):
    child_says(json.dumps(SAID))
    assert inspect("png", b"") == Findings(width=1, height=1, facts={key: [] for key in inspection.FACTS})


@pytest.mark.parametrize(
    "said",
    [
        "",
        "no json",
        "[]",
        "{}{}",
        "null",
        '{"pages": 1, "evil": 2}',
        json.dumps(SAID | {"pages": "many"}),
        json.dumps(SAID | {"text": None}),
        json.dumps(SAID | {"text": 7}),
        json.dumps(SAID | {"facts": [1]}),
        json.dumps(SAID | {"facts": {"dates": [1]}}),
        json.dumps(SAID | {"facts": {"dates": 5}}),
        json.dumps(SAID | {"picture_hash": 5}),
        "[" * 100_000,
        json.dumps(SAID) + " " * inspection.MAX_SAID_BYTES,
    ],
)
def test_a_child_that_says_nonsense_means_refused(inspect, child_says, said):
    child_says(said)
    assert inspect("png", SOUND["png"]) == UNREADABLE


def test_no_more_is_believed_than_the_tables_hold(inspect, child_says):
    numbers = {"pages": 10**9, "width": -5, "height": 10**12}
    words = {"text": "a\x00b\ud800c" + "d" * 60_000, "picture_hash": "<b>"}
    facts = {"dates": ["x" * 999] * 99, "evil": ["y"]}
    child_says(json.dumps(SAID | numbers | words | {"facts": facts}))
    findings = inspect("png", b"")
    assert (findings.pages, findings.width, findings.height) == (MAX_PAGES, 0, MAX_EDGE)
    assert findings.text.startswith("abcd")
    assert len(findings.text) == inspection.MAX_TEXT
    assert findings.facts == {"dates": ["x" * 200] * 10, "hours": [], "titles": [], "names": []}
    assert findings.picture_hash == ""


@pytest.mark.parametrize(
    "more",
    [
        "os.remove(folder / '1.png'); os.symlink('/etc/passwd', folder / '1.png')",
        "os.remove(folder / '1.png'); os.mkdir(folder / '1.png')",
        "os.remove(folder / '1.png'); os.mkfifo(folder / '1.png')",
        "(folder / '1.png').write_bytes(b'<svg>')",
        "(folder / '1.png').write_bytes(b'')",
        "os.truncate(folder / '1.png', 10**8)",
        "os.remove(folder / '1.png')",
    ],
)
def test_what_a_child_passes_off_as_a_picture_is_not_handed_on(inspect, child_says, more):
    child_says(json.dumps(SAID), more)
    assert inspect("png", b"") == UNREADABLE
    assert inspect.pictures() == []


@pytest.fixture
def endless():
    """A file that never ends: the child reads `content`, the test writes to `end`."""
    read, write = os.pipe()
    with open(read, "rb") as content, open(write, "wb") as end:
        yield SimpleNamespace(content=content, end=end)


def test_a_child_that_is_late_is_killed(monkeypatch, endless, tmp_path):
    monkeypatch.setattr(inspection, "WALL_SECONDS", 0.5)
    assert inspection.inspect("png", endless.content, tmp_path) == UNREADABLE
    assert children() == []


def children():
    """The inspecting processes that this one has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            asked = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"activities.inspector" in asked:
            found.append(int(status.parent.name))
    return found


def test_a_child_killed_while_it_reads_means_refused_and_the_next_file_is_fine(inspect, endless, tmp_path):
    endless.end.write(SOUND["png"][:16])
    endless.end.flush()

    def kill_the_child():
        while not (found := children()):
            pass
        for child in found:
            os.kill(child, signal.SIGKILL)

    killer = threading.Thread(target=kill_the_child)
    killer.start()
    assert inspection.inspect("png", endless.content, tmp_path) == UNREADABLE
    killer.join()
    assert inspect("png", SOUND["png"]).trouble == ""


def test_the_child_gets_no_secrets(inspect, child_runs, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "hush")
    monkeypatch.setenv("DATABASE_URL", "postgres://hush")
    seen = tmp_path / "environment"
    child_runs(f"import os, pathlib\npathlib.Path({str(seen)!r}).write_text(repr(dict(os.environ)))")
    inspect("png", SOUND["png"])
    assert "PATH" in seen.read_text()
    assert "hush" not in seen.read_text()


WEB_PROCESS = """
import sys
import django
django.setup()
import onepoints.urls, activities.workflow
from django.core.files.uploadedfile import SimpleUploadedFile
from activities import uploads
accepted = uploads.accept(SimpleUploadedFile("photo.png", open(sys.argv[1], "rb").read()))
parsers = {"PIL", "pypdfium2", "pypdfium2_raw", "pi_heif", "pikepdf", "oxmsg", "olefile", "activities.inspector"}
print(accepted.findings.width, sorted(parsers & set(sys.modules)))
"""


def test_a_web_process_never_loads_what_parses_pictures(tmp_path):
    file = tmp_path / "photo.png"
    file.write_bytes(SOUND["png"])
    environment = {**os.environ, "ONEPOINTS_VAR": str(tmp_path / "var"), "DJANGO_SETTINGS_MODULE": "onepoints.settings"}
    web = subprocess.run(
        [sys.executable, "-c", WEB_PROCESS, str(file)],
        cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert web.stdout == "300 []\n", web.stderr
