"""PDF: nothing in it may act on its own; its first pages are drawn and its words are read."""

import re
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
from PIL import Image

from activities.inspection import MAX_PICTURES, MAX_TEXT, PICTURE_EDGE, Findings
from activities.inspectors import carried, fingerprint

PAGES_READ = 10
MAX_FIELDS = 500
# Seconds of computing after which no further page is drawn: one slow drawing must not cost a person the certificate.
ENOUGH = 3.5
# Acrobat reads on from here; what is there must be ours to judge.
ACTIONS = {
    "/JavaScript",
    "/Launch",
    "/SubmitForm",
    "/ImportData",
    "/GoToE",
    "/Rendition",
    "/RichMediaExecute",
    "/GoTo3DView",
    "/Movie",
}
KEYS = {"/JS", "/JavaScript", "/XFA", "/RichMediaContent", "/RichMediaSettings"}
SUBTYPES = {"/RichMedia", "/3D", "/Movie"}
_NAMES = "|".join(sorted({name[1:] for name in {*ACTIONS, *KEYS, *SUBTYPES, "/EF", "/EmbeddedFile"}}, key=len)[::-1])
SUSPECT = re.compile(rf"/(?:{_NAMES})(?![0-9A-Za-z])".encode())
# An action as it stands in the bytes, also where no table of the file leads to it.
LOOSE_ACTION = re.compile(rf"/S\s*/(?:{'|'.join(sorted(name[1:] for name in ACTIONS))})(?![0-9A-Za-z])".encode())
ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


def inspect(kind: str, content: bytes, folder: Path) -> Findings:
    try:
        with _opened(content) as document:
            trouble = _trouble(document, content)
            return Findings(trouble) if trouble else _drawn(content, document, folder)
    except pikepdf.PasswordError:
        return Findings("password")


def _opened(content: bytes) -> pikepdf.Pdf:
    """The document, if need be pieced together from its objects, as viewers do when the table of them is wrong."""
    try:
        return pikepdf.open(BytesIO(content))
    except pikepdf.PasswordError:
        raise
    except pikepdf.PdfError:
        return pikepdf.open(BytesIO(content.replace(b"startxref", b"no table:")))


# --- what it would do -------------------------------------------------------------------------------------------------


def _trouble(document: pikepdf.Pdf, content: bytes) -> str:
    if carried.is_archive(content):
        return "two kinds"
    if LOOSE_ACTION.search(ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), content)):
        return "acts"
    for thing in (*document.objects, document.trailer):
        if not SUSPECT.search(_spelled_out(thing)):
            continue
        if isinstance(thing, pikepdf.Name):  # an action may point to its own name
            return "acts"
        trouble = next(filter(None, map(_trouble_of, _dictionaries(thing))), "")
        if trouble:
            return trouble
    return ""


def _spelled_out(thing: Any) -> bytes:
    """The object as the library writes it, names in their plain form: far quicker to search than to walk."""
    if isinstance(thing, pikepdf.Stream):
        thing = thing.stream_dict
    return thing.unparse(resolved=True) if isinstance(thing, pikepdf.Object) else b""


def _dictionaries(thing: Any) -> Iterator[Any]:
    """Every dictionary that stands directly in an object, as deep as it may be."""
    rest = [thing]
    while rest:
        thing = rest.pop()
        if isinstance(thing, (pikepdf.Dictionary, pikepdf.Stream)):
            yield thing
            rest += [value for _, value in thing.items() if _is_direct(value)]
        elif isinstance(thing, pikepdf.Array):
            rest += [value for value in thing if _is_direct(value)]


def _is_direct(value: Any) -> bool:
    return isinstance(value, pikepdf.Object) and not value.is_indirect


def _trouble_of(dictionary: Any) -> str:
    if not KEYS.isdisjoint(dictionary.keys()) or _name(dictionary, "/S") in ACTIONS:
        return "acts"
    if _name(dictionary, "/Subtype") in SUBTYPES:
        return "acts"
    return "" if all(carried.is_plain(*file) for file in _files_in(dictionary)) else "carries files"


def _name(dictionary: Any, key: str) -> str:
    value = dictionary.get(key)
    return str(value) if isinstance(value, pikepdf.Name) else ""


def _files_in(dictionary: Any) -> Iterator[tuple[str, bytes]]:
    """The files that the dictionary brings along, each under every name it has."""
    if _name(dictionary, "/Type") == "/EmbeddedFile" and isinstance(dictionary, pikepdf.Stream):
        yield "", dictionary.read_bytes()
    if isinstance(carrier := dictionary.get("/EF"), pikepdf.Dictionary):
        names = [str(dictionary[key]) for key in ("/F", "/UF", "/DOS", "/Unix", "/Mac") if key in dictionary]
        for _key, file in carrier.items():  # noqa: PERF102  it has no values()
            if isinstance(file, pikepdf.Stream):
                yield from ((name, file.read_bytes()) for name in names or [""])


# --- what it shows ----------------------------------------------------------------------------------------------------


def _drawn(content: bytes, document: pikepdf.Pdf, folder: Path) -> Findings:
    typed = _typed(document)
    try:
        return _draw(content, typed, folder)
    except pypdfium2.PdfiumError:  # what the one library repaired, the other may draw
        repaired = BytesIO()
        document.save(repaired)
        return _draw(repaired.getvalue(), typed, folder)


def _typed(document: pikepdf.Pdf) -> str:
    """What stands in the fields of a form: no page holds it as its own words."""
    form = document.Root.get("/AcroForm")
    rest = list(form.get("/Fields", [])) if isinstance(form, pikepdf.Dictionary) else []
    values = []
    for _ in range(MAX_FIELDS):
        if not rest:
            break
        field = rest.pop(0)
        if isinstance(field, pikepdf.Dictionary):
            rest += list(field.get("/Kids", []))
            values.append(str(field.V) if isinstance(field.get("/V"), pikepdf.String) else "")
    return "\n".join(filter(None, values))


def _draw(content: bytes, typed: str, folder: Path) -> Findings:
    document = pypdfium2.PdfDocument(content)
    if len(document) == 0:
        return Findings("unreadable")
    document.init_forms()  # what was typed into a form is part of the page
    width, height = document[0].get_size()
    text = f"{_text(document)}\n{typed}"
    first = _picture(document[0])
    first.save(folder / "1.png", "PNG")
    for number in range(2, min(len(document), MAX_PICTURES) + 1):
        if time.process_time() > ENOUGH:
            break
        _picture(document[number - 1]).save(folder / f"{number}.png", "PNG")
    return Findings(
        pages=len(document),
        width=round(width),
        height=round(height),
        text=text,
        picture_hash=fingerprint.of(first, text),
    )


def _picture(page: Any) -> Image.Image:
    scale = min(PICTURE_EDGE / max(*page.get_size(), 1), 4)
    picture: Image.Image = page.render(scale=scale).to_pil().convert("RGB")
    return picture


def _text(document: Any) -> str:
    """The words of the first pages, as far as they are words and not pictures of words."""
    pages: list[str] = []
    for number in range(min(len(document), PAGES_READ)):
        room = MAX_TEXT - sum(map(len, pages))
        if room <= 0 or time.process_time() > ENOUGH:
            break
        pages.append(document[number].get_textpage().get_text_bounded(errors="replace")[:room])
    return "\n\n".join(pages)
