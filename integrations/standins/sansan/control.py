"""``/_control/<verb>`` of this stand-in, besides the common verbs.

=========== ===================================================================================================================
``records`` as a person: ``{"type": "cards", "create": [{…}], "edit": [{"id", …}], "delete": [ids], "merge": [[winner, loser]]}`` →
            ``{"created": [ids], "edited": [ids]}``. Fields are the API's (``lastName``, ``email``, ``exchangeDate``, …), and
            ``tags`` (names or ids), ``owner`` (a user's name, address or id), ``shared``, ``entryStatus``, ``personId``
``list``    ``{"type": "cards"}`` → ``{"results": [{"id", "properties": {…}}]}``: every card, past and unreadable ones too
``tags``    ``{"create": {"name", "type"}, "put": {"tag", "ids"}, "take": {"tag", "ids"}, "delete": tag}`` → ``{"tags": [rows]}``
``keys``    ``{"withdraw": key, "renew": user}`` → ``{"keys": {key: user's name, None for a withdrawn one}}``
``paging``  ``{"expire": true}``: page tokens that were given out are refused from now on
``fill``    ``{"records": n, "seed": 7}``: starts afresh with n plain cards (0: none); the same seed gives the same people
=========== ===================================================================================================================
"""

from typing import TYPE_CHECKING, Any

from integrations.standins.people import people
from integrations.standins.sansan import shapes
from integrations.standins.sansan.population import fill as fill_store
from integrations.standins.sansan.store import ENTRY, TAG_TYPES, TEXTS, Card, Store, Tag, User
from integrations.standins.vendor import ControlError, Verb

if TYPE_CHECKING:
    from integrations.standins.sansan.server import Sansan

Given = dict[str, Any]
ATTRIBUTES = {"exchangeDate": "exchanged", "entryStatus": "entry", "shared": "shared", "personId": "person_id"}


def verbs(account: "Sansan") -> dict[str, Verb]:
    return {
        "records": lambda given: records(account, given),
        "list": lambda given: listing(account, given),
        "tags": lambda given: tags(account, given),
        "keys": lambda given: keys(account, given),
        "paging": lambda given: paging(account, given),
        "fill": lambda given: fill(account, given),
    }


def records(account: "Sansan", given: Given) -> Given:
    _check_type(given)
    store, done = account.store, Given()
    if "create" in given:
        done["created"] = [create(account, values).id for values in given["create"]]
    if "edit" in given:
        done["edited"] = [edit(account, the_card(store, values.get("id")), values).id for values in given["edit"]]
    for id in given.get("delete", []):
        store.delete(the_card(store, id).id)
    for winner, loser in given.get("merge", []):
        store.merge(the_card(store, winner), the_card(store, loser))
        done.setdefault("merged", []).append(winner)
    return done


def _check_type(given: Given) -> None:
    if given.get("type", "cards") != "cards":
        raise ControlError("Sansan has cards only.")


def create(account: "Sansan", values: Given) -> Card:
    store = account.store
    owner = the_user(store, values["owner"]) if values.get("owner") else next(iter(store.users.values()))
    texts, more = parts(store, values)
    return store.add(owner, texts, **more)


def edit(account: "Sansan", card: Card, values: Given) -> Card:
    """An edit of nothing but tags moves ``updatedTime`` only where the setting says so."""
    texts, more = parts(account.store, values)
    if values.get("owner"):
        more["owner"] = the_user(account.store, values["owner"])
    touch = bool(texts or more.keys() - {"tags"} or account.settings["tags_move_updated"])
    account.store.change(card, texts, touch=touch, **more)
    return card


def parts(store: Store, values: Given) -> tuple[dict[str, str], Given]:
    """(texts by the API's names, attributes of ``Card``)"""
    if unknown := values.keys() - {*TEXTS, *ATTRIBUTES, "id", "tags", "owner"}:
        raise ControlError(f"A card has no {', '.join(sorted(unknown))}.")
    texts = {name: str(values[name] or "") for name in TEXTS if name in values}
    more = {ours: values[theirs] for theirs, ours in ATTRIBUTES.items() if theirs in values}
    if more.get("entry", ENTRY[0]) not in ENTRY:
        raise ControlError(f"entryStatus is one of {', '.join(ENTRY)}.")
    if "tags" in values:
        more["tags"] = list(dict.fromkeys(the_tag(store, words).id for words in values["tags"]))
    return texts, more


def listing(account: "Sansan", given: Given) -> Given:
    _check_type(given)
    store, viewer = account.store, next(iter(account.store.users.values()))
    store.finish_due()
    shown = [(each.id, shapes.card(store, each, viewer, with_tags=True)) for each in store.cards.values()]
    return {"results": [{"id": id, "properties": row} for id, row in shown]}


def tags(account: "Sansan", given: Given) -> Given:
    store = account.store
    if wanted := given.get("create"):
        if wanted.get("type", "public") not in TAG_TYPES:
            raise ControlError(f"A tag is one of {', '.join(TAG_TYPES)}.")
        store.add_tag(str(wanted["name"]), wanted.get("type", "public"), next(iter(store.users.values())))
    for verb in ("put", "take"):
        if what := given.get(verb):
            tag = the_tag(store, what["tag"])
            for id in what["ids"]:
                move_tag(account, the_card(store, id), tag, on=verb == "put")
    if words := given.get("delete"):
        store.delete_tag(the_tag(store, words).id)
    return {"tags": [shapes.tag(each) for each in store.tags.values()]}


def move_tag(account: "Sansan", card: Card, tag: Tag, *, on: bool) -> None:
    rest = [id for id in card.tags if id != tag.id]
    touch = bool(account.settings["tags_move_updated"])
    account.store.change(card, touch=touch, tags=[*rest, tag.id] if on else rest)


def keys(account: "Sansan", given: Given) -> Given:
    """``renew`` is what the vendor calls re-issuing: the user has another key from now on."""
    store = account.store
    if given.get("withdraw"):
        store.keys[str(given["withdraw"])] = None
    made = store.add_key(the_user(store, given["renew"])) if given.get("renew") else ""
    return {"keys": {key: user.name if user else None for key, user in store.keys.items()}, "made": made}


def paging(account: "Sansan", given: Given) -> Given:
    account.token_series += bool(given.get("expire"))
    return {"series": account.token_series}


def fill(account: "Sansan", given: Given) -> Given:
    seed = int(given.get("seed", account.world.seed))
    account.empty()
    fill_store(account.store, people(int(given.get("records", 0)), seed=seed), seed, odd=False)
    return {"records": len(account.store.cards)}


def the_card(store: Store, id: Any) -> Card:
    if str(id) not in store.cards:
        raise ControlError(f"There is no card {id}.")
    return store.cards[str(id)]


def the_tag(store: Store, words: Any) -> Tag:
    if (found := store.tag_named(str(words))) is None:
        raise ControlError(f"There is no tag {words}.")
    return found


def the_user(store: Store, words: Any) -> User:
    if (found := store.user_like(str(words))) is None:
        raise ControlError(f"There is no user {words}.")
    return found
