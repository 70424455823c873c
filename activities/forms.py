"""The form in which a person logs or corrects an activity."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.db.models import Max
from django.utils.functional import cached_property
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from activities import hints, rules, workflow
from activities.fields import DayInput, KeysField, KindSelect, MultipleFileField, TimeInput, keep_files
from activities.hints import Hint
from activities.models import Activity, ActivityType, Evidence
from activities.rules import NotAllowed

# Fields that a proposal may fill.
PROPOSED = ("title", "completed_on", "quantity")

Versions = dict[str, list[ActivityType]]  # of each code that ever earned points, the newest version first


class ActivityForm(forms.Form):
    """What was it, what proves it, and when.

    Good files are kept aside while the form around them still has an error, and come back with it. What they say is
    proposed beside the fields, and filled in only where the person says so.
    """

    key = forms.CharField(required=False, widget=forms.HiddenInput, initial=uuid4)
    kept = KeysField[UUID](UUID)
    remove = KeysField[UUID](UUID)
    type = forms.ChoiceField(
        label=gettext_lazy("What was it?"),
        widget=KindSelect,
        error_messages={"required": gettext_lazy("Choose the kind of activity.")},
    )
    evidence = MultipleFileField(label=gettext_lazy("Evidence"), help_text=rules.WHAT_IS_ACCEPTED)
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=200,
        help_text=gettext_lazy("As it stands on the certificate or invitation."),
        error_messages={"required": gettext_lazy("Give it a title, so that you and the team recognise it.")},
    )
    completed_on = forms.DateField(
        label=gettext_lazy("Date"),
        widget=DayInput,
        help_text=gettext_lazy("Of several days, the last: it counts on that day."),
        error_messages={
            "required": gettext_lazy("On which day was it, or did it end?"),
            "invalid": gettext_lazy("Write the day as year-month-day, such as 2026-11-24."),
        },
    )
    started_on = forms.DateField(
        label=gettext_lazy("First day, if there were several"),
        required=False,
        widget=DayInput,
        error_messages={"invalid": gettext_lazy("Write the day as year-month-day, such as 2026-11-24.")},
    )
    quantity = forms.DecimalField(
        label=gettext_lazy("How many hours or days"),
        required=False,
        min_value=rules.QUARTER,
        max_value=500,
        max_digits=6,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal"}),
        error_messages={"invalid": gettext_lazy("Write a number, such as 2 or 1.5.")},
    )
    held_at = forms.TimeField(
        label=gettext_lazy("Time of day it began"),
        required=False,
        widget=TimeInput,
        error_messages={"invalid": gettext_lazy("Write the time as hours and minutes, such as 14:30.")},
    )

    def __init__(
        self, user: User, *args: Any, at: datetime, today: date, activity: Activity | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.at, self.today, self.activity = user, at, today, activity
        self.kept_aside: list[Evidence] = []
        self.has_read = False
        self.attached = list(Evidence.objects.filter(activity=activity)) if activity else []
        self.versions = _versions(today)
        self._offer_kinds()
        for name in ("completed_on", "started_on"):
            self.fields[name].widget.attrs["max"] = today.isoformat()

    # --- what it offers -----------------------------------------------------------------------------------------------

    def _offer_kinds(self) -> None:
        newest = {code: versions[0] for code, versions in self.versions.items()}
        if self.activity:
            newest.setdefault(self.activity.type.code, self.activity.type)
        field = self.fields["type"]
        field.widget.versions = self.versions
        field.choices = [  # type: ignore[attr-defined]
            ("", _("Choose…")),
            *_used_last(self.user, newest),
            *_by_category(list(newest.values())),
        ]
        # Help texts are shown as the HTML they are.
        self.fields["quantity"].help_text = _("Only for: %(kinds)s.") % {
            "kinds": escape("; ".join(t.name for t in newest.values() if t.asks_quantity))
        }
        self.fields["held_at"].help_text = _("Date, time and title are evidence enough for: %(kinds)s.") % {
            "kinds": escape("; ".join(t.name for t in newest.values() if t.statement_suffices))
        }

    @property
    def proof(self) -> list[Evidence]:
        """What will prove the activity, as far as it is here."""
        return [evidence for evidence in (*self.kept_aside, *self.attached) if evidence.pk not in self.ticked]

    @cached_property
    def hints(self) -> dict[str, Hint]:
        """Field → what the files say of it."""
        kind = next(iter(self.versions.get(str(self["type"].value()), [])), None)
        asks_hours = kind is None or kind.unit == ActivityType.Unit.HOUR
        return {
            "type": hints.for_kind(self.proof, kind) if kind else Hint(),
            "title": hints.for_title(self.proof, str(self["title"].value() or "").strip()),
            "completed_on": hints.for_day(self.proof, self._typed("completed_on"), self.today),
            "quantity": hints.for_hours(self.proof, self._typed("quantity")) if asks_hours else Hint(),
        }

    @property
    def what_was_read(self) -> str:
        """What came of reading the files, in a sentence."""
        if any(hint.proposals or hint.difference for hint in self.hints.values()):
            return _("Read. What was found stands beside the fields below.")
        if any(evidence.facts.get(fact) for evidence in self.proof for fact in ("dates", "hours", "titles")):
            return _("Read. What you entered is what it says.")
        return _("Kept, but no date, hours or title could be read from it. Please fill them in yourself.")

    def _typed(self, name: str) -> Any:
        """What stands in a field, if it can be understood."""
        try:
            return self.fields[name].to_python(self[name].value())
        except forms.ValidationError:
            return None

    # --- what it checks -----------------------------------------------------------------------------------------------

    def clean_title(self) -> str:
        return " ".join(self.cleaned_data["title"].split())

    def clean_completed_on(self) -> date:
        day: date = self.cleaned_data["completed_on"]
        self._check("completed_on", lambda: rules.check_days(None, day, self.today))
        return day

    def clean_started_on(self) -> date | None:
        first: date | None = self.cleaned_data["started_on"]
        last: date | None = self.cleaned_data.get("completed_on")
        if first and last:
            self._check("started_on", lambda: rules.check_days(first, last, max(last, self.today)))
        return first

    def clean_quantity(self) -> Any:
        quantity = self.cleaned_data["quantity"]
        versions = self.versions.get(self.cleaned_data.get("type", ""))
        if quantity is None and versions and versions[0].asks_quantity:
            raise forms.ValidationError(_("How many was it? Quarters are fine, such as 1.5."))
        return quantity

    def clean_evidence(self) -> list[Evidence]:
        """Keep good files aside; say of each other one why not."""
        removed = set(self.cleaned_data["remove"])
        for evidence in Evidence.objects.of(self.user).kept_aside().filter(pk__in=self.cleaned_data["kept"]):
            if evidence.pk in removed:
                workflow.remove_evidence(evidence)
            else:
                self.kept_aside.append(evidence)
        staying = len(self.kept_aside) + sum(e.pk not in removed and not e.harmful for e in self.attached)
        kept, refused = keep_files(
            self.user, self.cleaned_data["evidence"], room=rules.MAX_FILES_PER_ACTIVITY - staying, at=self.at
        )
        self.kept_aside += kept
        if refused:
            raise forms.ValidationError(refused)
        return self.kept_aside

    def clean(self) -> dict[str, Any]:
        code, day = self.cleaned_data.get("type"), self.cleaned_data.get("completed_on")
        if code and day and not self._stays_as_it_was(code, day):
            self._check("type", lambda: workflow.type_on(code, day))
        return self.cleaned_data

    def _stays_as_it_was(self, code: str, day: date) -> bool:
        return bool(self.activity and self.activity.type.code == code and self.activity.completed_on == day)

    def _check(self, field: str, rule: Any) -> None:
        try:
            rule()
        except NotAllowed as no:
            self.add_error(field, no.sentence)

    def read_files(self) -> None:
        """Keep the files aside and look into them. Nothing else is asked yet, so nothing else can be wrong."""
        self.has_read = True
        for name in set(self.errors) - {"evidence"}:
            del self.errors[name]
        if not self.errors and not self.proof:
            self.add_error("evidence", _("Choose a file first, then it can be read."))

    # --- what comes of it ---------------------------------------------------------------------------------------------

    @property
    def key_sent(self) -> UUID | None:
        """The key of the form as it was posted, before anything else of it is looked at."""
        return next(iter(KeysField[UUID](UUID).clean([self.data.get(self.add_prefix("key"), "")])), None)

    @property
    def ticked(self) -> list[UUID]:
        """Attached files that the person has marked for removal."""
        return self.cleaned_data.get("remove", []) if self.is_bound else []

    @property
    def entry(self) -> workflow.Entry:
        said = self.cleaned_data
        return workflow.Entry(
            code=said["type"],
            title=said["title"],
            completed_on=said["completed_on"],
            started_on=said["started_on"],
            held_at=said["held_at"],
            quantity=said["quantity"] or Decimal(1),
        )

    @property
    def evidence_ids(self) -> list[UUID]:
        return [evidence.pk for evidence in self.kept_aside]


def _versions(today: date) -> Versions:
    order = list(ActivityType.Category.values)
    every = ActivityType.objects.filter(valid_from__lte=today).order_by("code", "-valid_from")
    found: Versions = {}
    for version in sorted(every, key=lambda version: order.index(version.category)):
        found.setdefault(version.code, []).append(version)
    return {code: versions for code, versions in found.items() if any(v.is_eligible for v in versions)}


def _used_last(user: User, newest: dict[str, ActivityType]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The three kinds the person logged last, as a group of their own."""
    codes = (
        Activity.objects.of(user)
        .values_list("type__code", flat=True)
        .annotate(last=Max("logged_at"))
        .order_by("-last")[:3]
    )
    kinds = [(code, newest[code].name) for code in codes if code in newest]
    return [(_("Used last"), kinds)] if kinds else []


def _by_category(kinds: Sequence[ActivityType]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (str(ActivityType.Category(category).label), [(kind.code, kind.name) for kind in group])
        for category, group in groupby(kinds, key=lambda kind: kind.category)
    ]


def initial_of(activity: Activity) -> dict[str, Any]:
    """The form as the activity stands."""
    return {
        "type": activity.type.code,
        "title": activity.title,
        "completed_on": activity.completed_on,
        "started_on": activity.started_on,
        "quantity": activity.quantity.normalize() if activity.type.asks_quantity else None,
        "held_at": activity.held_at,
    }


def initial_like(activity: Activity) -> dict[str, Any]:
    """The form for one more of the same kind: another day, so other evidence."""
    return {key: value for key, value in initial_of(activity).items() if key in {"type", "title", "quantity"}}
