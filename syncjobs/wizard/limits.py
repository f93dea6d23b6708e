"""Step 3: which records sync. The e-mail box, a filter per side, the app's lists, and where to start."""

from typing import Any

from django import forms
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.errors import ConnectorError
from integrations.models import AppInstance
from integrations.records import Container, Side
from integrations.services import schemas as app_schemas
from syncjobs.models import LeavingPolicy, Sync
from syncjobs.services import drafts
from syncjobs.services.mappings import towards
from syncjobs.wizard.filters import FilterEditor
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
        self.fields["leaving"].choices = LeavingPolicy.choices
        self.fields["leaving"].label = _("A record that stops matching")
        self.fields["start"].initial = "from_now" if draft.start_from else "everything"
        self.fields["start"].widget.attrs["class"] = self.fields["leaving"].widget.attrs["class"] = "form-select"
        self.fields["email_only"].widget.attrs["class"] = "form-check-input"
        if drafts.email_pair(draft) is None:
            del self.fields["email_only"]

    def save(self, commit: bool = True) -> Sync:
        draft: Sync = self.instance
        if self.cleaned_data["start"] == "everything":
            draft.start_from = None
        elif draft.start_from is None:
            draft.start_from = now()
        return super().save(commit)


class Lists:
    """The lists of one side that bound the sync: those it reads from, and the one that new records go to."""

    def __init__(self, draft: Sync, side: Side, data: Any) -> None:
        self.draft, self.side, self.data = draft, side, data
        self.instance = draft.instance(side)
        self.ability = self.instance.app.abilities(draft.kind(side))
        self.word = self.ability.containers or _("list")
        self.reads = bool(self.ability.containers) and towards(draft.direction, side.other)
        self.target_needed = self.ability.target_container and towards(draft.direction, side)
        self.found, self.problem = containers(self.instance, draft.kind(side)) if self.shown else ([], "")
        self.errors: dict[str, str] = {}
        # Posted by a page that showed these inputs; the marker keeps an absent box apart from an unticked one.
        self.bound = data is not None and f"{side}-lists-shown" in data

    @property
    def shown(self) -> bool:
        return self.reads or self.target_needed

    @property
    def all(self) -> bool:
        return bool(self.data.get(f"{self.side}-all")) if self.bound else not self.draft.scope(self.side).get("lists")

    @property
    def chosen(self) -> list[str]:
        stored = self.draft.scope(self.side).get("lists", [])
        return self.data.getlist(f"{self.side}-list") if self.bound else [str(item) for item in stored]

    @property
    def target(self) -> str:
        if self.bound and f"{self.side}-target" in self.data:
            return str(self.data[f"{self.side}-target"])
        stored = str(self.draft.scope(self.side).get("target_list", ""))
        return stored or (self.found[0].id if self.target_needed and len(self.found) == 1 else "")

    @property
    def missing(self) -> list[str]:
        """Chosen lists that the app no longer has."""
        if self.problem:
            return []
        return sorted(set(self.chosen) - {item.id for item in self.found})

    @property
    def target_warning(self) -> str:
        return next((item.warning for item in self.found if item.id == self.target), "")

    def is_valid(self) -> bool:
        known = {item.id for item in self.found}
        if self.bound and not self.problem:
            if self.reads and not self.all and not self.chosen:
                self.errors["lists"] = _("Choose at least one, or all of them.")
            if self.target and self.target not in known:
                self.errors["target"] = _("This one is gone from %(app)s: choose another.") % {
                    "app": self.instance.app.name
                }
        return not self.errors

    def forgive(self) -> None:
        self.errors.clear()

    def save(self) -> None:
        """While the app does not answer, what was chosen before stays."""
        if not self.bound or self.problem:
            return
        scope = dict(self.draft.scope(self.side))
        if self.reads:
            scope["lists"] = [] if self.all else [item for item in self.chosen if item not in self.missing]
        if self.target_needed:
            scope["target_list"] = self.target
        setattr(self.draft, f"{self.side}_scope", scope)


def containers(instance: AppInstance, kind: str) -> tuple[list[Container], str]:
    """The app's lists, and why they cannot be shown ("" when they can)."""
    try:
        return app_schemas.containers(instance, kind), ""
    except ConnectorError as error:
        return [], str(error) or _("%(app)s did not answer.") % {"app": instance.app.name}


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

    def context(self) -> dict[str, Any]:
        return {
            "form": self.form,
            "lists": self.lists,
            "filters": [
                {
                    "editor": editor,
                    "source": self.draft.instance(editor.side).app,
                    "target": self.draft.instance(editor.side.other).app,
                    "noun": self.draft.instance(editor.side).app.kind(self.draft.kind(editor.side)).label.lower(),
                }
                for editor in self.filters
            ],
            "noun": self.draft.app_kind_info.noun,
        }

    def save(self) -> bool:
        # All of them are asked, so that all errors show at once.
        good = [self.form.is_valid(), *(part.is_valid() for part in [*self.filters, *self.lists])]
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
        """Rows of a filter come, go and change. What is complete is stored; the rest stays on the page without complaint."""
        for editor in self.filters:
            if verb == editor.side:
                editor.act(argument)
                if not self.save():
                    self.errors.clear()
                    for part in [*self.filters, *self.lists]:
                        part.forgive()
        return False
