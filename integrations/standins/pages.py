"""Pages for people, so that somebody can play the other side: list, search, edit, create, and what else a vendor offers.

Plain HTML made on the server, one small stylesheet, no script. A vendor describes its records with a ``Desk``;
``routes`` makes the pages. All text is escaped here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.standins.web import read_form

SIZE = 50  # rows of a list page


@dataclass
class Input:
    """One field of the form; ``options`` (value, label) make it a choice."""

    name: str
    label: str
    value: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    long: bool = False
    section: str = ""  # inputs with a section stand under it, folded away


@dataclass
class Action:
    """A button of a record; with ``ask`` it comes with an input or, with ``options``, a choice."""

    name: str
    label: str
    ask: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Row:
    id: str
    cells: list[str]


class Desk(Protocol):
    """What a vendor tells about one kind of records. ``ValueError`` from ``save`` and ``act`` is shown to the person."""

    title: str  # "HubSpot · Northwind Trading"
    noun: str  # "contact"
    columns: list[str]
    list_url: str
    new_url: str
    groups: list[tuple[str, str]]  # (key, label): tabs, such as lists; the first one is shown without a choice

    def rows(self, group: str, words: str, start: int, size: int) -> tuple[list[Row], int]:
        """One page of rows and how many there are."""

    def record_url(self, id: str) -> str: ...

    def inputs(self, id: str | None) -> list[Input]:
        """The form of a record, or of a new one. KeyError for an id that doesn't exist."""

    def actions(self, id: str) -> list[Action]: ...

    def save(self, id: str | None, values: dict[str, str]) -> str:
        """Keep what was typed; the record's id."""

    def act(self, id: str, action: str, value: str) -> str | None:
        """Do it; the id of the record to show next, None for the list."""


DeskFor = Callable[[Request], Desk | None]

STYLE = Path(__file__).with_name("pages.css").read_text()


def page(title: str, body: str, *, narrow: bool = False, nav: str = "", notice: str = "") -> str:
    """A whole page. ``body``, ``nav`` are HTML; ``title`` and ``notice`` are text."""
    return f"""<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>{escape(title)}</title><style>{STYLE}</style></head><body{" class=narrow" if narrow else ""}>
<header>{nav}<small>Local stand-in: no real account, nothing leaves this machine.</small></header>
<main><h1>{escape(title)}</h1>{f"<p class=card role=status>{escape(notice)}</p>" if notice else ""}{body}</main></body></html>"""


def routes(list_path: str, record_path: str, desk_for: DeskFor) -> list[Route]:
    """Pages under ``list_path`` and ``record_path`` (which has ``{id}``). ``desk_for`` answers None for 404."""

    async def listing(request: Request) -> Response:
        desk = desk_for(request)
        return _list_page(desk, request) if desk else _lost()

    async def new(request: Request) -> Response:
        desk = desk_for(request)
        return await _form_page(desk, request, None) if desk else _lost()

    async def record(request: Request) -> Response:
        desk = desk_for(request)
        return await _form_page(desk, request, request.path_params["id"]) if desk else _lost()

    async def act(request: Request) -> Response:
        desk, id = desk_for(request), request.path_params["id"]
        if desk is None:
            return _lost()
        form = await read_form(request)
        try:
            following = desk.act(id, form.get("action", ""), form.get("value", "").strip())
        except KeyError:
            return _lost()
        except ValueError as error:
            return _go(desk.record_url(id), error=str(error))
        return _go(desk.list_url if following is None else desk.record_url(following), done="Done.")

    return [
        Route(list_path, listing, methods=["GET"]),
        Route(f"{list_path}/new", new, methods=["GET", "POST"]),
        Route(record_path, record, methods=["GET", "POST"]),
        Route(f"{record_path}/do", act, methods=["POST"]),
    ]


def _lost() -> Response:
    return HTMLResponse(page("Not found", "<p>There is no such page or record.</p>"), 404)


def _go(url: str, **query: str) -> Response:
    return RedirectResponse(f"{url}?{urlencode(query)}", 303)


def _nav(desk: Desk) -> str:
    return f'<a href="{escape(desk.list_url)}"><b>{escape(desk.title)}</b></a>'


def _list_page(desk: Desk, request: Request) -> Response:
    query = request.query_params
    group, words = query.get("group", desk.groups[0][0]), query.get("q", "")
    start = int(query.get("start", "0")) if query.get("start", "0").isdigit() else 0
    rows, total = desk.rows(group, words, start, SIZE)
    tabs = "".join(
        f'<a href="?{urlencode({"group": key, "q": words})}"{" aria-current=page" if key == group else ""}>'
        f"{escape(label)}</a>"
        for key, label in desk.groups
    )
    heads = "".join(f"<th scope=col>{escape(column)}</th>" for column in desk.columns)
    lines = "".join(_row(desk, row) for row in rows)
    shown = f"{start + 1:,}–{start + len(rows):,} of {total:,}" if rows else "Nothing here."
    steps = "".join(
        f'<a class=button href="?{urlencode({"group": group, "q": words, "start": max(0, place)})}">{label}</a>'
        for place, label, there in (
            (start - SIZE, "Previous", start > 0),
            (start + SIZE, "Next", start + SIZE < total),
        )
        if there
    )
    body = f"""<nav class=tabs aria-label=Groups>{tabs}</nav>
<form class=search><input type=hidden name=group value="{escape(group)}">
<input type=search name=q value="{escape(words)}" aria-label="Search" placeholder="Name, e-mail, company …">
<button>Search</button><a class="button primary" href="{escape(desk.new_url)}">New {escape(desk.noun)}</a></form>
<div class=wide><table><caption class=soft>{shown}</caption><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>
</div><p class=actions>{steps}</p>"""
    title = f"{desk.noun.capitalize()}s"
    return HTMLResponse(page(title, body, nav=_nav(desk), notice=query.get("done", "")))


def _row(desk: Desk, row: Row) -> str:
    first, *rest = row.cells
    link = f'<a href="{escape(desk.record_url(row.id))}">{escape(first or "(no name)")}</a>'
    return f"<tr><td>{link}</td>{''.join(f'<td>{escape(cell)}</td>' for cell in rest)}</tr>"


async def _form_page(desk: Desk, request: Request, id: str | None) -> Response:
    error = request.query_params.get("error", "")
    typed: dict[str, str] = {}
    try:
        if request.method == "POST":
            typed = await read_form(request)
            try:
                return _go(desk.record_url(desk.save(id, typed)), done="Saved.")
            except ValueError as refused:
                error = str(refused)
        inputs = desk.inputs(id)
    except KeyError:
        return _lost()
    for each in inputs:
        each.value = typed.get(each.name, each.value)
    wrong = f"<p class=bad role=alert>{escape(error)}</p>" if error else ""
    buttons = "".join(_button(desk, id, action) for action in desk.actions(id)) if id else ""
    body = f"""{wrong}<form method=post class=card>{_fields(inputs)}
<p class=actions><button class=primary>Save</button> <a href="{escape(desk.list_url)}">Back to the list</a></p></form>
<div class="actions">{buttons}</div>"""
    title = f"{desk.noun.capitalize()} {id}" if id else f"New {desk.noun}"
    shown = page(title, body, nav=_nav(desk), notice=request.query_params.get("done", ""))
    return HTMLResponse(shown, 422 if error and request.method == "POST" else 200)


def _fields(inputs: list[Input]) -> str:
    shown = "".join(_field(each) for each in inputs if not each.section)
    html = f"<div class=grid>{shown}</div>"
    for section in dict.fromkeys(each.section for each in inputs if each.section):
        more = "".join(_field(each) for each in inputs if each.section == section)
        html += f"<details><summary>{escape(section)}</summary><div class=grid>{more}</div></details>"
    return html


def _field(each: Input) -> str:
    name, value = escape(each.name), escape(each.value)
    if each.options:
        options = [("", "–"), *(option for option in each.options if option[0])]
        control = f"<select name={name}>{_options(options, each.value)}</select>"
    elif each.long:
        control = f"<textarea name={name} rows=3>{value}</textarea>"
    else:
        control = f'<input name={name} value="{value}">'
    return f"<label><span class=name>{escape(each.label)}</span>{control}</label>"


def _options(options: list[tuple[str, str]], chosen: str) -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(label)}</option>'
        for value, label in options
    )


def _button(desk: Desk, id: str | None, action: Action) -> str:
    ask = ""
    if action.options:
        ask = f'<select name=value aria-label="{escape(action.ask)}">{_options(action.options, "")}</select>'
    elif action.ask:
        ask = f"<label><span class=name>{escape(action.ask)}</span><input name=value required></label>"
    return f"""<form method=post class=inline action="{escape(desk.record_url(id or ""))}/do">{ask}
<button name=action value="{escape(action.name)}">{escape(action.label)}</button></form>"""
