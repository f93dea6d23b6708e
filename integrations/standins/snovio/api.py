"""The calls of the API: method and path → a function of the account and the request's parameters. No HTTP here.

A handler takes ``(account, params, *path parts)`` and returns the JSON body of a 200, or raises ``Refuse``. ``params`` joins
query, form and JSON, as the vendor does not mind where they come from. Left out: statistics, replies, opened/clicked/sent/finished
reads, recipient status, pipelines and sender accounts; those paths answer 404.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from integrations.standins.snovio import prospects, shapes
from integrations.standins.snovio.answers import Refuse

if TYPE_CHECKING:
    from integrations.standins.snovio.server import Snovio

Params = dict[str, Any]
Handler = Callable[..., Any]
PER_PAGE = 5000  # the most
PER_PAGE_UNSAID = 100  # ours: what happens without perPage is not published
EVENT_RANGE = timedelta(days=31)


# -- the account -----------------------------------------------------------------------------------------------------------
def balance(account: "Snovio", params: Params) -> Any:
    return {
        "success": True,
        "data": {
            "balance": account.balance,
            "teamwork": False,
            "unique_recipients_used": 0,
            "limit_resets_in": 29,
            "expires_in": 359,
        },
    }


# -- prospects and lists -----------------------------------------------------------------------------------------------------
def add_prospect(account: "Snovio", params: Params) -> Any:
    return prospects.add(account.store, params, same_list_always_422=bool(account.settings["same_list_always_422"]))


def prospect_by_id(account: "Snovio", params: Params) -> Any:
    id = prospects.text(params.get("id"))
    found = account.store.by_id(id)
    if found is None or (account.settings["refuse_long_ids"] and id == found.long):
        raise Refuse.no_prospect("id", id)
    return {"success": True, "data": shapes.detail(account.store, found, rich=account.settings["mode"] == "rich")}


def prospects_by_email(account: "Snovio", params: Params) -> Any:
    email = prospects.text(params.get("email"))
    found = account.store.by_email(email)
    if not found:
        raise Refuse.no_prospect("email", email)
    return {
        "success": True,
        "data": [shapes.detail(account.store, each, rich=account.settings["mode"] == "rich") for each in found],
    }


def custom_fields(account: "Snovio", params: Params) -> Any:
    return [shapes.field_row(each) for each in account.store.fields.values()]


def user_lists(account: "Snovio", params: Params) -> Any:
    return [shapes.list_row(each) for each in account.store.lists.values()]


def prospect_list(account: "Snovio", params: Params) -> Any:
    found = account.store.lists.get(prospects.whole(params.get("listId")))
    if found is None or found.deleted_at is not None:
        raise Refuse.not_found()
    page = prospects.whole(params.get("page", 1))
    size = prospects.whole(params.get("perPage", PER_PAGE_UNSAID))
    if page < 1 or not 1 <= size <= PER_PAGE:
        raise Refuse.bad_request(f"page is a number from 1, perPage at most {PER_PAGE}")
    rows = list(found.members.values())
    return shapes.listing(found, account.page_of(rows, page, size))


def new_list(account: "Snovio", params: Params) -> Any:
    name = prospects.text(params.get("name"))
    if not name:
        raise Refuse.bad_request("The name field is required.")
    return [{"success": True, "data": {"id": account.store.add_list(name).id}}]


# -- campaigns ---------------------------------------------------------------------------------------------------------------
def campaigns(account: "Snovio", params: Params) -> Any:
    return [shapes.campaign_row(each) for each in account.store.campaigns.values()]


def recipients_activity(account: "Snovio", params: Params, id: str) -> Any:
    campaign = account.store.campaigns.get(int(id))
    if campaign is None:
        raise Refuse.not_found()
    try:
        start = date.fromisoformat(str(params["dateFrom"]))
        end = date.fromisoformat(str(params["dateTo"]))
    except (KeyError, ValueError):
        raise Refuse.bad_request("dateFrom and dateTo are required, as YYYY-MM-DD") from None
    if not timedelta(0) <= end - start <= EVENT_RANGE:
        raise Refuse.bad_request("The date range must not exceed 31 days")
    limit = min(max(prospects.whole(params.get("limit", 100)), 1), 1000)
    offset = max(prospects.whole(params.get("offset", 0)), 0)
    days = (f"{start}", f"{end} 23:59:59")
    rows = [row for row in campaign.events if days[0] <= row["event_time"] <= days[1]]
    shown = rows[offset : offset + limit]
    more = offset + len(shown) < len(rows)
    pagination = {"total": len(rows), "offset": offset, "limit": limit, "has_more": more}
    return {"data": shown, "pagination": pagination}


# -- do-not-email lists ------------------------------------------------------------------------------------------------------
def blacklists(account: "Snovio", params: Params) -> Any:
    rows = account.store.do_not_email.values()
    return {
        "data": [{"id": each.id, "name": each.name, "owner": each.owner, "total": len(each.items)} for each in rows]
    }


def do_not_email(account: "Snovio", params: Params) -> Any:
    """Form only: a JSON body is read as if it had no items, as clients found."""
    items = [] if params.get("_json") else [prospects.text(item) for item in params.get("items") or []]
    if not items:
        raise Refuse.bad_request("Emails list is empty")
    lists = account.store.do_not_email
    chosen = lists.get(prospects.whole(params.get("listId")), next(iter(lists.values())))
    doubles = [item for item in items if item in chosen.items]
    chosen.items.update(dict.fromkeys(items))
    return [{"success": True, "data": {"duplicates": doubles}}]


# -- webhooks ----------------------------------------------------------------------------------------------------------------
def webhooks(account: "Snovio", params: Params) -> Any:
    rows = [{"data": row.shown()} for row in account.subscriptions.rows.values()]
    return {"data": rows, "meta": {"webhooks_count": len(rows), "user_id": account.user_id}}


def new_webhook(account: "Snovio", params: Params) -> Any:
    names = ("event_object", "event_action", "endpoint_url")
    made = account.subscriptions.add(*(prospects.text(params.get(name)) for name in names), at=account.clock.now())
    return {"data": made.shown(), "meta": {"user_id": account.user_id}}


def change_webhook(account: "Snovio", params: Params, id: str) -> Any:
    row = account.subscriptions.row(int(id))
    if params.get("status") not in ("active", "deactivated"):
        raise Refuse.bad_request("The selected status is invalid.")
    row.status = params["status"]
    return {"data": row.shown(), "meta": {"user_id": account.user_id}}


def delete_webhook(account: "Snovio", params: Params, id: str) -> Any:
    del account.subscriptions.rows[account.subscriptions.row(int(id)).id]
    return {"data": {"success": True}}


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "/v1/get-balance"): balance,
    ("POST", "/v1/add-prospect-to-list"): add_prospect,
    ("POST", "/v1/get-prospect-by-id"): prospect_by_id,
    ("POST", "/v1/get-prospects-by-email"): prospects_by_email,
    ("GET", "/v1/prospect-custom-fields"): custom_fields,
    ("GET", "/v1/get-user-lists"): user_lists,
    ("POST", "/v1/prospect-list"): prospect_list,
    ("POST", "/v1/lists"): new_list,
    ("GET", "/v1/get-user-campaigns"): campaigns,
    ("GET", "/v2/campaigns/{id}/recipients-activity"): recipients_activity,
    ("GET", "/v2/blacklists"): blacklists,
    ("POST", "/v1/do-not-email-list"): do_not_email,
    ("GET", "/v2/webhooks"): webhooks,
    ("POST", "/v2/webhooks"): new_webhook,
    ("PUT", "/v2/webhooks/{id}"): change_webhook,
    ("DELETE", "/v2/webhooks/{id}"): delete_webhook,
}
PATTERNS = [
    (method, re.compile(re.escape(path).replace(r"\{id\}", r"(\d+)") + "/?"), handler)
    for (method, path), handler in ROUTES.items()
]


def route(method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
    """The handler and the parts of the path; Refuse for paths, methods and prefixes that don't exist."""
    fits = [
        (verb, match.groups(), handler) for verb, pattern, handler in PATTERNS if (match := pattern.fullmatch(path))
    ]
    for verb, parts, handler in fits:
        if verb == method:
            return handler, parts
    other = path.replace("/v1/", "/v2/") if path.startswith("/v1/") else path.replace("/v2/", "/v1/")
    if path == "/v1/do-not-email-list" or (not fits and any(pattern.fullmatch(other) for _, pattern, _ in PATTERNS)):
        raise Refuse(403, {"success": False, "message": "Forbidden"})
    if fits:
        raise Refuse(405, {"success": False, "message": "Method not allowed"})
    raise Refuse.not_found()


# -- reading a request ---------------------------------------------------------------------------------------------------------
def read_params(query: str, content_type: str, body: bytes) -> Params:
    """Query, form and JSON in one dict. ``name[key]`` becomes an object, ``name[]`` an array; ``_json`` tells how the body came."""
    params = unflatten(parse_qsl(query, keep_blank_values=True))
    if "json" in content_type:
        try:
            given = json.loads(body or b"{}")
        except ValueError:
            raise Refuse.bad_request("The body is not valid JSON") from None
        if not isinstance(given, dict):
            raise Refuse.bad_request("The body must be a JSON object")
        params |= given | {"_json": True}
    else:
        params |= unflatten(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    for name, kind in (("phones", list), ("items", list), ("socialLinks", dict), ("customFields", dict)):
        if name in params and not isinstance(params[name], kind):
            params[name] = [params[name]] if kind is list else {}
    return params


def unflatten(pairs: list[tuple[str, str]]) -> Params:
    found: Params = {}
    for name, value in pairs:
        head, bracket, key = name.partition("[")
        key = key.rstrip("]").strip("'\"")
        if not bracket:
            found[head] = value
        elif key in ("", "0") or key.isdigit():
            known = found.setdefault(head, [])
            if isinstance(known, list):
                known.append(value)
        else:
            known = found.setdefault(head, {})
            if isinstance(known, dict):
                known[key] = value
    return found


def event_time(at: float) -> str:
    """Unix seconds as the event reads show times, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
