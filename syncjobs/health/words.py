"""Records and runs in words: why a link is in its state, what a run did, which rule wrote a value."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from integrations.models import ObjectSchema
from integrations.records import Side
from syncjobs.health.catalogue import Words, describe
from syncjobs.models import Direction, FieldMapping, RecordLink, RecordStatus, RunEvent, Sync, SyncRun
from syncjobs.services.mappings import effective

RULES = {
    "hub_changed": _("{hub} changed it."),
    "app_changed": _("{app} changed it."),
    "filled_blank": _("It was blank and took the other side's value."),
    "winner_hub": _("Both sides differed, and {hub} wins."),
    "winner_app": _("Both sides differed, and {app} wins."),
    "most_recent": _("Both sides differed, and the most recent change wins."),
    "one_way": _("This field goes one way."),
    "merged_sets": _("The choices of both sides were put together."),
    "constant": _("A fixed value of this sync."),
    "deleted": _("The record was deleted because its counterpart was."),
    "undo": _("A run was undone: the value from before it."),
    "undo_created": _("A run was undone, and the record that it had made was removed."),
}
"""``engine.merge.Rule`` → why a value was written. ``{hub}`` and ``{app}`` are the apps' names."""

EQUAL, REFUSED, WAITS = _("Equal"), _("Refused"), _("Waits for you")
WINNERS = {
    "recent": _("Most recent"),
    "hub": _("{hub} wins"),
    "app": _("{app} wins"),
    "ask": _("Ask me"),
}


def rule(name: str, sync: Sync) -> str:
    """Why a ledger row's value was written."""
    names = {"hub": app_name(sync, Side.HUB), "app": app_name(sync, Side.APP)}
    return str(RULES[name]).format(**names) if name in RULES else name.replace("_", " ")


def winner(mapping: FieldMapping, sync: Sync) -> str:
    """Who wins if both sides change this field: where it goes one way, the app that leads. "" where nothing flows."""
    names = {"hub": app_name(sync, Side.HUB), "app": app_name(sync, Side.APP)}
    flows = effective(sync, mapping)
    if flows != Direction.BOTH:
        return {Direction.TO_HUB: names["app"], Direction.TO_APP: names["hub"], None: ""}[flows]
    return str(WINNERS[mapping.winner or sync.winner]).format(**names)


def app_name(sync: Sync, side: Side | str) -> str:
    """The name of the app at one side; both sides of one app are told apart by their labels."""
    instance, other = sync.instance(Side(side)), sync.instance(Side(side).other)
    return instance.label if instance.app_key == other.app_key else instance.app.name


def field_labels(sync: Sync) -> dict[str, dict[str, str]]:
    """Side → field name → label, from what was last read of each app: one query, no call to an app."""
    wanted = {sync.hub_instance_id: ("hub", sync.hub_kind), sync.app_instance_id: ("app", sync.app_kind)}
    labels: dict[str, dict[str, str]] = {"hub": {}, "app": {}}
    for schema in ObjectSchema.objects.filter(instance_id__in=list(wanted)):
        side, kind = wanted[schema.instance_id]
        if schema.kind == kind:
            labels[side] = {field["name"]: field.get("label") or field["name"] for field in schema.fields}
    return labels


def field_label(labels: dict[str, dict[str, str]], side: Side, name: str) -> str:
    """A code that is about both sides names the field of either."""
    return labels.get(side.value, {}).get(name) or labels.get(side.other.value, {}).get(name, name)


def reason(
    sync: Sync, code: str, *, side: str = "", field: str = "", labels: dict[str, dict[str, str]] | None = None
) -> Words:
    """The words for a code of a record. ``side``: who refused, or whose record it is about (the app where none is named)."""
    at = Side(side) if side else Side.APP
    label = field_label(labels or {}, at, field)
    return describe(code, app=app_name(sync, at), other=app_name(sync, at.other), field=label)


def wait(sync: Sync, run: SyncRun) -> Words:
    """What an active run waits for. Where nobody knows at which side, both are named."""
    if run.waiting_side:
        return reason(sync, run.waiting_for, side=run.waiting_side)
    names = {"app": app_name(sync, Side.APP), "hub": app_name(sync, Side.HUB)}
    return describe(run.waiting_for, app=gettext("%(app)s or %(hub)s") % names, other=names["hub"])


DELETIONS = {
    RecordStatus.DELETED_IN_HUB: ("DELETED_IN_HUB", "hub"),
    RecordStatus.DELETED_IN_APP: ("DELETED_IN_APP", "app"),
}


def reason_of_link(link: RecordLink, labels: dict[str, dict[str, str]] | None = None) -> Words | None:
    """Why a link is not in sync (or which note it carries), None where there is nothing to say."""
    code, side = link.code, link.side
    if link.status in DELETIONS:
        code, side = DELETIONS[RecordStatus(link.status)]
    return reason(link.sync, code, side=side, field=link.field, labels=labels) if code else None


def label_of(link: RecordLink) -> str:
    """How pages name a record: never empty."""
    return link.label or link.hub_key or link.app_key or link.hub_id or link.app_id or str(link.pk)


def event(one: RunEvent, sync: Sync) -> str:
    """The last column of "Just now"."""
    where = app_name(sync, one.side) if one.side else ""
    if one.result in ("failed", "excluded", "review") and one.code:
        return reason(sync, one.code, side=one.side).title
    counted = {"fields": one.fields, "app": where}
    texts = {
        "created": ngettext(
            "Created in %(app)s, %(fields)s field", "Created in %(app)s, %(fields)s fields", one.fields
        ),
        "updated": ngettext(
            "Updated in %(app)s, %(fields)s field", "Updated in %(app)s, %(fields)s fields", one.fields
        ),
        "linked": gettext("Matched, nothing to change"),
        "deleted": gettext("Deleted in %(app)s"),
    }
    return texts.get(one.result, "") % counted


def value(raw: Any) -> str:
    """A canonical value (``integrations.records``) as text."""
    if raw is None or raw == "":
        return ""
    if isinstance(raw, bool):
        return gettext("Yes") if raw else gettext("No")
    if isinstance(raw, list):
        return ", ".join(str(part) for part in raw)
    return str(raw)


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run ready for the table of runs."""

    run: SyncRun
    created: int
    updated: int
    seconds: float | None
    reason: Words | None


def run_line(run: SyncRun) -> RunLine:
    """``run.sync`` must be loaded."""
    counts = run.counts
    begun = run.started_at or run.created_at
    return RunLine(
        run=run,
        created=counts.get("created_hub", 0) + counts.get("created_app", 0),
        updated=counts.get("updated_hub", 0) + counts.get("updated_app", 0),
        seconds=(run.finished_at - begun).total_seconds() if run.finished_at else None,
        reason=reason(run.sync, run.code) if run.code else None,
    )
