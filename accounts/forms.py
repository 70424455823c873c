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
    """Every zone a person may live in, by region; the technical ones without a place are left out."""
    zones = sorted(z for z in zoneinfo.available_timezones() if "/" in z and not z.startswith(("Etc/", "SystemV/")))
    regions = groupby(zones, key=lambda zone: zone.split("/", 1)[0])
    return [(region, [(z, z.split("/", 1)[1].replace("_", " ")) for z in group]) for region, group in regions]


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
