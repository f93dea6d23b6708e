from functools import cache
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Account, Invitation, Role


@cache  # reads some hundred files
def zones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name or name == "UTC"]


class AccountForm(forms.ModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zones, help_text=_("For mails and schedules."))

    class Meta:
        model = Account
        fields = ["name", "time_zone"]
        labels = {"name": _("Account name")}
        help_texts = {"name": _("Usually your company's name. You can change it later.")}


class InvitationForm(forms.ModelForm):
    class Meta:
        model = Invitation
        fields = ["email", "role"]
        labels = {"email": _("E-mail address"), "role": _("Role")}


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)
