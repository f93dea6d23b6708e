"""The pairs that ``make chaos`` knows: who is connected with HubSpot, and how. To add one: a function and a line in ``PAIRS``."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from integrations.registry import app
from integrations.services import connections, schemas
from portal.demo import story
from portal.demo.install import DemoInstall
from syncjobs.services import drafts, syncs
from tests.chaos.cards import NEW_ONES, open_books
from tests.chaos.sides import HubSpotSide, Record, Side, SnovioSide
from tests.realservers.servers import PASSWORD, USER

Connected = tuple[Any, dict[str, Side]]
"""The saved sync, its initial run queued, and the two sides."""
AT_BOTH, DIFFERING, ONLY_CARDS = 0.7, 0.15, 0.2  # of HubSpot's people, of those at both, of HubSpot's number


def snovio(install: DemoInstall, account: Any, user: Any, stack: ExitStack) -> Connected:
    hub = story.connect_hub(account, user, install.standins["hubspot"])
    other = story.connect_app(account, user, install.standins["snovio"])
    sides: dict[str, Side] = {
        "hub": HubSpotSide(install.standins["hubspot"]),
        "app": SnovioSide(install.standins["snovio"]),
    }
    return story.set_up(account, user, hub, other), sides


def carddav(install: DemoInstall, account: Any, user: Any, stack: ExitStack) -> Connected:
    hub = story.connect_hub(account, user, install.standins["hubspot"])
    near = HubSpotSide(install.standins["hubspot"])
    far = open_books(install.folder / "radicale", _card_people(list(near.records())), stack)
    keys = {"base_url": far.proxy.url, "user": USER, "password": PASSWORD}
    books = connections.connect_with_keys(
        account=account, user=user, app=app("carddav"), way_in="keys", values=keys, label="Address books"
    )
    draft = drafts.new(account=account, by=user, app_instance=books)
    drafts.choose_pair(draft=draft, app_instance=books, hub_instance=hub, hub_kind="contacts", app_kind="cards")
    new_ones = next(book.id for book in schemas.containers(books, "cards") if book.name == NEW_ONES)
    draft.app_scope = {"lists": [], "target_list": new_ones}
    draft.save(update_fields=["app_scope"])
    return syncs.save_and_sync(draft=draft, by=user), {"hub": near, "app": far}


def _card_people(known: list[Record]) -> list[Record]:
    """Most of HubSpot's people, some under another name, and some whom HubSpot does not know."""
    shared = [person for person in known if person["email"]][: int(len(known) * AT_BOTH)]
    differing = int(1 / DIFFERING)
    people = [{**one, "last": f"{one['last']}-Card"} if n % differing == 0 else one for n, one in enumerate(shared)]
    only = [
        {"email": f"card.{n}@chaos.example.com", "first": f"Card{n}", "last": "Only", "phone": f"+35193{n:07}"}
        for n in range(int(len(known) * ONLY_CARDS))
    ]
    return people + only


PAIRS: dict[str, Callable[[DemoInstall, Any, Any, ExitStack], Connected]] = {"snovio": snovio, "carddav": carddav}
