"""Form fields for activities: the kinds to choose from, files of evidence, and rows that a page names again."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from accounts.models import User
from activities import rules, workflow
from activities.models import ActivityType, Evidence
from activities.rules import NotAllowed

Key = TypeVar("Key")
LARGEST_ID = 2**63 - 1  # of a row, in every database


class DayInput(forms.DateInput):
    """The browser's own calendar; it reads and writes days in one form only."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%H:%M")


class KindSelect(forms.Select):
    """The catalogue as a list; each option carries what the page's script needs to know of it."""

    versions: Mapping[str, Sequence[ActivityType]] = {}  # of each code, the newest first

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        versions = self.versions.get(str(value))
        if versions:
            option["attrs"].update(_spelled_out(versions))
        return option


def _spelled_out(versions: Sequence[ActivityType]) -> dict[str, str]:
    newest = versions[0]
    return {
        "data-versions": json.dumps([[v.valid_from.isoformat(), float(v.points), v.is_eligible] for v in versions]),
        "data-unit": newest.unit if newest.asks_quantity else "",
        "data-statement": "yes" if newest.statement_suffices else "",
        "data-evidence": newest.evidence,
    }


class KeysField(forms.Field, Generic[Key]):
    """The rows that a page names again. What is no name at all is passed over; whose row it is, the query says."""

    widget = forms.MultipleHiddenInput

    def __init__(self, kind: Callable[[str], Key], **kwargs: Any) -> None:
        self.kind = kind
        super().__init__(**{"required": False, **kwargs})

    def to_python(self, value: Iterable[Any] | None) -> list[Key]:
        found = []
        for text in value or []:
            try:
                found.append(self.kind(str(text)))
            except ValueError:
                continue
        return found


def row_id(text: str) -> int:
    """The id of a row. Raises ValueError for what no database could hold."""
    number = int(text)
    if not 0 < number <= LARGEST_ID:
        raise ValueError(text)
    return number


class ManyFilesInput(forms.FileInput):
    allow_multiple_selected = True


class MultipleFileField(forms.FileField):
    """Any number of files, as a list. What a file is, and whether it may stay, `keep_files` finds out."""

    widget = ManyFilesInput

    def __init__(self, **kwargs: Any) -> None:
        widget = ManyFilesInput(attrs={"accept": rules.ACCEPT})
        super().__init__(**{"required": False, "allow_empty_file": True, "widget": widget, **kwargs})

    def clean(self, data: Sequence[UploadedFile] | None, initial: Any = None) -> list[UploadedFile]:
        return [super(MultipleFileField, self).clean(file, initial) for file in data or []]


def keep_files(
    holder: User, uploads: Iterable[UploadedFile], *, room: int, at: datetime
) -> tuple[list[Evidence], list[str]]:
    """Keep each good file aside, and say of each other one why not. `room` is how many more the activity holds."""
    kept: list[Evidence] = []
    refused = []
    for upload in uploads:
        try:
            _check_room(room - len(kept))
            kept.append(workflow.keep_aside(holder, upload, at=at))
        except NotAllowed as no:
            refused.append(f"{rules.clean_name(upload.name or '')}: {no.sentence}")
    return kept, refused


def _check_room(room: int) -> None:
    if room <= 0:
        raise NotAllowed(
            _("An activity holds at most %(most)s files. Take one away first, or put several pages into one PDF.")
            % {"most": rules.MAX_FILES_PER_ACTIVITY}
        )
