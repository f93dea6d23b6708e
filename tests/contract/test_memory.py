"""The reference connector answers the contract, in three characters: able, poor and slow to show."""

import re
from collections.abc import Sequence

import pytest

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.connectors.memory import MemoryApp, MemoryConnector
from integrations.records import Create, FieldType, Value, Values
from tests.contract.suite import ConnectorContract, Names


class MemoryPeer:
    def __init__(self, app: MemoryApp) -> None:
        self.app = app

    def put(self, values: Values) -> str:
        id = self.app.put(values)
        self.app.wait(self.app.abilities.visibility_lag)
        return id

    def put_many(self, count: int) -> list[str]:
        made = [self.app.put({"email": f"many{number}@example.com"}) for number in range(count)]
        for id in made:
            self.app.rows[id].changed = self.app.clock
        self.app.wait(self.app.abilities.visibility_lag)
        return made

    def edit(self, id: str, values: Values) -> None:
        self.app.write(id, values)
        self.app.wait(self.app.abilities.visibility_lag)

    def remove(self, id: str) -> None:
        self.app.remove(id)
        self.app.wait(self.app.abilities.visibility_lag)

    def merge(self, winner: str, loser: str) -> str:
        left = self.app.merge(winner, loser, new_id=True)
        self.app.wait(self.app.abilities.visibility_lag)
        return left

    def values(self, id: str) -> Values:
        held = self.app.resolve(id)
        assert held
        return {name: held.values.get(name) for name in ("email", "first_name", "last_name")}

    def ids(self) -> set[str]:
        return set(self.app.live())

    def trouble(self, what: str) -> None:
        error, when = {
            "revoked": (errors.AuthExpired, "before"),
            "limited": (lambda: errors.RateLimited(retry_after=5), "before"),
            "down": (errors.Unavailable, "before"),
            "lost": (errors.NoAnswer, "after"),
        }[what]
        self.app.fail("create" if what == "lost" else "", error, when=when)


def refuse_bad_addresses(values: Values) -> errors.ConnectorError | None:
    unknown = set(values) - {field.name for field in MemoryApp().fields}
    if unknown:
        return errors.Refused("unknown", code="FIELD_MISSING", field=min(unknown))
    if not re.fullmatch(r"\S+@\S+", str(values.get("email", "a@b"))):
        return errors.Refused("not an address", code="EMAIL_INVALID", field="email")
    return None


class TestMemory(ConnectorContract):
    names = Names(email="email", text="first_name", other="last_name")
    values: dict[FieldType, tuple[str, Value, Value]] = {
        FieldType.NUMBER: ("score", "1250.5", "7"),
        FieldType.DATE: ("born", "1999-12-31", "2026-02-28"),
        FieldType.DATETIME: ("met", "2026-05-01T08:30:00.000Z", "2026-05-01T08:30:00.250Z"),
        FieldType.BOOL: ("active", True, False),
        FieldType.MULTI: ("tags", ["a", "b"], ["c"]),
        FieldType.LONG_TEXT: ("notes", "two\nlines", "Zoë 漢字"),
    }
    abilities = Abilities(merges=True, scan_page=5, create_fields=True)

    @pytest.fixture
    def app(self) -> MemoryApp:
        return MemoryApp(abilities=self.abilities, refuse=refuse_bad_addresses)

    @pytest.fixture
    def connector(self, app: MemoryApp) -> MemoryConnector:
        return MemoryConnector(app)

    @pytest.fixture
    def peer(self, app: MemoryApp) -> MemoryPeer:
        return MemoryPeer(app)


class TestPoorMemory(TestMemory):
    """No feed, no delete, no clearing, listings without details: what some vendors offer."""

    abilities = Abilities(
        delete=False,
        clear=False,
        change_feed=False,
        sees_deletions=False,
        partial_scan=True,
        create_upserts_by="email",
        scan_page=5,
    )

    @pytest.fixture
    def app(self) -> MemoryApp:
        return MemoryApp(abilities=self.abilities, refuse=refuse_bad_addresses, listed_fields=("email",))


class TestSlowMemory(TestMemory):
    """Listings trail writes, as search indexes do."""

    abilities = Abilities(merges=True, scan_page=5, visibility_lag=7, conditional_writes=True)


def test_a_lagging_feed_never_skips_a_change() -> None:
    app = MemoryApp(abilities=Abilities(visibility_lag=5))
    connector = MemoryConnector(app)
    cursor = connector.changes("contacts", fields=["first_name"], cursor=None, position=None, scope={}).cursor
    id = app.put({"first_name": "Ann"})
    shown: Sequence[Value] = []
    for _tick in range(8):
        page = connector.changes("contacts", fields=["first_name"], cursor=cursor, position=None, scope={})
        cursor = page.cursor
        shown = [*shown, *(record.values["first_name"] for record in page.records if record.id == id)]
        app.wait(1)
    assert "Ann" in shown


def test_a_write_that_lands_late_is_first_answered_with_no_answer() -> None:
    app = MemoryApp(land_late=True)
    connector = MemoryConnector(app)
    with pytest.raises(errors.NoAnswer):
        connector.create("contacts", [Create({"email": "a@example.com"}, key="k")], scope={})
    assert app.live() == {}
    app.land()
    assert [values["email"] for values in app.live().values()] == ["a@example.com"]


def test_an_app_may_rewrite_what_it_is_given() -> None:
    app = MemoryApp(rewrite=lambda name, value: value[:3] if isinstance(value, str) else value)
    verdict = MemoryConnector(app).create("contacts", [Create({"first_name": "Annabel"}, key="k")], scope={})[0]
    assert verdict.record
    assert verdict.record.values["first_name"] == "Ann"
