"""Creates. The intent is committed as *sent* before the request: a create without an answer is looked up, never made again."""

import uuid
from collections.abc import Iterable, Sequence

from django.utils.timezone import now

from integrations.errors import AlreadyExists, NoAnswer, StaleVersion
from integrations.records import Create, Ref, Side, Verdict
from syncjobs.models import RecordLink, RecordStatus, WriteIntent
from syncjobs.runner import recovery, settling, siblings, statements, store
from syncjobs.runner.context import Context
from syncjobs.runner.inbox import read_by_id
from syncjobs.runner.links import DUPLICATE, find_links
from syncjobs.runner.work import Work

KEY_SPACE = uuid.UUID("6d1f5ac9-3f0a-4f0e-9c0c-6f2f5f0b7a11")


Answered = tuple[Sequence[Work], Sequence[Verdict]]


def send_creates(ctx: Context, side: Side, batches: Iterable[Sequence[Work]]) -> None:
    """Batch after batch: what became of one is committed together with the announcement of the next, before that is sent."""
    answered: Answered | None = None
    try:
        for batch in batches:
            work = _not_there(ctx, side, batch)
            with ctx.lease.transaction():
                ready, intents = _announce_creates(ctx, side, work)
                if answered:
                    before, answered = answered, None
                    _settle(ctx, side, *before)
            if ready:
                answered = ready, _send(ctx, side, ready, intents)
    finally:
        if answered:
            with ctx.lease.transaction():
                _settle(ctx, side, *answered)


def _not_there(ctx: Context, side: Side, work: Sequence[Work]) -> Sequence[Work]:
    """Those of which nothing stands at ``side`` yet, as far as can be found out; the others are linked or excluded."""
    work, others = siblings.of_this_kind(ctx, side, work)
    _exclude(ctx, side, others, "SYNCS_AS_ANOTHER_KIND")
    work, doubles = siblings.not_linked_there(ctx, side, recovery.not_there_yet(ctx, side, work))
    _exclude(ctx, side, doubles, DUPLICATE)
    return work


def _send(ctx: Context, side: Side, work: Sequence[Work], intents: dict[int, WriteIntent]) -> Sequence[Verdict]:
    end = ctx.end(side)
    items = [Create(w.plan.writes[side], str(intents[w.row.id].key)) for w in work]
    verdicts = settling.send(ctx, lambda: end.connector.create(end.kind, items, scope=end.scope), len(items))
    _meet_existing(ctx, side, work, verdicts)
    return verdicts


def _settle(ctx: Context, side: Side, work: Sequence[Work], verdicts: Sequence[Verdict]) -> None:
    taken = find_links(ctx.sync.pk, side, [v.record.id for v in verdicts if v.record])
    made: dict[str, RecordLink] = {}
    born: list[int] = []
    moment = now()
    done, dead = [], []
    for w, verdict in zip(work, verdicts, strict=True):
        if verdict.record and (first := made.get(verdict.record.id)):
            settling.conflict(w, side, first)  # the app takes the two for one
            done.append(w.row.id)
            continue
        if verdict.record and (other := taken.get(verdict.record.id)) and other.pk != w.row.id:
            _joined_or_conflict(ctx, side, w, other, verdict)
            done.append(w.row.id)
            continue
        settling.settle(ctx, side, w, verdict, "created", moment)
        if verdict.record:
            made[verdict.record.id] = w.row
            (done if verdict.existed else born).append(w.row.id)
        elif not isinstance(verdict.error, NoAnswer):
            dead.append(w.row.id)
    with statements.together():
        settling.close(ctx, [w for w in work if not w.left and w.row.id])
        store.close_intents(side, born, WriteIntent.State.DONE, made=True)
        store.close_intents(side, done, WriteIntent.State.DONE)
        store.close_intents(side, dead, WriteIntent.State.DEAD)


def _exclude(ctx: Context, side: Side, work: Sequence[Work], code: str) -> None:
    """Nothing is made for these at ``side``: what stands for their records there has another link."""
    if work:
        for w in work:
            w.left.discard(side)
            w.plan.status, w.plan.code, w.plan.side = RecordStatus.EXCLUDED, code, side.other
        with ctx.lease.transaction():
            settling.close(ctx, work)


def _announce_creates(ctx: Context, side: Side, work: Sequence[Work]) -> tuple[list[Work], dict[int, WriteIntent]]:
    """Store the intents. A create that was sent before goes out again only when it may (``recovery.may_resend``)."""
    known = _announced(side, work)
    ready, fresh, moment = [], [], now()
    busy = siblings.being_created(ctx, side, work)
    for w in work:
        if w.row.id in busy:
            w.left.clear()
            w.again, w.row.next_try_at = True, now() + siblings.WAIT
            continue
        intent = known.get(w.row.id)
        if intent and intent.state == WriteIntent.State.SENT:
            if recovery.may_resend(ctx, w.row, side, intent):
                ready.append(w)
            else:
                _wait_or_park(ctx, w, side, intent)
            continue
        generation = intent.generation + 1 if intent else 0
        name = f"{w.row.sync_id}:{w.row.id}:{side}:{generation}:{w.row.created_at.isoformat()}"
        known[w.row.id] = store.fresh_intent(
            link_id=w.row.id, sync_id=ctx.sync.pk, side=side.value, generation=generation,
            key=uuid.uuid5(KEY_SPACE, name), payload=w.plan.writes[side], source=w.plan.after[side], run_id=ctx.run.pk,
            sent_at=moment,
        )  # fmt: skip
        fresh.append(known[w.row.id])
        ready.append(w)
    store.insert_intents(fresh)
    announced = {intent.link_id for intent in fresh}
    resent = [w for w in ready if w.row.id not in announced]
    for w in resent:
        intent = known[w.row.id]  # what it is looked up by is what is sent now, which may have changed since
        intent.payload, intent.source, intent.sent_at = w.plan.writes[side], w.plan.after[side], now()
    if resent:
        WriteIntent.objects.bulk_update([known[w.row.id] for w in resent], ["payload", "source", "sent_at"])
    if tried := [w.row.id for w in ready if w.row.attempts]:
        # That an earlier try was answered, or given up, says nothing of this one (``recovery.wait_for``). The row in hand
        # counts on, and is written with the verdict.
        RecordLink.objects.filter(pk__in=tried).update(attempts=0)
    held = {w.row.id for w in work} - {w.row.id for w in ready}
    settling.close(ctx, [w for w in work if w.row.id in held])
    return ready, known


def _announced(side: Side, work: Sequence[Work]) -> dict[int, WriteIntent]:
    """The latest intent of each link that has one: nearly none."""
    condition, pks = statements.among(w.row.id for w in work)
    sent = statements.select(
        f"SELECT id FROM syncjobs_writeintent WHERE link_id {condition} AND side = %s", pks, side.value
    )
    found = WriteIntent.objects.filter(pk__in=[pk for (pk,) in sent]).order_by("generation") if sent else []
    return {intent.link_id: intent for intent in found}


def _wait_or_park(ctx: Context, w: Work, side: Side, intent: WriteIntent) -> None:
    w.left.clear()
    if recovery.will_resend(ctx, side, intent):
        w.again = True
        w.row.next_try_at = intent.sent_at + recovery.wait_for(ctx, side, w.row)
        return
    # It can be neither found nor safely repeated: a person decides.
    w.plan.status, w.plan.code, w.plan.side = RecordStatus.REVIEW, "CREATE_UNCONFIRMED", side


def _meet_existing(ctx: Context, side: Side, work: Sequence[Work], verdicts: list[Verdict]) -> None:
    """A create met a record with the same identifier: read it, so that it can be linked and merged instead. Of several that met
    one record the first is linked; for the others the app's refusal stands."""
    places: dict[str, int] = {}
    for place, verdict in enumerate(verdicts):
        if isinstance(verdict.error, AlreadyExists) and verdict.error.existing_id:
            places.setdefault(verdict.error.existing_id, place)
    refs = [Ref(id, work[place].plan.writes[side]) for id, place in places.items()]
    size = ctx.end(side).abilities.read_batch
    for start in range(0, len(refs), size):
        answer = read_by_id(ctx, side, refs[start : start + size])
        for asked, record in answer.records.items():
            row = work[places[asked]].row
            with ctx.lease.transaction():
                if recovery.adopt(ctx, side, row, record):
                    verdicts[places[asked]] = Verdict(
                        error=StaleVersion("It existed already; merged at the next step.")
                    )
                    row.refresh_from_db()


def _joined_or_conflict(ctx: Context, side: Side, w: Work, other: RecordLink, verdict: Verdict) -> None:
    """The app answered with a record that another link knows: its lonely half joins us, a complete pair is a conflict."""
    assert verdict.record is not None
    w.left.discard(side)
    if recovery.adopt(ctx, side, w.row, verdict.record):
        w.row.refresh_from_db()
        w.again = True
        return
    settling.conflict(w, side, other)
