"""The calls of the API: method and path → a function of the store, the key's user and the query. No HTTP here.

Answers of lists are ``{"hasMore", "nextPageToken", "data"}``. A token belongs to one set of parameters: with
others it is refused, and so are all of them once the control verb ``paging`` expires them. Left out: activities (reports),
departments, the CSV of the organisation, image uploads.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from integrations.standins.sansan import shapes
from integrations.standins.sansan.shapes import Json, Refuse
from integrations.standins.sansan.store import TEXTS, Card, User

if TYPE_CHECKING:
    from integrations.standins.sansan.server import Sansan

Query = dict[str, list[str]]
EVER = 2**40
DAY = 86_400
TAGS_PAGE, CARDS_PAGE = 100, 300  # the most that one call gives
MOST_TAGS_OF_A_NEW_CARD = 15


def one(query: Query, name: str, usual: str = "") -> str:
    return query[name][-1] if query.get(name) else usual


def flag(query: Query, name: str) -> bool:
    return one(query, name, "false").casefold() == "true"


def choice(query: Query, name: str, allowed: tuple[str, ...]) -> str:
    """The first one is the default."""
    found = one(query, name, allowed[0])
    if found not in allowed:
        raise Refuse(400, "InvalidParameter")
    return found


def limit(query: Query, most: int) -> int:
    text = one(query, "limit", "100")
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise Refuse(400, "InvalidParameter")
    return int(text)


# -- tokens -----------------------------------------------------------------------------------------------------------------
def _mark(account: "Sansan", query: Query) -> str:
    rest = sorted((name, values) for name, values in query.items() if name != "nextPageToken")
    return hashlib.sha256(json.dumps([account.token_series, rest]).encode()).hexdigest()[:12]


def token(account: "Sansan", query: Query, place: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([_mark(account, query), place]).encode()).decode()


def place(account: "Sansan", query: Query) -> list[Any] | None:
    """Where the query's token says to go on; None without one."""
    given = one(query, "nextPageToken")
    if not given:
        return None
    try:
        mark, found = json.loads(base64.urlsafe_b64decode(given))
    except ValueError:
        raise Refuse(400, "InvalidPageToken") from None
    if mark != _mark(account, query):
        raise Refuse(400, "InvalidPageToken")
    return list(found)


# -- cards --------------------------------------------------------------------------------------------------------------------
def sees(user: User, card: Card) -> bool:
    return user.sees_all or card.shared or card.owner == user


def cards(account: "Sansan", user: User, query: Query) -> Json:
    """By period: one complete pair of times is required."""
    for pair, order in (("updated", "updated"), ("registered", "registered")):
        since, until = one(query, f"{pair}From"), one(query, f"{pair}To")
        if since and until:
            window = (order, shapes.seconds(since), shapes.seconds(until))
            break
    else:
        raise Refuse(400, "MissingParameter")
    widest = account.settings["widest_window_days"]
    if widest and window[2] - window[1] > widest * DAY:
        raise Refuse(400, "PeriodTooLong")
    order = choice(query, "orderBy", ("updatedAt", "registeredAt", "completedAt")).removesuffix("At")
    down = choice(query, "orderDirection", ("asc", "desc")) == "desc"

    def inside(card: Card) -> bool:
        return window[1] <= getattr(card, window[0]) <= window[2]

    low, high = (window[1], window[2]) if order == window[0] else (0, EVER)
    return _page(
        account,
        user,
        query,
        order,
        down,
        lambda after: filter(inside, account.store.walk(order, after, low, high, down=down)),
    )


def search(account: "Sansan", user: User, query: Query) -> Json:
    """No window; ``tagId`` is an array, any of them; texts by AND: company contains, name starts with, e-mail exactly."""
    order = choice(query, "orderBy", ("registeredAt", "updatedAt")).removesuffix("At")
    down = choice(query, "orderDirection", ("desc", "asc")) == "desc"
    tags = set(query.get("tagId", ()))
    words = {name: one(query, name) for name in ("companyName", "name", "email", "tel", "mobile")}

    def fits(card: Card) -> bool:
        return (
            (not tags or not tags.isdisjoint(card.tags))
            and words["companyName"] in card.text("companyName")
            and (card.text("lastName") + card.text("firstName")).startswith(words["name"])
            and words["email"] in ("", card.text("email"))
            and words["tel"] in card.text("tel")
            and words["mobile"] in card.text("mobile")
        )

    def some(after: tuple[int, str] | None) -> Iterator[Card]:
        if words["email"]:  # few: no need to walk over all
            found = sorted(
                account.store.with_email(words["email"]), key=lambda card: (getattr(card, order), card.id), reverse=down
            )
            return (card for card in found if after is None or ((getattr(card, order), card.id) < after) == down)
        return account.store.walk(order, after, 0, EVER, down=down)

    return _page(account, user, query, order, down, lambda after: filter(fits, some(after)))


def _page(account: "Sansan", user: User, query: Query, order: str, down: bool, rows: Any) -> Json:
    """The cards of ``rows(after)`` that this key and query may see, up to the limit."""
    at, size, store = place(account, query), limit(query, CARDS_PAGE), account.store
    statuses = query.get("entryStatus") or ["completed"]
    mine = choice(query, "range", ("me", "all")) == "me"
    with_past, with_tags = flag(query, "includePastBizCards"), flag(query, "includeTags")
    found: list[Card] = []
    for card in rows((at[0], at[1]) if at else None):
        if card.entry not in statuses or not sees(user, card) or (mine and card.owner != user):
            continue
        if not with_past and store.is_past(card):
            continue
        found.append(card)
        if len(found) > size:
            break
    more = len(found) > size
    last = found[size - 1] if more else None
    return {
        "hasMore": more,
        "nextPageToken": token(account, query, [getattr(last, order), last.id]) if last else None,
        "data": [shapes.card(store, card, user, with_tags=with_tags) for card in found[:size]],
    }


def card_of(account: "Sansan", user: User, id: str) -> Card:
    found = account.store.cards.get(id)
    if found is None or not sees(user, found):
        raise Refuse(404, "NotFound")
    return found


def card(account: "Sansan", user: User, query: Query, id: str) -> Json:
    shown = shapes.card(account.store, card_of(account, user, id), user, with_tags=flag(query, "includeTags"))
    return {"item": shown} if account.settings["wrapped"] else shown


def card_tags(account: "Sansan", user: User, query: Query, id: str) -> Json:
    found = [account.store.tags[tag] for tag in card_of(account, user, id).tags]
    return _tags_page(account, query, [tag for tag in found if tag.type != "private" or tag.owner == user])


def person(account: "Sansan", user: User, query: Query, id: str) -> Json:
    try:
        head = account.store.current(id)
    except KeyError:
        raise Refuse(404, "NotFound") from None
    card_of(account, user, head.id)
    return {
        "item": {"id": id, "headBizCard": shapes.card(account.store, head, user, with_tags=flag(query, "includeTags"))}
    }


def register(account: "Sansan", user: User, query: Query, body: Json) -> Json:
    """A card from text; it goes through entry, and shows up when that is done."""
    texts = {name: str(body[name]) for name in TEXTS if body.get(name)}
    tags = [str(id) for id in body.get("tagIds") or []]
    too_long = any(len(texts.get(name, "")) > 250 for name in ("lastName", "firstName", "companyName"))
    if not texts.keys() & {"companyName", "lastName", "firstName"} or too_long or len(texts.get("memo", "")) > 2000:
        raise Refuse(400, "InvalidParameter")
    if len(tags) > MOST_TAGS_OF_A_NEW_CARD or any(id not in account.store.tags for id in tags):
        raise Refuse(400, "InvalidParameter")
    made = account.store.add(user, texts, exchanged=str(body.get("exchangeDate") or ""), tags=tags)
    account.store.finish_later(made, float(account.settings["entry_seconds"]))
    return {"id": made.id}


# -- tags and users -------------------------------------------------------------------------------------------------------------
def tags(account: "Sansan", user: User, query: Query) -> Json:
    mine = choice(query, "range", ("me", "all")) == "me"
    types, part = query.get("type") or ["private", "public", "shared"], one(query, "tagName")
    owners = query.get("ownerUserId") or account.store.users
    found = [
        tag
        for tag in account.store.tags.values()
        if tag.type in types
        and part in tag.name
        and tag.owner.id in owners
        and (tag.owner == user or not (mine or tag.type == "private"))
    ]
    return _tags_page(account, query, found)


def _tags_page(account: "Sansan", query: Query, found: list[Any]) -> Json:
    at, size = place(account, query), limit(query, TAGS_PAGE)
    start = int(at[0]) if at else 0
    more = start + size < len(found)
    return {
        "hasMore": more,
        "nextPageToken": token(account, query, [start + size]) if more else None,
        "data": [shapes.tag(tag) for tag in found[start : start + size]],
    }


def me(account: "Sansan", user: User, query: Query) -> Json:
    if not account.settings["knows_me"]:
        raise Refuse(404, "NotFound")
    return shapes.user(user)


def user_by_id(account: "Sansan", user: User, query: Query, id: str) -> Json:
    if id not in account.store.users:
        raise Refuse(404, "NotFound")
    return {"item": shapes.user(account.store.users[id])}


ID = r"([0-9a-f]+)"
GET = [
    (re.compile(pattern), handler)
    for pattern, handler in (
        (r"bizCards", cards),
        (r"bizCards/search", search),
        (rf"bizCards/{ID}", card),
        (rf"bizCards/{ID}/tags", card_tags),
        (rf"persons/{ID}", person),
        (r"tags", tags),
        (r"me", me),
        (rf"users/{ID}", user_by_id),
    )
]
IMAGE = re.compile(rf"bizCards/{ID}/image")
