"""What a reviewer fills in: a verdict on one activity, and the words of a decision."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from submissions import rules
from submissions.models import CountedActivity
from submissions.rules import ZERO, NotAllowed, Reason, Verdict

WORDS = forms.Textarea(attrs={"rows": 5})


class VerdictForm(forms.Form):
    """A verdict on one counted activity; errors stand at the field that can cure them."""

    verdict = forms.ChoiceField(choices=[(v, v.label) for v in Verdict if v != Verdict.PENDING])
    points = forms.DecimalField(
        label=_("Points"),
        required=False,
        widget=forms.NumberInput(attrs={"step": "0.25", "min": "0.25", "inputmode": "decimal"}),
    )
    reason = forms.ChoiceField(label=_("Reason"), required=False, choices=[("", _("Choose a reason")), *Reason.choices])
    words = forms.CharField(
        label=_("Words to the holder"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, counted: CountedActivity, **kwargs: Any) -> None:
        self.claimed = counted.points
        kwargs.setdefault("initial", _current(counted))
        super().__init__(*args, **{"auto_id": f"verdict-{counted.pk}-%s", **kwargs})

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        verdict = cleaned.get("verdict")
        if verdict and "points" in cleaned:
            self._check("points", verdict, cleaned["points"] or ZERO, Reason.OTHER)
        if verdict in (Verdict.FEWER, Verdict.REFUSED) and "reason" in cleaned:
            self._check("reason", Verdict.REFUSED, ZERO, cleaned["reason"])
        return cleaned

    def _check(self, field: str, verdict: str, points: Decimal, reason: str) -> None:
        try:
            rules.check_verdict(verdict, self.claimed, points, reason)
        except NotAllowed as no:
            self.add_error(field, no.sentence)


def _current(counted: CountedActivity) -> dict[str, Any]:
    points = counted.accepted_points.normalize() if counted.verdict == Verdict.FEWER else None
    return {"points": points, "reason": counted.reason, "words": counted.words}


class WordsForm(forms.Form):
    """A decision that needs words: without them the holder would not know why."""

    words = forms.CharField(
        label=_("Words to the holder"),
        max_length=5000,
        widget=WORDS,
        error_messages={"required": _("Please write a sentence to the holder: they will read it.")},
    )


class ApproveForm(forms.Form):
    """An approval, and the expiry date it was decided upon."""

    words = forms.CharField(
        label=_("Words to the holder"), help_text=_("Optional."), max_length=5000, required=False, widget=WORDS
    )
    from_day = forms.DateField(input_formats=["%Y-%m-%d"], widget=forms.HiddenInput)
