"""The integrations index: every connected app with its syncs, trouble first."""

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.models import AppInstance, InstanceState
from integrations.registry import App, apps
from portal.accounts.models import Account
from syncjobs.access import shown_instances
from syncjobs.health import numbers as counting
from syncjobs.health import standing
from syncjobs.health.changes import Changes, last_day
from syncjobs.health.numbers import Numbers
from syncjobs.health.standing import Standing, Trouble
from syncjobs.models import Sync


@dataclass(frozen=True, slots=True)
class Filters:
    """What the toolbar over the table asks for; a word that means nothing is no filter."""

    search: str = ""
    state: str = ""
    failures: bool = False

    STATES = (
        "active",
        "initial",
        "paused",
        "off",
        "suspended",
        "attention",
        "needs_reauth",
        "disconnected",
        "connected",
    )

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        state = query.get("state", "")
        return cls(query.get("q", "").strip(), state if state in cls.STATES else "", bool(query.get("failures")))

    def __bool__(self) -> bool:
        return bool(self.search or self.state or self.failures)

    def keeps(self, row: Standing) -> bool:
        names = f"{row.instance.app.name} {row.instance.label} {row.instance.remote_account_name}".casefold()
        return (
            self.search.casefold() in names
            and (not self.state or row.state == self.state)
            and (not self.failures or row.numbers.failed > 0)
        )


@dataclass(slots=True)
class Overview:
    hub: AppInstance | None
    hub_trouble: Trouble | None
    rows: list[Standing]  # all of them
    shown: list[Standing]  # after the filters
    drafts: list[Sync]
    numbers: Numbers
    changes: Changes
    hubs: list[App]  # what can be the hub, when there is none yet
    suggested: list[App]  # when no app is connected yet

    @property
    def connected(self) -> int:
        return sum(row.instance.state == InstanceState.CONNECTED for row in self.rows)

    @property
    def syncs(self) -> int:
        return sum(len(row.syncs) for row in self.rows)

    @property
    def apps(self) -> int:
        return len({row.instance.app_key for row in self.rows})

    @property
    def attention(self) -> int:
        """Causes, each once: syncs that stopped with the hub's login are the hub's."""
        own = [row for row in self.rows if row.trouble and not (self.hub_trouble and row.waits_for_hub)]
        return len(own) + (self.hub_trouble is not None)


def of_account(account: Account, filters: Filters) -> Overview:
    """Eight queries (seven while the last day is remembered), whatever the number of apps and syncs."""
    instances = list(shown_instances(account).order_by("app_key", "label", "pk"))
    syncs = list(Sync.objects.for_account(account).select_related("hub_instance", "app_instance"))
    saved = [sync for sync in syncs if sync.state != "draft"]
    hub = next((instance for instance in instances if instance.is_hub), None)
    ill = hub and hub.state in (InstanceState.NEEDS_REAUTH, InstanceState.SUSPENDED)
    rows = standing.of_instances([i for i in instances if not i.is_hub], sorted(saved, key=lambda sync: sync.pk))
    rows.sort(key=lambda row: row.rank)
    return Overview(
        hub=hub,
        hub_trouble=standing.instance_trouble(hub) if hub and ill else None,
        rows=rows,
        shown=[row for row in rows if filters.keeps(row)],
        drafts=sorted(
            (s for s in syncs if s.state == "draft" and s.app_kind), key=lambda s: s.draft_saved_at, reverse=True
        ),
        numbers=counting.total(row.numbers for row in rows),
        changes=last_day(account, saved),
        hubs=[app for app in apps().values() if app.can_be_hub],
        suggested=[app for app in apps().values() if not app.only_hub and app.key != (hub and hub.app_key)][:3],
    )
