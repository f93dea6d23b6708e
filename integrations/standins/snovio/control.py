"""``/_control/<verb>`` of this stand-in, besides the common verbs.

=========== ===================================================================================================================
``tokens``  ``{"expire": true}`` ends all tokens; ``{"revoke": true}`` refuses the keys too, until ``{"restore": true}``
``records`` as a person: ``{"create": [{values}], "edit": [{"id", values}], "delete": [ids], "move": {"ids", "list"}}`` →
            ``{"ids"}`` of created, edited, moved ones (short form); values carry the API's names, plus ``phone``,
            ``linkedIn``, ``industry``
``lists``   ``{"create": name, "delete": id}`` → ``{"lists": [rows of get-user-lists]}``
``fields``  ``{"create": {"label", "type"}, "rename": {"from", "to"}, "delete": label}`` → ``{"fields": [rows]}``
``paging``  ``{"drop": n, "repeat": n}``: the next n listing pages lack their first row, or begin with the previous page's last
``event``   ``{"campaign": id, "prospect": id, "type": "sent" …, "subject", "body"}`` → ``{"webhooks": calls queued}``
=========== ===================================================================================================================
"""

from typing import TYPE_CHECKING, Any

from integrations.standins.snovio import edits, shapes
from integrations.standins.vendor import Verb

if TYPE_CHECKING:
    from integrations.standins.snovio.server import Snovio

Given = dict[str, Any]


def verbs(account: "Snovio") -> dict[str, Verb]:
    return {
        "tokens": lambda given: tokens(account, given),
        "records": lambda given: records(account, given),
        "lists": lambda given: lists(account, given),
        "fields": lambda given: fields(account, given),
        "paging": lambda given: paging(account, given),
        "event": lambda given: event(account, given),
    }


def tokens(account: "Snovio", given: Given) -> Given:
    if given.get("expire") or given.get("revoke"):
        account.forget_tokens()
    account.revoked = bool(given.get("revoke")) or (account.revoked and not given.get("restore"))
    return {"revoked": account.revoked}


def records(account: "Snovio", given: Given) -> Given:
    store = account.store
    touched = [edits.create(store, values) for values in given.get("create") or []]
    touched += [edits.edit(store, values) for values in given.get("edit") or []]
    if to := given.get("move"):
        touched += [edits.move(store, id, [to["list"]]) for id in to["ids"]]
    for id in given.get("delete") or []:
        edits.delete(store, id)
    return {"ids": [prospect.short for prospect in touched], "count": len(store.prospects)}


def lists(account: "Snovio", given: Given) -> Given:
    if name := given.get("create"):
        account.store.add_list(str(name))
    if id := given.get("delete"):
        edits.delete_list(account.store, id)
    return {"lists": [shapes.list_row(each) for each in account.store.lists.values()]}


def fields(account: "Snovio", given: Given) -> Given:
    if wanted := given.get("create"):
        edits.add_field(account.store, str(wanted["label"]), str(wanted.get("type", "string")))
    if change := given.get("rename"):
        edits.rename_field(account.store, str(change["from"]), str(change["to"]))
    if label := given.get("delete"):
        edits.delete_field(account.store, str(label))
    return {"fields": [shapes.field_row(each) for each in account.store.fields.values()]}


def paging(account: "Snovio", given: Given) -> Given:
    account.dropped_rows = int(given.get("drop", account.dropped_rows))
    account.repeated_rows = int(given.get("repeat", account.repeated_rows))
    return {"drop": account.dropped_rows, "repeat": account.repeated_rows}


def event(account: "Snovio", given: Given) -> Given:
    return {"webhooks": happen(account, given)}


def happen(account: "Snovio", given: Given) -> int:
    """A campaign mail was sent, opened, answered …; how many webhook calls that queued."""
    campaign = edits.campaign_by_id(account.store, given.get("campaign"))
    prospect = edits.by_id(account.store, given.get("prospect"))
    kind = str(given.get("type", "sent"))
    data = edits.campaign_event(account.store, campaign, prospect, kind, given)
    return account.announce(*edits.EVENT_TYPES[kind], data)
