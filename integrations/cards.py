"""What a card of the app directory says: an app's stated abilities in words, and the search over them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.connectors.base import Abilities
from integrations.models import AppInstance, InstanceState
from integrations.registry import App, Words, apps

MATCH_KEYS: dict[str, Words] = {
    "person": gettext_lazy("E-mail"),
    "company": gettext_lazy("Domain, name"),
    "product": gettext_lazy("SKU, name"),
}
"""How records of a concept find their other half at first sight; those of other concepts are created, then linked."""

CANNOT: list[tuple[str, Words]] = [
    ("create", gettext_lazy("create records")),
    ("update", gettext_lazy("change records")),
    ("delete", gettext_lazy("delete records")),
    ("clear", gettext_lazy("set a value back to blank")),
    ("create_fields", gettext_lazy("create fields")),
]
"""Abilities whose absence a customer should know before connecting."""


@dataclass(frozen=True)
class Card:
    """One app in the directory. ``facts`` are (word, value) lines in the order shown."""

    app: App
    facts: list[tuple[str, Words]]
    real_time: bool
    instances: list[AppInstance] = field(default_factory=list)  # disconnected ones too: they can be connected again

    @property
    def live(self) -> list[AppInstance]:
        return [instance for instance in self.instances if instance.state != InstanceState.DISCONNECTED]

    @property
    def is_hub(self) -> bool:
        return any(instance.is_hub for instance in self.live)

    @property
    def takes_account(self) -> bool:
        """Whether an account of it can (still) be connected: an app that serves only as hub can be connected once."""
        return not (self.app.only_hub and self.live)


def of(app: App, instances: Iterable[AppInstance] = ()) -> Card:
    """The card of ``app`` with those of an account's ``instances`` that are of it."""
    able = [app.abilities(kind.key) for kind in app.kinds]
    own = [instance for instance in instances if instance.app_key == app.key]
    facts: dict[str, Words] = {
        _("Objects"): ", ".join(str(kind.label) for kind in app.kinds),
        _("Changes"): _changes(able),
        _("Deletions"): _deletions(able),
        _("Matches by"): _matches_by(app),
        _("Limits"): _calls(able),
        _("Cannot"): ", ".join(str(words) for words in _cannot(able)),
    }
    facts |= {str(word): words for word, words in app.facts}  # what the app says of itself says it better
    return Card(
        app=app,
        facts=[(word, words) for word, words in facts.items() if words],
        real_time=any(one.webhooks for one in able),
        instances=own,
    )


def find(
    *, q: str = "", concept: str = "", real_time: bool = False, instances: Iterable[AppInstance] = ()
) -> list[Card]:
    """Cards whose name, blurb or objects hold every word of ``q``, narrowed by the facets."""
    instances = list(instances)
    words = q.casefold().split()
    found = []
    for app in apps().values():
        text = " ".join([app.name, str(app.blurb), *(str(kind.label) for kind in app.kinds)]).casefold()
        if not all(word in text for word in words) or (concept and concept not in {kind.concept for kind in app.kinds}):
            continue
        card = of(app, instances)
        if card.real_time or not real_time:
            found.append(card)
    return found


def concepts() -> list[tuple[str, str]]:
    """The object facet: each concept of the catalogue with all its names ("Contacts, Prospects")."""
    names: dict[str, list[str]] = {}
    for app in apps().values():
        for kind in app.kinds:
            if (label := str(kind.label)) not in names.setdefault(kind.concept, []):
                names[kind.concept].append(label)
    return [(concept, ", ".join(labels)) for concept, labels in names.items()]


def _cannot(able: list[Abilities]) -> list[Words]:
    """A new field is made on request and for one object at a time: only an app that makes none at all cannot."""
    missing = {name: [not getattr(one, name) for one in able] for name, _ in CANNOT}
    return [words for name, words in CANNOT if (all if name == "create_fields" else any)(missing[name])]


def _changes(able: list[Abilities]) -> Words:
    if any(one.webhooks for one in able):
        return _("Real time, by webhooks")
    seconds = min((one.poll_seconds for one in able), default=60)
    if seconds % 60:
        return ngettext("Polling, every second", "Polling, every %(n)d seconds", seconds) % {"n": seconds}
    return ngettext("Polling, every minute", "Polling, every %(n)d minutes", seconds // 60) % {"n": seconds // 60}


def _deletions(able: list[Abilities]) -> Words:
    if all(one.sees_deletions for one in able):
        return _("Detected")
    return _("Not reported; found by full scans")


def _matches_by(app: App) -> Words:
    keys = [MATCH_KEYS[kind.concept] for kind in app.kinds if kind.concept in MATCH_KEYS]
    if not keys:
        return _("Nothing: created, then linked")
    return "; ".join(dict.fromkeys(str(key) for key in keys))


def _calls(able: list[Abilities]) -> Words:
    limits = [one.calls_per_minute for one in able if one.calls_per_minute]
    if not limits:
        return ""
    return ngettext("%(n)d call a minute", "%(n)d calls a minute", min(limits)) % {"n": min(limits)}
