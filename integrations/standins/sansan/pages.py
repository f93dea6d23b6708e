"""The owner pages: what a person does in the Sansan app. Cards by tag: add, edit, tag, merge, hide, delete."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.standins import pages
from integrations.standins.pages import Action, Input, Row
from integrations.standins.sansan import control
from integrations.standins.sansan.store import ENTRY, TEXTS, Card
from integrations.standins.vendor import ControlError

if TYPE_CHECKING:
    from integrations.standins.sansan.server import Sansan

LABELS = {
    "lastName": "Last name", "firstName": "First name", "companyName": "Company", "departmentName": "Department",
    "title": "Job title", "email": "E-mail", "tel": "Phone", "mobile": "Mobile", "fax": "Fax", "url": "Website",
}  # fmt: skip
MOST_TABS = 12


class CardDesk:
    title = "Sansan"
    noun = "card"
    columns = ["Name", "Company", "E-mail", "Received", "Entry", "Tags"]
    list_url = "/app/cards"
    new_url = "/app/cards/new"

    def __init__(self, account: "Sansan") -> None:
        self.account, self.store = account, account.store
        self.store.finish_due()
        self.tags = [(tag.id, tag.name) for tag in self.store.tags.values()]
        self.groups = [("", "All"), *self.tags[:MOST_TABS]]

    def rows(self, group: str, words: str, start: int, size: int) -> tuple[list[Row], int]:
        wanted = words.casefold().split()
        found = [
            card
            for card in reversed(self.store.cards.values())
            if (not group or group in card.tags) and all(word in _words(card) for word in wanted)
        ]
        return [Row(card.id, self._cells(card)) for card in found[start : start + size]], len(found)

    def _cells(self, card: Card) -> list[str]:
        tags = ", ".join(self.store.tags[id].name for id in card.tags)
        entry = "past card" if self.store.is_past(card) else card.entry
        return [_name(card), card.text("companyName"), card.text("email"), card.exchanged, entry, tags]

    def record_url(self, id: str) -> str:
        return f"/app/cards/{id}"

    def inputs(self, id: str | None) -> list[Input]:
        card = self.store.cards[id] if id else None
        found = [Input(name, label, card.text(name) if card else "") for name, label in LABELS.items()]
        found.append(Input("exchangeDate", "Received (YYYY-MM-DD)", card.exchanged if card else ""))
        found.append(
            Input("entryStatus", "Entry", card.entry if card else "completed", [(each, each) for each in ENTRY])
        )
        more = [name for name in TEXTS if name not in LABELS]
        return found + [Input(name, name, card.text(name) if card else "", section="More") for name in more]

    def actions(self, id: str) -> list[Action]:
        card = self.store.cards[id]
        on = [(tag, self.store.tags[tag].name) for tag in card.tags]
        seen = Action("hide", "Share with nobody") if card.shared else Action("share", "Share with everybody")
        return [
            Action("put", "Tag", "Tag", [tag for tag in self.tags if tag not in on]),
            *([Action("take", "Take off", "Tag", on)] if on else []),
            Action("merge", "Same person as", "Id of the other card"),
            seen,
            Action("delete", "Delete"),
        ]

    def save(self, id: str | None, values: dict[str, str]) -> str:
        given = {name: values.get(name, "") for name in (*TEXTS, "exchangeDate")}
        given["entryStatus"] = values.get("entryStatus") or "completed"
        try:
            if id is None:
                return control.create(self.account, given).id
            return control.edit(self.account, self.store.cards[id], given).id
        except ControlError as error:
            raise ValueError(str(error)) from error

    def act(self, id: str, action: str, value: str) -> str | None:
        card = self.store.cards[id]
        try:
            if action in ("put", "take"):
                control.move_tag(self.account, card, control.the_tag(self.store, value), on=action == "put")
            elif action == "merge":
                self.store.merge(card, control.the_card(self.store, value))
            elif action in ("hide", "share"):
                self.store.change(card, shared=action == "share")
            elif action == "delete":
                self.store.delete(id)
                return None
            else:
                raise KeyError(action)
        except ControlError as error:
            raise ValueError(str(error)) from error
        return id


def _name(card: Card) -> str:
    return f"{card.text('lastName')} {card.text('firstName')}".strip()


def _words(card: Card) -> str:
    return f"{_name(card)} {card.text('companyName')} {card.text('email')}".casefold()


def routes(account: "Sansan") -> list[BaseRoute]:
    async def home(request: Request) -> Response:
        return RedirectResponse("/app/cards", 303)

    return [
        Route("/app", home),
        Route("/app/", home),
        *pages.routes("/app/cards", "/app/cards/{id}", lambda request: CardDesk(account)),
    ]
