"""Where a file of evidence goes, and whether it may: extension, first bytes and a full parse must agree."""

import hashlib
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from activities import inspection, rules, storage
from activities.inspection import Findings
from activities.rules import NotAllowed

TROUBLES = {
    "unreadable": _(
        "This file cannot be opened; it may be damaged. Please export or photograph the certificate again."
    ),
    "password": _("This PDF asks for a password. Save a copy without one, for example by printing it to PDF."),
    "too many pixels": _(
        "This picture has more than 50 megapixels. A smaller one is enough: it only has to be readable."
    ),
    "acts": _(
        "This PDF holds commands that could run on the computer of whoever opens it. Print it to PDF and add that copy."
    ),
    "carries files": _(
        "This PDF carries other files inside it. Print it to PDF and add that copy; if the certificate is one of the "
        "files inside, save it and add it by itself."
    ),
    "two kinds": _("This file is also an archive. Print it to PDF, or take a screenshot of it, and add that."),
    "no mail": _("This file is named like a mail but is none. Save the mail once more, or print it to PDF."),
    "carries program": _("This mail carries a program. Save it without its attachments, or print it to PDF."),
}


@dataclass(frozen=True)
class Accepted:
    """A stored file: its columns of an Evidence row, and the pictures of its further pages."""

    kind: str
    shown_name: str
    size: int
    sha256: str
    file: str
    picture: str
    further_pictures: tuple[str, ...]
    findings: Findings

    @property
    def columns(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("kind", "shown_name", "size", "sha256", "file", "picture")}
        return own | {name: getattr(self.findings, name) for name in FOUND}

    @property
    def files(self) -> list[str]:
        return [self.file, self.picture, *self.further_pictures]


# What the child found, as the columns are called.
FOUND = ("pages", "width", "height", "text", "facts", "picture_hash")


def accept(upload: UploadedFile) -> Accepted:
    """Check the upload and store it with its pictures. Raises NotAllowed with a sentence for the person."""
    name = rules.clean_name(upload.name or "")
    kind = rules.kind_of(name, upload.size or 0, _head(upload))
    with storage.together() as save, _copy(upload) as copy, tempfile.TemporaryDirectory(prefix="inspect-") as folder:
        findings = inspection.inspect(kind.name, copy, Path(folder))
        if findings.trouble:
            raise NotAllowed(str(TROUBLES.get(findings.trouble, TROUBLES["unreadable"])))
        stem, digest = _random_stem(), _digest(upload)
        stored = save(f"{stem}{kind.extensions[0]}", File(upload.file))
        pictures = [_save_picture(save, stem, path) for path in inspection.pictures(Path(folder))]
    return Accepted(
        kind=kind.name,
        shown_name=name,
        size=upload.size or 0,
        sha256=digest,
        file=stored,
        picture=pictures[0],
        further_pictures=tuple(pictures[1:]),
        findings=findings,
    )


def _head(upload: UploadedFile) -> bytes:
    upload.seek(0)
    return upload.read(rules.HEAD_BYTES)


@contextmanager
def _copy(upload: UploadedFile) -> Iterator[IO[bytes]]:
    """The upload as an open file that a child process can read, and only read."""
    with tempfile.NamedTemporaryFile(prefix="upload-") as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        with open(copy.name, "rb") as content:
            yield content


def _digest(upload: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _save_picture(save: Callable[[str, File], str], stem: str, path: Path) -> str:
    number = "" if path.stem == "1" else f"-{path.stem}"
    with path.open("rb") as content:
        return save(f"{stem}.picture{number}.png", File(content))


def _random_stem() -> str:
    """A name of ours that says nothing and cannot be guessed; two letters spread the files over folders."""
    token = secrets.token_hex(16)
    return f"{token[:2]}/{token}"
