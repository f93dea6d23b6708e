"""The lists of an app that bound a sync: which it reads, and which one new records go to."""

from dataclasses import asdict, dataclass
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.errors import ConnectorError
from integrations.models import AppInstance
from integrations.records import Container, Side
from integrations.registry import Words
from integrations.services import schemas as app_schemas
from syncjobs.models import Sync
from syncjobs.services import drafts
from syncjobs.services.mappings import towards

FRESH_SECONDS = 60  # every change of the page is a request; each must not cost a call of the customer's limit
KEEP_SECONDS = 3600
FEW = 12  # that many are seen at a glance; more come with a search


@dataclass(frozen=True, slots=True)
class Phrases:
    """What pages say of one kind of container (``Abilities.containers``). All of them: records outside a list do not exist, those
    without a tag do."""

    title: Words
    all: Words
    gone: Words
    none: Words
    choose: Words


PHRASES = {
    "list": Phrases(
        gettext_lazy("Lists in %(app)s"),
        gettext_lazy("All lists, new ones included"),
        gettext_lazy("A chosen list (%(id)s) is gone."),
        gettext_lazy("%(app)s has no lists yet."),
        gettext_lazy("Choose a list"),
    ),
    "address book": Phrases(
        gettext_lazy("Address books in %(app)s"),
        gettext_lazy("All address books, new ones included"),
        gettext_lazy("A chosen address book (%(id)s) is gone."),
        gettext_lazy("%(app)s has no address books yet."),
        gettext_lazy("Choose an address book"),
    ),
    "tag": Phrases(
        gettext_lazy("Tags in %(app)s"),
        gettext_lazy("All %(records)s (no tag filter)"),
        gettext_lazy("A chosen tag (%(id)s) is gone, or private now."),
        gettext_lazy("%(app)s has no tags yet."),
        gettext_lazy("Choose a tag"),
    ),
}


def containers(instance: AppInstance, kind: str, *, fresh: bool = False) -> tuple[list[Container], str]:
    """The app's lists as they were within the last minute (``fresh``: now), and why they cannot be shown ("" when they can)."""
    key = _key(instance, kind)
    if not fresh and (kept := cache.get(key)) is not None:
        return [Container(**item) for item in kept], ""
    try:
        found = app_schemas.containers(instance, kind)
    except ConnectorError as error:
        return [], str(error) or _("%(app)s did not answer.") % {"app": instance.app.name}
    cache.set(key, [asdict(item) for item in found], FRESH_SECONDS)
    cache.set(f"{key}-names", {item.id: item.name for item in found}, KEEP_SECONDS)
    return found, ""


def names(instance: AppInstance, kind: str) -> dict[str, str]:
    """id → name of the lists as last shown; asks no app, so it may be empty."""
    return cache.get(f"{_key(instance, kind)}-names") or {}


def _key(instance: AppInstance, kind: str) -> str:
    return f"wizard-lists-{instance.pk}-{kind}"


class Lists:
    """The lists of one side that bound the sync: those it reads from, and the one that new records go to."""

    def __init__(self, draft: Sync, side: Side, data: Any) -> None:
        self.draft, self.side, self.data = draft, side, data
        self.instance = draft.instance(side)
        self.ability = self.instance.app.abilities(draft.kind(side))
        self.word = self.ability.containers or _("list")
        self.phrases = PHRASES.get(self.ability.containers, PHRASES["list"])
        self.reads = bool(self.ability.containers) and towards(draft.direction, side.other)
        self.target_needed = self.ability.target_container and towards(draft.direction, side)
        self.found, self.problem = (
            # Opening the page reads anew; saving it does not.
            containers(self.instance, draft.kind(side), fresh=data is None) if self.shown else ([], "")
        )
        self.errors: dict[str, str] = {}
        # Posted by a page that showed these inputs; the marker keeps an absent box apart from an unticked one.
        self.bound = data is not None and f"{side}-lists-shown" in data
        self.q = str(data.get(f"{side}-list-q", "")).strip() if self.bound else ""
        self.added: list[str] = []  # by *Select all shown*
        self.turned: bool | None = None  # *All* as the box that was ticked last means it

    @property
    def shown(self) -> bool:
        return self.reads or self.target_needed

    @property
    def all(self) -> bool:
        if self.turned is not None:
            return self.turned
        return bool(self.data.get(f"{self.side}-all")) if self.bound else not self.draft.scope(self.side).get("lists")

    @property
    def chosen(self) -> list[str]:
        if self.turned:
            return []
        stored = self.draft.scope(self.side).get("lists", [])
        chosen = self.data.getlist(f"{self.side}-list") if self.bound else [str(item) for item in stored]
        return [*chosen, *self.added]

    @property
    def open(self) -> list[Container]:
        """Those that can be chosen."""
        return [item for item in self.found if not item.refused]

    @property
    def many(self) -> bool:
        return len(self.found) > FEW

    @property
    def visible(self) -> list[Container]:
        """Those that the search shows."""
        return [item for item in self.found if self.q.casefold() in item.name.casefold()]

    @property
    def unseen(self) -> list[str]:
        """Chosen ones that the search hides: they stay chosen."""
        return sorted(set(self.chosen) - {item.id for item in self.visible} - set(self.missing))

    def act(self, verb: str) -> None:
        """``lists``: choose all that the search shows. ``tick``: one of the boxes was ticked, so not all are wanted. ``all``: the
        box for all of them was, so no other is."""
        match verb:
            case "lists":
                self._choose_visible()
            case "tick" if self.chosen:
                self.turned = False
            case "all":
                self.turned = self.all

    def _choose_visible(self) -> None:
        chosen = set(self.chosen)
        self.added = [item.id for item in self.visible if not item.refused and item.id not in chosen]
        if self.added:
            self.turned = False

    @property
    def words(self) -> dict[str, Any]:
        """The phrases of this app's containers, filled in; ``missing`` has one per container that is gone."""
        known = {
            "app": self.instance.app.name,
            "records": str(self.instance.app.kind(self.draft.kind(self.side)).label).lower(),
        }
        said = {name: str(getattr(self.phrases, name)) % known for name in ("title", "all", "none", "choose")}
        return said | {"missing": [str(self.phrases.gone) % {"id": id} for id in self.missing]}

    @property
    def target(self) -> str:
        if self.bound and f"{self.side}-target" in self.data:
            return str(self.data[f"{self.side}-target"])
        stored = str(self.draft.scope(self.side).get("target_list", ""))
        return stored or (self.open[0].id if self.target_needed and len(self.open) == 1 else "")

    @property
    def missing(self) -> list[str]:
        """Chosen lists that the app no longer has, or no longer lets us choose."""
        if self.problem:
            return []
        return sorted(set(self.chosen) - {item.id for item in self.open})

    @property
    def target_warning(self) -> str:
        return next((item.warning for item in self.found if item.id == self.target), "")

    def is_valid(self) -> bool:
        known = {item.id for item in self.open}
        if self.bound and not self.problem:
            if self.reads:
                self.errors |= self._errors_of_choice()
            if self.target and self.target not in known:
                self.errors["target"] = _("This one is gone from %(app)s: choose another.") % {
                    "app": self.instance.app.name
                }
        return not self.errors

    def _errors_of_choice(self) -> dict[str, str]:
        if self.all and self.chosen:  # without JavaScript nothing unticks the other
            return {"lists": _("Both “%(all)s” and single ones are ticked: untick what you do not mean.") % self.words}
        if self.all:
            return {}
        if not self.chosen:
            return {"lists": _("Choose at least one, or all of them.")}
        refused = drafts.too_many_containers(
            self.instance, self.draft.kind(self.side), len(set(self.chosen) - set(self.missing))
        )
        return {"lists": refused} if refused else {}

    def forgive(self) -> None:
        """What is not complete yet is no error; more than can be chosen is, and the page says so at once."""
        self.errors = {name: words for name, words in self.errors.items() if name == "lists" and self.chosen}

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
