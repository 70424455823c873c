"""Where files of evidence are kept on a disk, and how they get there whole or not at all."""

import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils.translation import gettext as _

from activities.rules import NotAllowed

log = logging.getLogger(__name__)


class PrivateFiles:
    """Evidence has no address: a view hands each file to the people who may see it."""

    def url(self, name: str | None, *args: object, **named: object) -> str:
        raise NotImplementedError("Evidence has no address of its own.")


class EvidenceStorage(PrivateFiles, FileSystemStorage):
    """Writes aside, flushes to the disk, then gives the final name: a full disk leaves no half file under it."""

    def _save(self, name: str, content: File) -> str:
        final = Path(self.path(name))
        for folder in (Path(self.location), final.parent):  # each by itself: the mode is not for parents
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=".part-", dir=final.parent)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            Path(aside).rename(final)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        return name

    def stored_before(self, moment: datetime) -> Iterator[str]:
        """The names of all files last written before `moment`."""
        for folder, _folders, names in os.walk(self.location):
            for path in (Path(folder) / name for name in names):
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) < moment:
                    yield path.relative_to(self.location).as_posix()


@contextmanager
def together() -> Iterator[Callable[[str, File], str]]:
    """Gives a `save(name, content)` for files that belong together: when one cannot be stored, none stays.

    Raises NotAllowed with a sentence for the person, who is not to blame.
    """
    stored: list[str] = []

    def save(name: str, content: File) -> str:
        stored.append(default_storage.save(name, content))
        return stored[-1]

    try:
        yield save
    except OSError as trouble:
        log.exception("A file of evidence could not be stored")
        discard(stored)
        raise NotAllowed(
            _("We could not store this file just now; that is our fault. Please add it again in a few minutes.")
        ) from trouble


def discard(names: Iterable[str]) -> None:
    """Delete files that have no row; what cannot be deleted now, the sweep finds."""
    for name in names:
        try:
            default_storage.delete(name)
        except Exception:
            log.exception("%s could not be deleted", name)


def stored_before(moment: datetime) -> Iterator[str]:
    """The names of all files, wherever they are kept, that were last written before `moment`."""
    found: Iterator[str] = default_storage.stored_before(moment)  # type: ignore[attr-defined]
    return found
