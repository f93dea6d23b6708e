"""How an app instance and its syncs stand: one pill, and where there is trouble one sentence and one button.

Used by the integrations index and by the app page, so that both say the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import reverse
from django.utils.formats import number_format, time_format
from django.utils.timezone import localtime, now
from django.utils.translation import gettext, ngettext

from integrations.models import AppInstance, InstanceState, ObjectSchema
from integrations.records import Side
from syncjobs.health import numbers as counting
from syncjobs.health import words as wording
from syncjobs.health.catalogue import Words, describe
from syncjobs.health.numbers import Numbers
from syncjobs.models import FieldMapping, Sync, SyncRun, SyncState

SHORT_WAITS = ("", "RATE_LIMITED")  # over in seconds: no trouble to a reader


@dataclass(frozen=True, slots=True)
class Button:
    """What to do next: a link (``panel``: opened beside the page), or with ``post`` a form. Viewers see those without
    ``managers``: they may look at everything and change nothing."""

    text: str
    url: str
    post: bool = False
    panel: bool = False
    managers: bool = True


@dataclass(frozen=True, slots=True)
class Trouble:
    """The one sentence that matters, and what to do. ``tone``: "failed" (stopped) or "review" (some records)."""

    tone: str
    text: str
    button: Button | None = None
    waiting: int = 0  # records that wait for it
    title: str = ""
    since: datetime | None = None
    records: str = ""  # "28 Contacts": how many records it is about, and their list
    records_url: str = ""


@dataclass(slots=True)
class SyncStanding:
    """One sync with its numbers, ready for a table row."""

    sync: Sync
    numbers: Numbers
    broken: FieldMapping | None = None  # the first mapping that stopped by itself: its field no longer syncs
    waits: SyncRun | None = None  # a run that cannot go on for now: an app is down, a daily limit is used up

    @property
    def menu_id(self) -> str:
        return f"sync-menu-{self.sync.pk}"

    @property
    def settled(self) -> int:
        """Records of which the outcome is known, good or bad."""
        return self.numbers.total - self.numbers.pending

    @property
    def last_run_at(self) -> datetime | None:
        return self.sync.last_poll_at

    @property
    def is_initial(self) -> bool:
        return bool(self.sync.state == SyncState.INITIAL)

    @property
    def pill(self) -> str:
        """The words of the state; the initial sync says how far it is."""
        words = self.sync.get_state_display()
        if self.is_initial and self.numbers.total:
            return f"{words} {100 * self.settled // self.numbers.total}%"
        return words

    @property
    def lag_seconds(self) -> float | None:
        return None if self.sync.lag_ms is None else self.sync.lag_ms / 1000


@dataclass(slots=True)
class Standing:
    """One app instance with its syncs."""

    instance: AppInstance
    syncs: list[SyncStanding] = field(default_factory=list)

    @property
    def numbers(self) -> Numbers:
        return counting.total(one.numbers for one in self.syncs)

    @property
    def menu_id(self) -> str:
        return f"instance-menu-{self.instance.pk}"

    @property
    def only_sync(self) -> Sync | None:
        """Set where the sums are those of one sync, so that they can open its lists."""
        return self.syncs[0].sync if len(self.syncs) == 1 else None

    @property
    def may_pause(self) -> bool:
        return any(one.sync.is_running_state for one in self.syncs)

    @property
    def may_resume(self) -> bool:
        return any(one.sync.state == SyncState.PAUSED for one in self.syncs)

    @property
    def suspended(self) -> list[SyncStanding]:
        return [one for one in self.syncs if one.sync.state == SyncState.SUSPENDED]

    @property
    def waiting(self) -> SyncStanding | None:
        return next((one for one in self.syncs if one.waits), None)

    @property
    def broken(self) -> SyncStanding | None:
        return next((one for one in self.syncs if one.broken), None)

    @property
    def lag_seconds(self) -> float | None:
        """Of the slowest sync."""
        return max((one.lag_seconds for one in self.syncs if one.lag_seconds is not None), default=None)

    @property
    def last_change_at(self) -> datetime | None:
        return max((one.sync.last_change_at for one in self.syncs if one.sync.last_change_at), default=None)

    @property
    def last_scan_at(self) -> datetime | None:
        return max((one.sync.last_scan_at for one in self.syncs if one.sync.last_scan_at), default=None)

    @property
    def state(self) -> str:
        """A key of ``portal.statuses``, worst first. Filters and the order of the index go by it."""
        states = {one.sync.state for one in self.syncs}
        if self.instance.state != InstanceState.CONNECTED:
            return str(self.instance.state)
        for state in (SyncState.SUSPENDED, SyncState.INITIAL):
            if state in states:
                return state.value
        if self.numbers.failed or self.waiting or self.broken:
            return "attention"
        if SyncState.ACTIVE in states:
            return SyncState.ACTIVE.value
        return next(iter(sorted(states)), "connected")

    @property
    def pill(self) -> str:
        """The words of the pill, "" for those of the state."""
        if self.state == SyncState.SUSPENDED and self.suspended:
            count = len(self.suspended)
            return ngettext("%(n)s sync stopped", "%(n)s syncs stopped", count) % {"n": count}
        if self.state == SyncState.INITIAL:
            return next(one.pill for one in self.syncs if one.is_initial)
        return ""

    @property
    def trouble(self) -> Trouble | None:
        """The worst thing here, or None."""
        if self.instance.state in (InstanceState.NEEDS_REAUTH, InstanceState.SUSPENDED):
            return instance_trouble(self.instance, waiting=self.numbers.pending)
        if self.suspended:
            return sync_trouble(self.suspended[0])
        if self.waiting:
            return wait_trouble(self.waiting)
        failing = max(self.syncs, key=lambda one: one.numbers.failed, default=None)
        if failing and failing.numbers.failed:
            return failures_trouble(failing)
        if self.broken:
            return mapping_trouble(self.broken)
        asking = max(self.syncs, key=lambda one: one.numbers.review, default=None)
        return reviews_trouble(asking) if asking and asking.numbers.review else None

    @property
    def waits_for_hub(self) -> bool:
        """Its trouble is the hub's login, which is said (and counted) once, at the hub."""
        if self.instance.state != InstanceState.CONNECTED or not self.suspended:
            return False
        sync = self.suspended[0].sync
        hub_is_ill = sync.instance(Side.HUB).state != InstanceState.CONNECTED
        return hub_is_ill and words_of_sync(sync).fix == "reconnect"

    @property
    def rank(self) -> tuple[int, int, str]:
        """Needs attention first, then by failures, then by name."""
        tones = {"failed": 0, "review": 1}
        trouble = self.trouble
        return (tones[trouble.tone] if trouble else 2, -self.numbers.failed, str(self.instance).casefold())


def of_instances(instances: Iterable[AppInstance], syncs: Iterable[Sync]) -> list[Standing]:
    """``syncs``: saved ones with both instances loaded. Four queries, whatever their number."""
    syncs = list(syncs)
    known = of_syncs(syncs)
    by_instance: dict[int, list[SyncStanding]] = {}
    for sync in syncs:
        by_instance.setdefault(sync.app_instance_id, []).append(known[sync.pk])  # type: ignore[arg-type]
    return [Standing(instance, by_instance.get(instance.pk, [])) for instance in instances]


def of_syncs(syncs: Iterable[Sync]) -> dict[int, SyncStanding]:
    """Sync pk → how it stands. Four queries, whatever their number."""
    syncs = list(syncs)
    found, waits, broken = counting.of_syncs(syncs), waiting_runs(syncs), broken_mappings(syncs)
    return {sync.pk: SyncStanding(sync, found[sync.pk], broken.get(sync.pk), waits.get(sync.pk)) for sync in syncs}


def broken_mappings(syncs: Iterable[Sync]) -> dict[int, FieldMapping]:
    """Sync pk → its first mapping that stopped: marked as such, or naming a field that its app was last read without.
    Two queries."""
    by_pk = {sync.pk: sync for sync in syncs}
    instances = {sync.instance(side).pk for sync in by_pk.values() for side in Side}
    schemas = ObjectSchema.objects.filter(instance_id__in=instances)
    known = {(one.instance_id, one.kind): {field["name"] for field in one.fields} for one in schemas}
    found = {}
    for row in FieldMapping.objects.filter(sync_id__in=by_pk, on=True).order_by("-position", "-pk"):
        row.sync = by_pk[row.sync_id]
        if row.problem or _lost_at(row, known):
            found[row.sync_id] = row
    return found


def _lost_at(row: FieldMapping, known: dict[tuple[int, str], set[str]]) -> Side | None:
    """The side whose app no longer has the field."""
    for side in Side:
        fields = known.get((row.sync.instance(side).pk, row.sync.kind(side)))
        if fields and getattr(row, f"{side}_field") not in fields:
            return side
    return None


def waiting_runs(syncs: Iterable[Sync]) -> dict[int, SyncRun]:
    """Sync pk → its run, where that waits for an app. One query. What is paused or suspended waits for a person."""
    running = [sync.pk for sync in syncs if sync.is_running_state]
    found = SyncRun.objects.active().filter(sync_id__in=running).exclude(waiting_for__in=SHORT_WAITS)
    return {run.sync_id: run for run in found}


def instance_trouble(instance: AppInstance, *, waiting: int = 0) -> Trouble:
    """A login that no longer works: everything of this instance waits."""
    words = describe(instance.state_code or "AUTH_EXPIRED", app=instance.app.name)
    text = f"{words.cause} {words.tip}"
    text += " " + (_waiting(waiting) if waiting else gettext("Nothing is lost: changes made meanwhile follow."))
    button = Button(gettext("Reconnect"), reverse("integrations:reconnect", args=[instance.pk]))
    title = gettext("%(app)s: %(title)s") % {"app": instance.label, "title": words.title}
    return Trouble("failed", text, button, waiting, title, instance.state_since)


def sync_trouble(standing: SyncStanding) -> Trouble:
    """A sync that stopped itself and asks."""
    sync = standing.sync
    words = words_of_sync(sync)
    text = words.cause
    if stopped := guarded(sync):
        text += " " + gettext("It is about %(n)s records.") % {"n": stopped}
    if standing.numbers.pending:
        text += " " + _waiting(standing.numbers.pending)
    title = gettext("%(object)s stopped: %(title)s") % {"object": sync.app_kind_info.label, "title": words.title}
    pending = standing.numbers.pending
    records, url = "", ""
    if pending:
        records = gettext("%(n)s waiting") % {"n": number_format(pending, force_grouping=True)}
        url = reverse("syncjobs:records", args=[sync.pk, "pending"])
    return Trouble("failed", text, fix_button(words, sync), pending, title, sync.state_since, records, url)


def wait_trouble(standing: SyncStanding) -> Trouble | None:
    """An app that does not answer, or takes no more calls for now: the run goes on by itself."""
    run, sync = standing.waits, standing.sync
    if run is None:
        return None
    words, pending = wording.wait(sync, run), standing.numbers.pending
    text = " ".join([words.cause, words.tip, gettext("Nothing is lost: changes made meanwhile follow.")])
    if run.next_slice_at and run.next_slice_at > now():
        text += " " + gettext("Next try at %(time)s.") % {"time": time_format(localtime(run.next_slice_at))}
    title = gettext("%(object)s wait: %(title)s") % {"object": sync.app_kind_info.label, "title": words.title}
    records, url = "", ""
    if pending:
        records = gettext("%(n)s waiting") % {"n": number_format(pending, force_grouping=True)}
        url = reverse("syncjobs:records", args=[sync.pk, "pending"])
    return Trouble("review", text, None, pending, title, run.started_at or run.created_at, records, url)


def mapping_trouble(standing: SyncStanding) -> Trouble | None:
    """A field that no longer syncs because an app lost or changed it. The others go on."""
    row, sync = standing.broken, standing.sync
    if row is None:
        return None
    labels = wording.field_labels(sync)
    names = {
        "app_field": labels["app"].get(row.app_field, row.app_field.partition(":")[2] or row.app_field),
        "hub_field": labels["hub"].get(row.hub_field, row.hub_field),
    }
    title = gettext("%(app_field)s ↔ %(hub_field)s no longer syncs") % names
    lost = Side.APP if row.app_field not in labels["app"] else Side.HUB
    field = names[f"{lost}_field"]
    words = describe(row.problem or "FIELD_MISSING", app=wording.app_name(sync, lost), field=field)
    text = " ".join(
        [title + ".", words.cause, gettext("Choose another field or turn the row off; all other fields go on.")]
    )
    button = Button(gettext("Change the mappings"), edit_url(sync, "mappings"), post=True)
    return Trouble("review", text, button, 1, title, None)


def reviews_trouble(standing: SyncStanding) -> Trouble:
    review = standing.numbers.review
    text = ngettext("%(records)s waits for your decision.", "%(records)s wait for your decision.", review) % {
        "records": counted(review, standing.sync)
    }
    url = reverse("syncjobs:records", args=[standing.sync.pk, "review"])
    return Trouble("review", text, Button(gettext("Decide"), url, panel=True, managers=False), review)


def failures_trouble(standing: SyncStanding) -> Trouble:
    failed = standing.numbers.failed
    text = ngettext("%(records)s failed and is not in sync.", "%(records)s failed and are not in sync.", failed) % {
        "records": counted(failed, standing.sync)
    }
    url = reverse("syncjobs:records", args=[standing.sync.pk, "failed"])
    return Trouble("review", text, Button(gettext("How to fix"), url, panel=True, managers=False), failed)


def counted(number: int, sync: Sync, shown: str = "") -> str:
    """ "1 prospect", "28 prospects": records are called what their app calls them. ``shown``: the number as text."""
    kind = sync.app_kind_info
    return (
        f"{shown or number_format(number, force_grouping=True)} {kind.noun if number == 1 else str(kind.label).lower()}"
    )


def words_of_sync(sync: Sync) -> Words:
    """Why a sync is suspended. Its code is about the side that is not well, else about the app."""
    hub, app = sync.instance(Side.HUB), sync.instance(Side.APP)
    hub_is_ill = hub.state != InstanceState.CONNECTED
    names = {"app": hub.app.name, "other": app.app.name} if hub_is_ill else {"app": app.app.name, "other": hub.app.name}
    return describe(sync.state_code, **names)


def fix_button(words: Words, sync: Sync) -> Button | None:
    """The one button of a failure, or None where nothing in Syncline puts it right."""
    steps = {
        "direction": gettext("Change the settings"),
        "limits": gettext("Change the limits"),
        "mappings": gettext("Change the mappings"),
    }
    if words.fix == "reconnect":
        sides = [sync.instance(side) for side in (Side.APP, Side.HUB)]
        ill = next((instance for instance in sides if instance.state != InstanceState.CONNECTED), sides[0])
        return Button(gettext("Reconnect"), reverse("integrations:reconnect", args=[ill.pk]))
    if words.fix in steps:
        return Button(steps[words.fix], edit_url(sync, words.fix), post=True)
    if words.fix == "resume" or sync.state == SyncState.SUSPENDED:
        stopped = guarded(sync)
        text = gettext("Approve %(n)s and resume") % {"n": stopped} if stopped else gettext("Resume")
        return Button(text, reverse("syncjobs:resume", args=[sync.pk]), post=True)
    return None


def guarded(sync: Sync) -> str:
    """How many records a guard held back, as text; "" where no guard stopped the sync."""
    is_guard = sync.state == SyncState.SUSPENDED and sync.state_code.startswith("GUARD_")
    return number_format(sync.state_detail, force_grouping=True) if is_guard and sync.state_detail.isdecimal() else ""


def edit_url(sync: Sync, step: str = "") -> str:
    """Where a POST makes a draft copy of the sync and goes to ``step`` of the wizard."""
    url = reverse("syncjobs:edit", args=[sync.pk])
    return f"{url}?step={step}" if step else url


def _waiting(count: int) -> str:
    return ngettext(
        "%(n)s change waits and goes out afterwards.", "%(n)s changes wait and go out afterwards.", count
    ) % {"n": number_format(count, force_grouping=True)}
