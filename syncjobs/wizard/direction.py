"""Step 2: direction, record matching, conflicts, deletions."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.records import FieldType, Side
from syncjobs.models import DeletePolicy, Direction, DuplicatePolicy, Sync
from syncjobs.services import drafts
from syncjobs.services.mappings import Schemas, label, towards
from syncjobs.wizard import labels
from syncjobs.wizard.page import StepPage

# Values of these types are compared in one normal form, so that they can tell records apart.
KEY_TYPES = {FieldType.TEXT, FieldType.EMAIL, FieldType.PHONE, FieldType.URL, FieldType.NUMBER}
KEYS = 2  # columns hub_key, hub_key2 of a record link


class DirectionForm(forms.ModelForm):
    keep_blanks = forms.BooleanField(required=False, label=gettext_lazy("A blank never erases a value"))

    class Meta:
        model = Sync
        fields = ["direction", "winner", "duplicates", "when_deleted_in_hub", "when_deleted_in_app"]
        labels = {
            "winner": gettext_lazy("When both changed"),
            "duplicates": gettext_lazy("If several records share a key, take"),
        }

    def __init__(self, data: Any, *, draft: Sync, schemas: Schemas | None) -> None:
        super().__init__(self._with_unasked(data, draft), instance=draft)
        self.schemas = schemas
        fields: dict[str, Any] = self.fields
        fields["direction"].choices = Direction.choices
        fields["duplicates"].choices = DuplicatePolicy.choices
        fields["winner"].choices = labels.winners(draft)
        fields["keep_blanks"].initial = not draft.clear_values
        wanted = self.data.get("direction") if self.is_bound else draft.direction
        self.direction = wanted if wanted in Direction.values else draft.direction
        self._deletions()
        self.keys = [self._key_fields(place) for place in range(KEYS)]
        for name in (
            "winner",
            "duplicates",
            *(f"{part}{place}" for part in ("key", "strength") for place in range(KEYS)),
        ):
            self.fields[name].widget.attrs["class"] = "form-select"
        self.fields["keep_blanks"].widget.attrs["class"] = "form-check-input"

    @staticmethod
    def _with_unasked(data: Any, draft: Sync) -> Any:
        """What a page for another direction did not ask keeps its stored value."""
        if data is not None:
            data = data.copy()
            for name in ("winner", "when_deleted_in_hub", "when_deleted_in_app"):
                if name not in data:
                    data[name] = getattr(draft, name)
        return data

    def _deletions(self) -> None:
        """A deletion is carried over only where the sync writes, and deleting is offered only where the app can."""
        for name, target in (("when_deleted_in_app", Side.HUB), ("when_deleted_in_hub", Side.APP)):
            if not towards(self.direction, target):
                del self.fields[name]
                continue
            here, there = self.instance.instance(target.other).app.name, self.instance.instance(target).app.name
            can = drafts.can_delete(self.instance, target)
            words = {
                DeletePolicy.IGNORE: _("do nothing in %(app)s"),
                DeletePolicy.FLAG: _("flag it, keep the record in %(app)s"),
                DeletePolicy.DELETE: _("delete the record in %(app)s too"),
            }
            field: Any = self.fields[name]
            field.label = _("When a record is deleted in %(app)s") % {"app": here}
            field.choices = [
                (policy.value, text % {"app": there})
                for policy, text in words.items()
                if can or policy is not DeletePolicy.DELETE
            ]
            field.help_text = " ".join(_deletion_notes(self.instance, target, can))

    def candidates(self) -> list[tuple[str, str]]:
        """Pairs of fields that can match records: what both apps know, and what the draft uses already."""
        if self.schemas is None:
            return []
        pairs = list(drafts.concept_pairs(self.instance.hub_kind_info, self.instance.app_kind_info).values())
        pairs += [(key["app_field"], key["hub_field"]) for key in self.instance.identifiers]
        pairs += [(row.app_field, row.hub_field) for row in self.instance.mappings.all() if row.custom]
        return [pair for pair in dict.fromkeys(pairs) if self._can_match(*pair)]

    def _can_match(self, app_field: str, hub_field: str) -> bool:
        assert self.schemas
        app, hub = self.schemas.app.get(app_field), self.schemas.hub.get(hub_field)
        return bool(app and hub and app.type in KEY_TYPES and hub.type in KEY_TYPES and app.readable and hub.readable)

    def _key_fields(self, place: int) -> tuple[Any, Any]:
        """The two selects of one matching key, as bound fields."""
        empty = _("Don't match: always create") if place == 0 else _("No second key")
        choices = [("", empty)]
        if self.schemas:
            choices += [(f"{app}:{hub}", self._pair_words(app, hub)) for app, hub in self.candidates()]
        keys = self.instance.identifiers
        key = keys[place] if place < len(keys) else None
        pair, strength = f"key{place}", f"strength{place}"
        self.fields[pair] = forms.ChoiceField(
            choices=choices,
            required=False,
            initial=f"{key['app_field']}:{key['hub_field']}" if key else "",
            label=_("First key") if place == 0 else _("Second key"),
        )
        self.fields[strength] = forms.ChoiceField(
            choices=[("strong", _("Strong: links by itself")), ("weak", _("Weak: waits for your yes"))],
            required=False,
            initial="weak" if key and not key["strong"] else "strong",
            label=_("Strength of the first key") if place == 0 else _("Strength of the second key"),
        )
        return self[pair], self[strength]

    def _pair_words(self, app_field: str, hub_field: str) -> str:
        assert self.schemas
        return f"{label(self.schemas, Side.APP, app_field)} ↔ {label(self.schemas, Side.HUB, hub_field)}"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        pairs = [cleaned.get(f"key{place}") for place in range(KEYS)]
        if pairs[1] and not pairs[0]:
            self.add_error("key0", _("Choose the first key before the second."))
        if pairs[0] and pairs[0] == pairs[1]:
            self.add_error("key1", _("This is the first key already."))
        writable = self.schemas is None or all(
            self.schemas.writable(side) for side in Side if towards(cleaned.get("direction", ""), side)
        )
        if not writable:
            self.add_error("direction", _("One of the two apps cannot be written to: choose the other direction."))
        return cleaned

    def save(self, commit: bool = True) -> Sync:
        draft: Sync = self.instance
        draft.clear_values = not self.cleaned_data["keep_blanks"]
        keys = [(self.cleaned_data[f"key{n}"], self.cleaned_data[f"strength{n}"]) for n in range(KEYS)]
        if self.schemas:
            draft.identifiers = [
                {"app_field": pair.partition(":")[0], "hub_field": pair.partition(":")[2], "strong": strength != "weak"}
                for pair, strength in keys
                if pair
            ]
        return super().save(commit)


def _deletion_notes(sync: Sync, target: Side, can: bool) -> list[str]:
    source = sync.instance(target.other).app
    notes = []
    if not can:
        notes.append(_("%(app)s cannot delete records through its API.") % {"app": sync.instance(target).app.name})
    if not source.abilities(sync.kind(target.other)).sees_deletions:
        notes.append(
            _("%(app)s does not report deletions: they are noticed at the next complete reading.")
            % {"app": source.name}
        )
    return notes


def clear_notes(sync: Sync) -> list[str]:
    """Which app cannot be told to empty a field, whatever the box says."""
    return [
        _("%(app)s cannot clear a value: what is cleared elsewhere stays in %(app)s.")
        % {"app": sync.instance(side).app.name}
        for side in Side
        if towards(sync.direction, side) and not sync.instance(side).app.abilities(sync.kind(side)).clear
    ]


class DirectionPage(StepPage):
    key = "direction"
    label = gettext_lazy("Direction")
    heading = gettext_lazy("Direction, matching and conflicts")
    next_label = gettext_lazy("Next: limits")
    template = "syncjobs/setup/_direction.html"
    redraw = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.form = DirectionForm(self.data, draft=self.draft, schemas=self.schemas)

    def context(self) -> dict[str, Any]:
        hub, app = self.draft.instance(Side.HUB).app.name, self.draft.instance(Side.APP).app.name
        leads = _("%(leader)s leads. Edits in %(other)s stay there.")
        ways = [
            (Direction.BOTH, _("Both ways"), _("A change on either side reaches the other.")),
            (Direction.TO_HUB, _("Only to %(app)s") % {"app": hub}, leads % {"leader": app, "other": hub}),
            (Direction.TO_APP, _("Only to %(app)s") % {"app": app}, leads % {"leader": hub, "other": app}),
        ]
        return {
            "form": self.form,
            "ways": ways,
            "chosen": self.form.direction,
            "two_way": self.form.direction == Direction.BOTH,
            "leader": app if self.form.direction == Direction.TO_HUB else hub,
            "deletions": [
                self.form[n] for n in ("when_deleted_in_app", "when_deleted_in_hub") if n in self.form.fields
            ],
            "clear_notes": clear_notes(self.draft),
        }

    def save(self) -> bool:
        if not self.form.is_valid():
            self.draft.refresh_from_db()
            return False
        self.form.save()
        return True
