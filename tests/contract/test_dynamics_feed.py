"""What has changed in Dynamics: by change tracking, and by time."""

from typing import Any

import pytest

from integrations import errors
from integrations.connectors.dynamics import feed
from integrations.connectors.dynamics.client import fault
from integrations.connectors.dynamics.connector import Dynamics
from integrations.http import ApiSession
from tests.contract.conftest import Control
from tests.contract.dynamics import (
    control,
    dynamics,
    dynamics_standin,
    put,
)
from tests.integrations.server import Reply, Server

__all__ = ["control", "dynamics", "dynamics_standin"]


class TestChanges:
    def changes(self, dynamics: Dynamics, cursor: Any, fields: Any = ("lastname",)) -> Any:
        return dynamics.changes("contacts", fields=fields, cursor=cursor, position=None, scope={})

    def test_a_link_that_was_not_used_for_a_week_has_expired(self, dynamics: Dynamics, control: Control) -> None:
        cursor = self.changes(dynamics, None).cursor
        control("clock", advance=6 * 86_400)
        assert self.changes(dynamics, cursor).cursor
        control("clock", advance=2 * 86_400)
        with pytest.raises(errors.CursorExpired):
            self.changes(dynamics, cursor)

    def test_a_link_that_is_gone_has_expired_whatever_the_code(self, dynamics: Dynamics, server: Server) -> None:
        server.replies(Reply(410, {"error": {"code": "", "message": "Gone"}}))
        lone = Dynamics(ApiSession(server.url, fault=fault), stored_fields=dynamics.fields)
        with pytest.raises(errors.CursorExpired):
            self.changes(lone, {"link": "/api/data/v9.2/contacts?$deltatoken=1"})

    def test_fields_mapped_after_the_link_was_taken_are_read(self, dynamics: Dynamics, control: Control) -> None:
        cursor = self.changes(dynamics, None).cursor
        id = put(control, "contacts", lastname="Lee", jobtitle="Cook")
        assert self.changes(dynamics, cursor, ("jobtitle",)).records[0].values == {"jobtitle": "Cook"}
        assert self.changes(dynamics, cursor).records[0].id == id

    def test_without_change_tracking_changes_are_found_by_time(self, dynamics: Dynamics, control: Control) -> None:
        control("settings", untracked="contact")
        cursor = self.changes(dynamics, None).cursor
        ids = {put(control, "contacts", lastname=name) for name in ("Ann", "Bob")}
        page = self.changes(dynamics, cursor)
        assert ids <= {record.id for record in page.records}
        assert page.cursor
        [check] = [check for check in dynamics.preflight(["contacts"]) if check.state == "warning"]
        assert check.fix

    def test_thousands_of_one_moment_are_all_found_by_time(self, dynamics: Dynamics, control: Control) -> None:
        control("settings", untracked="contact")
        cursor, position, seen = self.changes(dynamics, None).cursor, None, set()
        made = set(control("records", type="contacts", create=[{"lastname": str(n)} for n in range(1300)])["created"])
        while True:
            page = dynamics.changes("contacts", fields=["lastname"], cursor=cursor, position=position, scope={})
            seen |= {record.id for record in page.records}
            position = page.position
            if position is None:
                break
            control("records", type="contacts", edit=[{"id": min(made), "firstname": "Meanwhile"}])
        assert made <= seen

    def test_a_long_first_list_is_read_page_by_page_while_changes_are_found_by_time(
        self, dynamics: Dynamics, control: Control, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whether the link speaks from the list's first page or its last is not documented."""
        monkeypatch.setattr(feed, "FIRST_PAGE", 10)
        before = dynamics.calls
        cursor = self.changes(dynamics, None).cursor
        assert dynamics.calls - before == 1, "a table of millions must not hold up the start"
        id = put(control, "contacts", lastname="Lee")
        first, pages = self.changes(dynamics, cursor), 0
        assert id in {record.id for record in first.records}
        page = first
        while page.position:
            page = dynamics.changes("contacts", fields=["lastname"], cursor=cursor, position=page.position, scope={})
            pages += 1
        assert pages > 1
        assert page.cursor.keys() == {"link", "since"}
        edited = put(control, "contacts", lastname="Later")
        second = self.changes(dynamics, page.cursor)
        assert {id, edited} <= {record.id for record in second.records}
        last = dynamics.changes("contacts", fields=["lastname"], cursor=page.cursor, position=second.position, scope={})
        assert edited in {record.id for record in last.records}
        assert last.cursor.keys() == {"link"}  # type: ignore[union-attr]
