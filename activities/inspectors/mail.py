"""Saved mails (.eml): who wrote what to whom and when, as text. Nothing remote, no pictures, no programs."""

import re
from collections.abc import Callable, Iterator
from email import policy
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from html import unescape
from pathlib import Path
from typing import TypeVar

from activities.inspection import MAX_TEXT, Findings, plain
from activities.inspectors import carried, fingerprint, typeset

Value = TypeVar("Value")

HEADERS = ("From", "To", "Date", "Subject")
ESSENTIAL = ("From", "Date", "Subject")
ENOUGH_ESSENTIALS = 2  # drafts have no date, some mails no subject
BLANK_LINES = re.compile(r"\r?\n(?:[ \t\xa0]*\r?\n){2,}")
MAX_HEADER = 500  # characters shown
MAX_NAMES = 20  # of attachments shown
MAX_PARTS = 2_000
MAX_DEPTH = 20


def inspect(kind: str, content: bytes, folder: Path) -> Findings:
    mail = BytesParser(policy=policy.compat32).parsebytes(content)
    if sum(bool(mail.get(name)) for name in ESSENTIAL) < ENOUGH_ESSENTIALS:
        return Findings("no mail")
    parts = _parts(mail)
    if any(carried.is_program(_file_name(part), _content(part)) for part in parts if not part.is_multipart()):
        return Findings("carries program")
    return drawn("\n\n".join(_letters(mail, parts)), folder)


def drawn(text: str, folder: Path) -> Findings:
    """A mail as we show it: its text, and the same on paper."""
    text = plain(text)
    pages = typeset.pages(text, folder)
    width, height = pages[0].size
    return Findings(
        pages=len(pages), width=width, height=height, text=text, picture_hash=fingerprint.of(pages[0], text)
    )


def spelled(headers: dict[str, str], body: str, attached: list[str]) -> str:
    """A letter: its head, what it says, what came with it."""
    head = [f"{name}: {_on_one_line(value)}" for name, value in headers.items() if value]
    names = [_on_one_line(name) for name in attached[:MAX_NAMES]]
    if len(attached) > MAX_NAMES:
        names.append(f"+ {len(attached) - MAX_NAMES}")
    tail = [f"Attached: {', '.join(names)}"] if names else []
    return "\n\n".join(["\n".join(head), BLANK_LINES.sub("\n\n", body).strip()[:MAX_TEXT], *tail])


def attempt(read: Callable[[], Value], otherwise: Value) -> Value:
    """Mails break every rule there is; what one part gets wrong hides nothing of the rest."""
    try:
        return read()
    except Exception:  # noqa: BLE001  one of dozens of errors, and each means the same: this part cannot be read
        return otherwise


def _on_one_line(value: str) -> str:
    return " ".join(value.split())[:MAX_HEADER]


# --- the parts of a mail ----------------------------------------------------------------------------------------------


def _parts(mail: Message) -> list[Message]:
    """Every part, in order. Raises ValueError when there are more, or deeper ones, than any honest mail has."""
    found: list[Message] = []
    rest = [(mail, 0)]
    while rest:
        part, depth = rest.pop()
        found.append(part)
        if len(found) > MAX_PARTS or depth > MAX_DEPTH:
            raise ValueError("more parts than a mail has")
        inner = part.get_payload()
        if isinstance(inner, list):
            rest += [(child, depth + 1) for child in reversed(inner) if isinstance(child, Message)]
    return found


def _letters(mail: Message, parts: list[Message]) -> Iterator[str]:
    """The mail, then each one that was forwarded inside it."""
    starts = [0, *(n for n, part in enumerate(parts) if n and _is_forwarded(parts, n))]
    for start, end in zip(starts, [*starts[1:], len(parts)], strict=True):
        yield _letter(parts[start], parts[start:end])


def _is_forwarded(parts: list[Message], number: int) -> bool:
    before = parts[number - 1]
    return before.get_content_type() == "message/rfc822" and before.get_payload() == [parts[number]]


def _letter(letter: Message, parts: list[Message]) -> str:
    leaves = [part for part in parts if not part.is_multipart()]
    attached = [name for name in map(_file_name, leaves) if name]
    bodies = [part for part in leaves if not _is_attached(part)]
    return spelled({name: _header(letter, name) for name in HEADERS}, _body(bodies), attached)


def _body(parts: list[Message]) -> str:
    """The plain text; where there is none, or it says nothing, the HTML as text."""
    for kind, read in (("text/plain", _text), ("text/html", lambda part: text_of_html(_text(part)))):
        text = "\n\n".join(read(part).strip() for part in parts if part.get_content_type() == kind).strip()
        if text:
            return text
    return ""


def _is_attached(part: Message) -> bool:
    return attempt(lambda: part.get_content_disposition() == "attachment", otherwise=True)


def _header(letter: Message, name: str) -> str:
    return header_text(str(letter.get(name) or ""))


def _file_name(part: Message) -> str:
    return header_text(attempt(lambda: part.get_filename() or "", "?"))


def header_text(raw: str) -> str:
    """A header as people read it: `=?utf-8?q?M=C3=BCller?=` is Müller."""
    raw = raw[: 4 * MAX_HEADER]
    return attempt(lambda: "".join(_decoded(words, charset) for words, charset in decode_header(raw)), raw)


def _content(part: Message) -> bytes:
    content = attempt(lambda: part.get_payload(decode=True), None)
    return content if isinstance(content, bytes) else b""


def _text(part: Message) -> str:
    return _decoded(_content(part)[: 8 * MAX_TEXT], attempt(part.get_content_charset, None))


def _decoded(words: bytes | str, charset: str | None) -> str:
    """Bytes as text by the charset they claim, else by the likeliest."""
    if isinstance(words, str):
        return words
    for name in (charset, "utf-8"):
        text = attempt(lambda name=name: words.decode(name), None) if name else None  # type: ignore[misc]
        if isinstance(text, str):
            return text
    return words.decode("latin-1" if charset is None else "utf-8", errors="replace")


# --- HTML as text -----------------------------------------------------------------------------------------------------

# The parser of the standard library takes time squared over what is never closed; this one reads each letter once.
PIECE = re.compile(r"<!--|<(?P<end>/?)(?P<tag>[a-zA-Z][\w:-]*)[^<>]*>|<[!?/][^<>]*>|[^<]+|<")
BLOCKS = {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "hr"}
CELLS = {"td", "th"}
SILENT = {
    tag: re.compile(f"</{tag}", re.IGNORECASE)
    for tag in ("script", "style", "title", "template", "svg", "object", "iframe")
}


def text_of_html(source: str) -> str:
    """What a reader of the page would read, in lines."""
    lines = (" ".join(line.split()) for line in "".join(_words(source)).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _words(source: str) -> Iterator[str]:
    place = 0
    while piece := PIECE.match(source, place):
        place = piece.end()
        tag = (piece["tag"] or "").lower()
        if piece[0] == "<!--":
            place = _after(source.find("-->", place), source)
        elif tag in SILENT and not piece["end"]:
            end = SILENT[tag].search(source, place)
            place = end.start() if end else len(source)
        elif tag in BLOCKS or tag in CELLS:
            yield "\n" if tag in BLOCKS else " "
        elif not piece[0].startswith("<") or len(piece[0]) == 1:
            yield unescape(piece[0]).replace("\n", " ")


def _after(end: int, source: str) -> int:
    """Behind a comment that ends there, or behind everything where it never does."""
    return len(source) if end < 0 else end + len("-->")
