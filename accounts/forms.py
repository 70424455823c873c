"""What a person may tell us about themselves."""

import zoneinfo
from functools import cache
from itertools import groupby

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User

NAME_HINT = _("As it stands on your certificates, so that evidence can be matched.")


@cache
def zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every zone this machine knows, by region; those without a place, such as UTC, come last."""
    zones = sorted(zoneinfo.available_timezones(), key=lambda zone: ("/" not in zone, zone))
    regions = groupby(zones, key=lambda zone: zone.rpartition("/")[0].split("/")[0])
    return [
        (region or str(_("Other")), [(zone, zone.split("/", 1)[-1].replace("_", " ")) for zone in group])
        for region, group in regions
    ]


class SignupNameForm(forms.Form):
    """The one thing sign-up asks besides e-mail and password."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        help_text=NAME_HINT,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def signup(self, request: object, user: User) -> None:
        """Called by allauth once the person exists; the adapter has kept the name already."""


class PreferencesForm(forms.ModelForm):
    """Name, zone, reminders."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("Times of day are shown in it. Deadlines are days of the programme’s own zone."),
    )

    class Meta:
        model = User
        fields = ["name", "time_zone", "reminders"]
        labels = {"name": _("Your name"), "reminders": _("Reminders before a certification ends")}
        help_texts = {"name": NAME_HINT}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"}), "reminders": forms.RadioSelect}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["time_zone"].choices = zone_choices()  # type: ignore[attr-defined]
