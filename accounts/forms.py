"""What a person may tell us about themselves."""

import zoneinfo

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class SignupNameForm(forms.Form):
    """The one thing sign-up asks besides e-mail and password."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        help_text=_("As it stands on your certificates, so that evidence can be matched."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def signup(self, request: object, user: User) -> None:
        """Called by allauth once the person exists; the adapter has kept the name already."""


class PreferencesForm(forms.ModelForm):
    """Name, zone, reminders."""

    time_zone = forms.ChoiceField(label=_("Time zone"), help_text=_("Moments are shown in it."))

    class Meta:
        model = User
        fields = ["name", "time_zone", "reminders"]
        widgets = {"reminders": forms.RadioSelect}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["time_zone"].choices = [(z, z.replace("_", " ")) for z in sorted(zoneinfo.available_timezones())]  # type: ignore[attr-defined]
