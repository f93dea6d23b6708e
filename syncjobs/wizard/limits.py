"""Step 3: which records sync. The e-mail box, a filter per side, the app's lists, and where to start."""

from typing import Any

from django import forms
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.records import Side
from syncjobs.models import LeavingPolicy, Sync
from syncjobs.services import drafts
from syncjobs.services.mappings import towards
from syncjobs.wizard.filters import FilterEditor
from syncjobs.wizard.lists import Lists
from syncjobs.wizard.page import StepPage


class LimitsForm(forms.ModelForm):
    start = forms.ChoiceField(
        choices=[
            ("everything", gettext_lazy("everything")),
            ("from_now", gettext_lazy("only what is new from now on")),
        ],
        label=gettext_lazy("Start with"),
    )

    class Meta:
        model = Sync
        fields = ["email_only", "leaving"]

    def __init__(self, data: Any, *, draft: Sync) -> None:
        super().__init__(data, instance=draft)
        fields: dict[str, Any] = self.fields
        fields["leaving"].choices = LeavingPolicy.choices
        fields["leaving"].label = _("A record that stops matching")
        fields["start"].initial = "from_now" if draft.start_from else "everything"
        fields["start"].widget.attrs["class"] = fields["leaving"].widget.attrs["class"] = "form-select"
        fields["email_only"].widget.attrs["class"] = "form-check-input"
        if drafts.email_pair(draft) is None:
            del self.fields["email_only"]

    def save(self, commit: bool = True) -> Sync:
        draft: Sync = self.instance
        if self.cleaned_data["start"] == "everything":
            draft.start_from = None
        elif draft.start_from is None:
            draft.start_from = now()
        return super().save(commit)


class LimitsPage(StepPage):
    key = "limits"
    label = gettext_lazy("Limits")
    heading = gettext_lazy("Limit which records sync")
    next_label = gettext_lazy("Next: map your fields")
    template = "syncjobs/setup/_limits.html"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.form = LimitsForm(self.data, draft=self.draft)
        self.lists = [found for side in (Side.APP, Side.HUB) if (found := Lists(self.draft, side, self.data)).shown]
        # Filters gate what a side gives, so only sides that give have one. App first: it is on the left.
        self.filters = [
            FilterEditor(self.draft, side, self.schemas.side(side), self.data)
            for side in (Side.APP, Side.HUB)
            if self.schemas and towards(self.draft.direction, side.other)
        ]

        self.parts: list[FilterEditor | Lists] = [*self.filters, *self.lists]

    def context(self) -> dict[str, Any]:
        return {
            "form": self.form,
            "lists": self.lists,
            "filters": [
                {
                    "editor": editor,
                    "source": self.draft.instance(editor.side).app,
                    "target": self.draft.instance(editor.side.other).app,
                    "noun": str(self.draft.instance(editor.side).app.kind(self.draft.kind(editor.side)).label).lower(),
                }
                for editor in self.filters
            ],
            "noun": self.draft.app_kind_info.noun,
        }

    def save(self) -> bool:
        # All of them are asked, so that all errors show at once.
        good = [self.form.is_valid(), *(part.is_valid() for part in self.parts)]
        if not all(good):
            self.errors.append(_("Nothing was saved yet: look at the marked places."))
            self.draft.refresh_from_db()
            return False
        for lists in self.lists:
            lists.save()
        self.form.save()
        for editor in self.filters:
            if editor.bound:
                editor.save()
        return True

    def complete(self) -> bool:
        for lists in self.lists:
            if lists.target_needed and not lists.draft.scope(lists.side).get("target_list") and not lists.problem:
                lists.errors["target"] = _("Choose where new records go.")
                self.errors.append(
                    _("Choose the %(list)s of %(app)s that new records go to.")
                    % {"list": lists.word, "app": lists.instance.app.name}
                )
        return not self.errors

    def act(self, verb: str, argument: str) -> bool:
        """Rows of a filter come, go and change (``app:…``, ``hub:…``), boxes of a list are ticked (``Lists.act``), or ``lists``
        asks for a redraw. What is complete is stored; the rest stays on the page without complaint."""
        for editor in self.filters:
            if verb == editor.side:
                editor.act(argument)
        for lists in self.lists:
            if argument == lists.side:
                lists.act(verb)
        if not self.save():
            for part in self.parts:
                part.forgive()
            if not any(lists.errors for lists in self.lists):
                self.errors.clear()
        return False
