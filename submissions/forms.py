"""The forms in which a person asks for an extension, and answers what the team asks back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from activities import rules as activity_rules
from activities.fields import KeysField, MultipleFileField, keep_files, row_id
from submissions import workflow
from submissions.models import CountedActivity, Submission
from submissions.rules import NotAllowed


class ChoiceForm(forms.Form):
    """Which activities a request counts, and words to the team. Whether they may be counted, the workflow says."""

    activity = KeysField[int](row_id)
    words = forms.CharField(
        label=_("Anything the team should know? (optional)"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    @property
    def chosen(self) -> set[int]:
        return set(self.cleaned_data.get("activity", []))


class AskForm(ChoiceForm):
    """Sending it twice, by a double click or a replay, makes one request: it carries a key."""

    @property
    def key(self) -> UUID:
        sent = KeysField[UUID](UUID).clean([self.data.get("key", "")])
        return sent[0] if sent else workflow.new_key()


class AnswerForm(ChoiceForm):
    """Beside each activity of the request a field for more evidence."""

    def __init__(self, submission: Submission, counted: Iterable[CountedActivity], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.submission, self.counted = submission, list(counted)
        for one in self.counted:
            self.fields[_files_of(one)] = MultipleFileField(
                label=_("Add evidence"), help_text=activity_rules.WHAT_IS_ACCEPTED
            )

    def rows(self) -> list[tuple[CountedActivity, forms.BoundField]]:
        return [(one, self[_files_of(one)]) for one in self.counted]

    def add_files(self, *, at: datetime) -> int:
        """Give each activity its good new files and say of the others why not. Returns how many were added."""
        return sum(self._add_files(one, at=at) for one in self.counted)

    def _add_files(self, one: CountedActivity, *, at: datetime) -> int:
        name = _files_of(one)
        room = activity_rules.MAX_FILES_PER_ACTIVITY - sum(not e.harmful for e in one.activity.evidence_files.all())
        kept, refused = keep_files(self.submission.holder, self.cleaned_data.get(name, []), room=room, at=at)
        for sentence in refused:
            self.add_error(name, sentence)
        if not kept:
            return 0
        try:
            workflow.add_evidence(self.submission, one.activity, [evidence.pk for evidence in kept])
        except NotAllowed as no:
            self.add_error(name, no.sentence)
            return 0
        return len(kept)


def _files_of(counted: CountedActivity) -> str:
    return f"files_{counted.activity_id}"
