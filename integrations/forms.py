"""Forms of the directory and connect pages. What a key form asks for is the app's business: its ways in say it."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from integrations import cards
from integrations.models import AppInstance
from integrations.registry import KeyField, WayIn


class DirectoryForm(forms.Form):
    """The search and facets of the directory; all optional, an unknown object finds nothing rather than failing."""

    q = forms.CharField(label=_("Search apps"), required=False, max_length=100)
    object = forms.CharField(label=_("Object"), required=False, max_length=40)
    real_time = forms.BooleanField(label=_("Real time only"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].widget = forms.TextInput(
            attrs={"type": "search", "class": "form-control", "placeholder": _("Search apps"), "autocomplete": "off"}
        )
        choices = [("", _("Any object")), *cards.concepts()]
        self.fields["object"].widget = forms.Select(choices=choices, attrs={"class": "form-select"})
        self.fields["real_time"].widget.attrs["class"] = "form-check-input"

    def asked(self) -> dict[str, Any]:
        """What ``cards.find`` takes; text that is too long asks for nothing."""
        self.is_valid()
        data = self.cleaned_data
        return {
            "q": data.get("q", ""),
            "concept": data.get("object", ""),
            "real_time": data.get("real_time", False),
        }


class ConnectForm(forms.Form):
    """One way in to one app: an optional label, then the inputs that the way in names.

    ``values`` (after validation) are the inputs by name. Secrets are never sent back to the browser, so after an error
    they are typed again; everything else stays.
    """

    label = forms.CharField(
        label=_("Label"),
        required=False,
        max_length=120,
        help_text=_("Optional. A name for this account on Syncline's pages, for example “EMEA production”."),
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )

    def __init__(self, way_in: WayIn, data: Any = None, *, label: str = "", with_label: bool = True) -> None:
        super().__init__(data, initial={"label": label})
        if not with_label:
            del self.fields["label"]
        self.key_fields = way_in.fields
        for key_field in way_in.fields:
            self.fields[key_field.name] = _input(key_field)
        self.order_fields([*(key_field.name for key_field in way_in.fields), "label"])

    @property
    def values(self) -> dict[str, str]:
        return {key_field.name: self.cleaned_data[key_field.name] for key_field in self.key_fields}


def _input(key_field: KeyField) -> forms.Field:
    attrs = {"class": "form-control", "autocomplete": "off", "spellcheck": "false"}
    validators = []
    if key_field.shape:
        attrs |= {"pattern": key_field.shape, "title": str(key_field.shape_words)}
        validators = [RegexValidator(rf"^(?:{key_field.shape})$", str(key_field.shape_words))]
    widget = forms.PasswordInput(attrs=attrs, render_value=False) if key_field.secret else forms.TextInput(attrs=attrs)
    return forms.CharField(
        label=str(key_field.label),
        help_text=str(key_field.help),
        required=key_field.required,
        max_length=2000,
        widget=widget,
        validators=validators,
    )


class RenameForm(forms.ModelForm):
    class Meta:
        model = AppInstance
        fields = ["label"]
        widgets = {"label": forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"})}
