"""Where a file of evidence goes, and whether it may: extension, first bytes and a full parse must agree."""

import hashlib
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from activities import inspection, rules, storage
from activities.rules import NotAllowed

TROUBLES = {
    "unreadable": _(
        "This file cannot be opened; it may be damaged. Please export or photograph the certificate again."
    ),
    "password": _("This PDF asks for a password. Save a copy without one, for example by printing it to PDF."),
    "too many pixels": _(
        "This picture has more than 50 megapixels. A smaller one is enough: it only has to be readable."
    ),
}


@dataclass(frozen=True)
class Accepted:
    """A stored file: the fields of an Evidence row that come from the file itself."""

    kind: str
    shown_name: str
    size: int
    sha256: str
    file: str
    picture: str
    pages: int
    width: int
    height: int


def accept(upload: UploadedFile) -> Accepted:
    """Check the upload and store it with its picture. Raises NotAllowed with a sentence for the person."""
    name = rules.clean_name(upload.name or "")
    kind = rules.kind_of(name, upload.size or 0, _head(upload))
    with storage.together() as save, _on_disk(upload) as original, tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "picture.png"
        findings = inspection.inspect(kind.name, original, picture)
        if findings.trouble:
            raise NotAllowed(str(TROUBLES[findings.trouble]))
        stem = _random_stem()
        with original.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            content.seek(0)
            stored = save(f"{stem}{kind.extensions[0]}", File(content))
        with picture.open("rb") as content:
            drawn = save(f"{stem}.picture.png", File(content))
    return Accepted(
        kind=kind.name,
        shown_name=name,
        size=upload.size or 0,
        sha256=digest,
        file=stored,
        picture=drawn,
        pages=findings.pages,
        width=findings.width,
        height=findings.height,
    )


def _head(upload: UploadedFile) -> bytes:
    upload.seek(0)
    return upload.read(16)


@contextmanager
def _on_disk(upload: UploadedFile) -> Iterator[Path]:
    """The upload as a file that a child process can open."""
    with tempfile.NamedTemporaryFile(prefix="upload-") as copy:
        upload.seek(0)
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def _random_stem() -> str:
    """A name of ours that says nothing and cannot be guessed; two letters spread the files over folders."""
    token = secrets.token_hex(16)
    return f"{token[:2]}/{token}"
