"""The owner pages: what a person does in the vendor's own app. Prospects by list; lists and custom fields; campaign mails."""

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.standins import pages
from integrations.standins.pages import Action, Input, Row
from integrations.standins.snovio import control, edits
from integrations.standins.snovio.prospects import fits
from integrations.standins.snovio.store import FIELD_TYPES, Prospect
from integrations.standins.vendor import ControlError
from integrations.standins.web import read_form

if TYPE_CHECKING:
    from integrations.standins.snovio.server import Snovio

INPUTS = [
    ("email", "E-mail", "email"),
    ("firstName", "First name", "first_name"),
    ("lastName", "Last name", "last_name"),
    ("country", "Country", "country"),
    ("locality", "Location", "locality"),
    ("industry", "Industry", "industry"),
    ("position", "Job title", "position"),
    ("companyName", "Company", "company"),
    ("companySite", "Company site", "site"),
]


class ProspectDesk:
    title = "Snov.io"
    noun = "prospect"
    columns = ["Name", "E-mail", "Company", "Country", "Lists"]
    list_url = "/app/prospects"
    new_url = "/app/prospects/new"

    def __init__(self, account: "Snovio") -> None:
        self.account, self.store = account, account.store
        self.groups = [("", "All")] + [(str(each.id), each.name) for each in self.store.live_lists()]

    def rows(self, group: str, words: str, start: int, size: int) -> tuple[list[Row], int]:
        found = self.store.lists.get(int(group)) if group.isdigit() else None
        some = (found.members if found else self.store.prospects).values()
        wanted = words.casefold().split()
        fits = [each for each in reversed(some) if all(word in _words(each) for word in wanted)]
        return [Row(each.short, self._cells(each)) for each in fits[start : start + size]], len(fits)

    def _cells(self, prospect: Prospect) -> list[str]:
        lists = ", ".join(self.store.lists[id].name for id in prospect.lists)
        return [prospect.name or prospect.email, prospect.email, prospect.company, prospect.country, lists]

    def record_url(self, id: str) -> str:
        return f"/app/prospects/{id}"

    def inputs(self, id: str | None) -> list[Input]:
        prospect = self._prospect(id)
        found = [Input(name, label, getattr(prospect, ours) if prospect else "") for name, label, ours in INPUTS]
        phones = ", ".join(prospect.phones) if prospect else ""
        link = prospect.social.get("linkedIn", "") if prospect else ""
        found += [Input("phones", "Phones, with commas between", phones), Input("linkedIn", "LinkedIn", link)]
        for field in self.store.fields.values():
            value = prospect.custom.get(field.number, "") if prospect else ""
            found.append(
                Input(f"custom:{field.label}", f"{field.label} ({field.type})", value, section="Custom fields")
            )
        if prospect is None:
            found.append(Input("listId", "List", self.groups[1][0] if self.groups[1:] else "", self.groups[1:]))
        return found

    def actions(self, id: str) -> list[Action]:
        campaigns = [(str(each.id), each.name) for each in self.store.campaigns.values()]
        return [
            Action("move", "Move", "To list", self.groups[1:]),
            Action("delete", "Delete"),
            Action("sent", "Send mail", "Campaign", campaigns),
            Action("reply", "Answer as this person", "Campaign", campaigns),
        ]

    def save(self, id: str | None, values: dict[str, str]) -> str:
        prospect = self._prospect(id)
        given: dict[str, object] = {name: values.get(name, "") for name, *_ in INPUTS}
        given |= {"linkedIn": values.get("linkedIn", ""), "phones": values.get("phones", "").split(",")}
        given["customFields"] = self._custom(values)
        if prospect is not None:
            # The form shows one address; the others stay.
            given["emails"] = [values.get("email", ""), *prospect.emails[1:]]
            return _said(edits.edit, self.store, {**given, "id": prospect.short}).short
        return _said(edits.create, self.store, {**given, "listId": values.get("listId", "")}).short

    def _custom(self, values: dict[str, str]) -> dict[str, str]:
        found = {field.label: values.get(f"custom:{field.label}", "") for field in self.store.fields.values()}
        for field in self.store.fields.values():
            if found[field.label] and not fits(field, found[field.label]):
                raise ValueError(f"{field.label} must be a {field.type}.")
        return found

    def act(self, id: str, action: str, value: str) -> str | None:
        if self._prospect(id) is None or action not in ("move", "delete", "sent", "reply"):
            raise KeyError(id)
        if action == "delete":
            edits.delete(self.store, id)
            return None
        if action == "move":
            _said(edits.move, self.store, id, [value])
        else:
            _said(control.happen, self.account, {"campaign": value, "prospect": id, "type": action})
        return id

    def _prospect(self, id: str | None) -> Prospect | None:
        """KeyError for an id that does not exist."""
        if id is None:
            return None
        found = self.store.by_id(id)
        if found is None:
            raise KeyError(id)
        return found


def _words(prospect: Prospect) -> str:
    return f"{prospect.name} {' '.join(prospect.emails)} {prospect.company} {prospect.country}".casefold()


def _said(verb: Callable[..., Any], *args: Any) -> Any:
    """ControlError as the ValueError that pages show."""
    try:
        return verb(*args)
    except ControlError as error:
        raise ValueError(str(error)) from error


def home_page(account: "Snovio") -> str:
    """What there is, with the way to change it."""
    store = account.store
    lists = "".join(
        f'<li><a href="/app/prospects?group={each.id}">{escape(each.name)}</a>: {len(each.members)} prospects</li>'
        for each in store.live_lists()
    )
    body = f"""<div class=card><p><a href="/app/prospects">All {len(store.prospects)} prospects</a></p><ul>{lists}</ul>
<p><a href="/app/settings">Lists and custom fields</a></p></div>"""
    return pages.page("Snov.io", body)


# -- lists and custom fields ---------------------------------------------------------------------------------------------------
def settings_page(account: "Snovio", error: str = "") -> str:
    """Lists and custom fields in one page: add, delete, rename."""
    store = account.store
    lists = "".join(
        f"<tr><td>{escape(each.name)}</td><td>{len(each.members)}</td>"
        f"<td>{'Deleted' if each.deleted_at else _form('delete_list', 'Delete list', id=str(each.id))}</td></tr>"
        for each in store.lists.values()
    )
    fields = "".join(
        f"<tr><td>{escape(each.label)}</td><td>{each.type}</td><td>"
        f"{_form('rename_field', 'Rename', 'New label', id=each.label)}{_form('delete_field', 'Delete', id=each.label)}</td></tr>"
        for each in store.fields.values()
    )
    wrong = f"<p class=bad role=alert>{escape(error)}</p>" if error else ""
    body = f"""{wrong}<h2>Lists</h2><p class=soft>Deleting a list deletes the prospects that are in no other list.</p>
<div class=wide><table><thead><tr><th scope=col>Name</th><th scope=col>Prospects</th><th scope=col>Change</th></tr></thead>
<tbody>{lists}</tbody></table></div><div class="card">{_form("add_list", "Add list", "Name")}</div>
<h2>Custom fields</h2><div class=wide><table><thead><tr><th scope=col>Label</th><th scope=col>Type</th><th scope=col>Change</th>
</tr></thead><tbody>{fields}</tbody></table></div><div class="card">{_form("add_field", "Add field", "Label", FIELD_TYPES)}</div>"""
    nav = '<a href="/app/prospects"><b>Snov.io</b></a><a href="/app/settings">Lists and fields</a>'
    return pages.page("Lists and fields", body, nav=nav)


def _form(action: str, label: str, ask: str = "", choices: tuple[str, ...] = (), *, id: str = "") -> str:
    name = f"<label><span class=name>{ask}</span><input name=value required></label>" if ask else ""
    options = "".join(f"<option>{choice}</option>" for choice in choices)
    kind = f'<select name=type aria-label="Type">{options}</select>' if choices else ""
    return f"""<form method=post class=inline><input type=hidden name=id value="{escape(id)}">{name}{kind}
<button name=action value={action}>{label}</button></form>"""


def change_settings(account: "Snovio", form: dict[str, str]) -> None:
    store, id, value = account.store, form.get("id", ""), form.get("value", "").strip()
    match form.get("action"):
        case "add_list" if value:
            store.add_list(value)
        case "delete_list":
            edits.delete_list(store, id)
        case "add_field":
            edits.add_field(store, value, form.get("type", "string"))
        case "rename_field":
            edits.rename_field(store, id, value)
        case "delete_field":
            edits.delete_field(store, id)
        case _:
            raise ControlError("There is no such action.")


def routes(account: "Snovio") -> list[BaseRoute]:
    async def home(request: Request) -> Response:
        return HTMLResponse(home_page(account))

    async def settings(request: Request) -> Response:
        if request.method == "GET":
            return HTMLResponse(settings_page(account))
        try:
            change_settings(account, await read_form(request))
        except ControlError as error:
            return HTMLResponse(settings_page(account, str(error)), 422)
        return RedirectResponse("/app/settings", 303)

    return [
        Route("/app", home),
        Route("/app/", home),
        Route("/app/settings", settings, methods=["GET", "POST"]),
        *pages.routes("/app/prospects", "/app/prospects/{id}", lambda request: ProspectDesk(account)),
    ]
