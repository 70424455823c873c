"""What an hour is worth, and what a file of evidence may be. No queries, no clock."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from pathlib import PurePath

from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules import NotAllowed

QUARTER = Decimal("0.25")


def points_for(points: Decimal, quantity: Decimal) -> Decimal:
    """What `quantity` units are worth at `points` a unit: quarter steps, rounded down (handbook, "points")."""
    return (points * quantity / QUARTER).to_integral_value(ROUND_DOWN) * QUARTER


def check_quantity(quantity: Decimal) -> None:
    """Raises NotAllowed unless there is any."""
    if quantity <= 0:
        raise NotAllowed(_("How many has to be more than 0."))


def check_days(started_on: date | None, completed_on: date, today: date) -> None:
    """Raises NotAllowed unless the activity is over and its days are in order. `today` is the programme's."""
    if completed_on > today:
        raise NotAllowed(
            _("%(day)s has not come yet. Log the activity once it is over.") % {"day": date_format(completed_on)}
        )
    if started_on and started_on > completed_on:
        raise NotAllowed(_("The first day comes after the last day. Please check both."))


def has_evidence(*, files: int, statement_suffices: bool, held_at: object, title: str) -> bool:
    """Whether an activity proves itself: by a file or, where its type allows it, by date, time and title (rule 10)."""
    return files > 0 or bool(statement_suffices and held_at is not None and title.strip())


# --- files ----------------------------------------------------------------------------------------------------------

MEGABYTE = 1024 * 1024
MAX_PIXELS = 50_000_000
MAX_FILES_PER_ACTIVITY = 10
MAX_FILES_PER_PERSON = 200
MAX_UPLOADS_PER_HOUR = 30
MAX_BYTES_PER_PERSON = 500 * MEGABYTE


@dataclass(frozen=True)
class Kind:
    """A kind of file that evidence may be. `signature` matches from byte 0; mail has none but a first header."""

    name: str
    label: str
    extensions: tuple[str, ...]
    signature: re.Pattern[bytes]
    media_type: str
    max_bytes: int = 20 * MEGABYTE


def _begins(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


KINDS = (
    Kind("pdf", "PDF", (".pdf",), _begins(rb"%PDF-"), "application/pdf"),
    Kind("jpeg", "JPEG", (".jpg", ".jpeg"), _begins(rb"\xff\xd8\xff"), "image/jpeg"),
    Kind("png", "PNG", (".png",), _begins(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    Kind("heic", "HEIC", (".heic", ".heif"), _begins(rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)"), "image/heic"),
    Kind(
        "eml",
        "EML",
        (".eml",),
        _begins(rb"(?:\xef\xbb\xbf)?\r?\n?(?:>?From |[A-Za-z][\w.-]{1,80}[ \t]*:)"),
        "message/rfc822",
    ),
    Kind("msg", "MSG", (".msg",), _begins(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "application/vnd.ms-outlook"),
)
HEAD_BYTES = 128  # as many as the longest signature wants
ACCEPT = ",".join(extension for kind in KINDS for extension in kind.extensions)
WHAT_IS_ACCEPTED = format_lazy(
    gettext_lazy("A PDF, a picture or a saved mail ({kinds}), up to {most} MB"),
    kinds=", ".join(kind.label for kind in KINDS),
    most=max(kind.max_bytes for kind in KINDS) // MEGABYTE,
)

# What people send instead, and the way out for each.
_WAYS_OUT = {
    (".doc", ".docx", ".odt", ".rtf", ".pages", ".txt", ".md"): gettext_lazy(
        "This is a text document. Save it as PDF, or take a photo of the certificate."
    ),
    (".xls", ".xlsx", ".xlsm", ".ods", ".csv", ".numbers"): gettext_lazy("This is a spreadsheet. Save it as PDF."),
    (".ppt", ".pptx", ".odp", ".key"): gettext_lazy("This is a presentation. Save it as PDF."),
    (".webp", ".gif", ".bmp", ".tif", ".tiff", ".svg", ".avif", ".jp2", ".ico", ".psd", ".dng"): gettext_lazy(
        "This kind of picture is not accepted. Save it as JPEG or PNG."
    ),
    (".html", ".htm", ".mht", ".mhtml", ".webarchive", ".xps"): gettext_lazy("This is a saved page. Print it to PDF."),
    (".ics", ".vcs"): gettext_lazy(
        "This is a calendar entry. Save the mail that it came with, or state the date, time and title instead."
    ),
    (".emlx", ".mbox", ".pst", ".ost", ".oft"): gettext_lazy(
        "This is mail in another form. Save the one message as .eml or .msg, or print it to PDF."
    ),
    (".zip", ".rar", ".7z", ".gz", ".tar"): gettext_lazy(
        "This is an archive. Unpack it and add the certificate itself."
    ),
    (".mp4", ".mov", ".avi", ".mp3", ".m4a", ".webm"): gettext_lazy(
        "This is a recording. Take a picture of the certificate or of the screen."
    ),
    (".url", ".lnk", ".webloc"): gettext_lazy("This is only a link. Open it, and save the certificate itself."),
}


def kind_of(name: str, size: int, head: bytes) -> Kind:
    """The kind of a file by its name, size in bytes and first bytes. Raises NotAllowed with a way out."""
    extension = PurePath(name).suffix.lower()
    kind = next((k for k in KINDS if extension in k.extensions), None)
    if kind is None:
        raise NotAllowed(_way_out(extension))
    if size == 0:
        raise NotAllowed(_("This file is empty. Please choose it again, or export the certificate once more."))
    if size > kind.max_bytes:
        raise NotAllowed(
            _("This file has %(size)s MB; at most %(most)s MB are accepted. A smaller scan is enough.")
            % {"size": -(-size // MEGABYTE), "most": kind.max_bytes // MEGABYTE}
        )
    if not kind.signature.match(head):
        raise NotAllowed(
            _("This file is named %(extension)s but holds something else. Save it again as what it is: %(accepted)s.")
            % {"extension": extension, "accepted": WHAT_IS_ACCEPTED}
        )
    return kind


def _way_out(extension: str) -> str:
    for extensions, sentence in _WAYS_OUT.items():
        if extension in extensions:
            return str(format_lazy("{} {}.", sentence, WHAT_IS_ACCEPTED))
    return str(format_lazy(gettext_lazy("This kind of file cannot be read. {} is accepted."), WHAT_IS_ACCEPTED))


# Controls, direction marks, halves of pairs, private and unassigned characters, ends of lines and paragraphs.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean_name(name: str) -> str:
    """A file name fit to be shown: no path, no control or direction marks, at most 150 characters, suffix kept."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    name = "".join(c for c in name if unicodedata.category(c) not in _UNSEEN).strip(" .")
    path = PurePath(name or "evidence")
    suffix = path.suffix[:10]
    return path.stem[: 150 - len(suffix)] + suffix
