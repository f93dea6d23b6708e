"""State and status reason of Dynamics: open, closed, and what closing takes."""

import pytest

from integrations import errors
from integrations.connectors.dynamics.connector import Dynamics
from integrations.connectors.dynamics.tables import PARTIES
from integrations.records import Update, Values
from tests.contract.conftest import Control
from tests.contract.dynamics import (
    control,
    create,
    dynamics,
    dynamics_standin,
    put,
    read,
    row,
    shown,
    update,
)

__all__ = ["control", "dynamics", "dynamics_standin"]


class TestStates:
    def test_a_deal_is_won_by_its_action_and_opened_again(self, dynamics: Dynamics, control: Control) -> None:
        id = put(control, "opportunities", name="Big")
        verdict = update(dynamics, "opportunities", id, {"statuscode": "3", "estimatedvalue": "12.5"})
        assert verdict.error is None
        assert verdict.record
        assert verdict.record.values == {"statuscode": "3", "estimatedvalue": "12.5"}
        assert row(control, "opportunities", id)["statecode"] == 1
        assert update(dynamics, "opportunities", id, {"statuscode": "1", "name": "Bigger"}).error is None
        assert row(control, "opportunities", id)["statecode"] == 0

    def test_a_state_alone_takes_its_first_status_reason(self, dynamics: Dynamics, control: Control) -> None:
        id = put(control, "opportunities", name="Big")
        for state, status in (("1", 3), ("0", 1), ("2", 4)):
            verdict = update(dynamics, "opportunities", id, {"statecode": state})
            assert shown(verdict, {"statecode": state}) == {"statecode": state}
            held = row(control, "opportunities", id)
            assert (str(held["statecode"]), held["statuscode"]) == (state, status)
        verdict = create(dynamics, "opportunities", {"name": "Lost already", "statecode": "2"})
        assert shown(verdict, {"statecode": "2", "statuscode": "4"}) == {"statecode": "2", "statuscode": "4"}
        assert update(dynamics, "opportunities", id, {"statecode": "7"}).error.code == "OPTION_NOT_ALLOWED"  # type: ignore[union-attr]

    def test_a_closed_row_is_never_opened_for_a_change(self, dynamics: Dynamics, control: Control) -> None:
        """To open it and to close it again would send its surveys, start its clocks and book its revenue once more."""
        person = put(control, "contacts", lastname="Lee")
        deal, case, call = (
            put(control, "opportunities", name="Big"),
            put(control, "incidents", title="Broken", **{"customerid_contact@odata.bind": f"/contacts({person})"}),
            put(control, "phonecalls", subject="Hi"),
        )
        closed = [("opportunities", deal, 5), ("incidents", case, 5), ("phonecalls", call, 2)]
        for kind, id, status in closed:
            control("records", type=kind, edit=[{"id": id, "statuscode": status}])
        before = {kind: row(control, kind, id) for kind, id, _status in closed}
        other = put(control, "opportunities", name="Open one")
        changes: list[tuple[str, str, Values]] = [
            ("opportunities", deal, {"name": "Bigger"}),
            ("opportunities", deal, {"statecode": "1"}),
            ("incidents", case, {"title": "Mended"}),
            ("phonecalls", call, {PARTIES: [person]}),
        ]
        for kind, id, values in changes:
            error = update(dynamics, kind, id, values).error
            assert isinstance(error, errors.Refused)
            assert error.code == "RECORD_LOCKED"
        assert {kind: row(control, kind, id) for kind, id, _status in closed} == before
        items = [Update(deal, {"name": "Bigger"}), Update(other, {"name": "Open two"})]
        assert [bool(verdict.error) for verdict in dynamics.update("opportunities", items)] == [True, False]

    def test_whoever_opens_a_row_elsewhere_may_change_it_with_that(self, dynamics: Dynamics, control: Control) -> None:
        id = put(control, "opportunities", name="Big")
        control("records", type="opportunities", edit=[{"id": id, "statuscode": 5}])
        assert update(dynamics, "opportunities", id, {"statecode": "0", "name": "Bigger"}).error is None
        held = row(control, "opportunities", id)
        assert (held["statecode"], held["name"]) == (0, "Bigger")

    def test_a_deal_that_somebody_changed_meanwhile_is_not_won(self, dynamics: Dynamics, control: Control) -> None:
        """The closing action asks for no version itself."""
        id = put(control, "opportunities", name="Big")
        seen = read(dynamics, "opportunities", id, "name").version
        control("records", type="opportunities", edit=[{"id": id, "statuscode": 2}])
        verdict = update(dynamics, "opportunities", id, {"statecode": "1"}, version=seen)
        assert isinstance(verdict.error, errors.StaleVersion)
        assert row(control, "opportunities", id)["statuscode"] == 2

    def test_what_somebody_changes_after_a_closing_is_not_taken_for_ours(
        self, dynamics: Dynamics, control: Control
    ) -> None:
        """Of a closing no version is told: the next update looks first."""
        made = create(dynamics, "tasks", {"subject": "Do it", "statuscode": "5"}).record
        assert made
        assert made.values["statecode"] == "1"
        control("records", type="tasks", edit=[{"id": made.id, "statecode": 0, "statuscode": 2, "subject": "Theirs"}])
        known = {name: made.values[name] for name in ("subject", "statuscode")}
        verdict = update(dynamics, "tasks", made.id, {"subject": "Ours"}, known, made.version)
        assert isinstance(verdict.error, errors.StaleVersion)
        assert row(control, "tasks", made.id)["subject"] == "Theirs"
        now = read(dynamics, "tasks", made.id, "subject", "statuscode")
        assert update(dynamics, "tasks", made.id, {"subject": "Ours"}, now.values).error is None

    @pytest.mark.parametrize("status", ["6", "7"])
    def test_no_e_mail_is_ever_sent(self, dynamics: Dynamics, control: Control, status: str) -> None:
        refused = create(dynamics, "emails", {"subject": "Hi", "statuscode": status}).error
        assert isinstance(refused, errors.Refused)
        assert refused.code == "OPTION_NOT_ALLOWED"

    def test_an_e_mail_that_dynamics_is_sending_is_left_alone(self, dynamics: Dynamics, control: Control) -> None:
        """To open it, change it and put it back into the queue could send it twice."""
        id = put(control, "emails", subject="Hi")
        control("records", type="emails", edit=[{"id": id, "statecode": 1, "statuscode": 6}])
        refused = update(dynamics, "emails", id, {"subject": "Ours"}).error
        assert isinstance(refused, errors.Refused)
        assert refused.code == "RECORD_LOCKED"
        held = row(control, "emails", id)
        assert (held["subject"], held["statuscode"]) == ("Hi", 6)

    @pytest.mark.parametrize(
        ("kind", "values", "state"),
        [
            ("opportunities", {"name": "Won already", "statuscode": "3"}, 1),
            ("opportunities", {"name": "Lost already", "statuscode": "5"}, 2),
            ("tasks", {"subject": "Done", "statuscode": "5"}, 1),
            ("emails", {"subject": "Sent", "statuscode": "3", "directioncode": "true"}, 1),
            ("appointments", {"subject": "Held", "statuscode": "3"}, 1),
            ("phonecalls", {"subject": "Received", "statuscode": "4", "directioncode": "false"}, 1),
            ("contacts", {"lastname": "Inactive", "statuscode": "2"}, 1),
            ("tasks", {"subject": "Waiting", "statuscode": "4"}, 0),
        ],
    )
    def test_a_record_can_begin_closed(
        self, dynamics: Dynamics, control: Control, kind: str, values: Values, state: int
    ) -> None:
        verdict = create(dynamics, kind, values)
        assert shown(verdict, values) == values
        assert verdict.record
        assert row(control, kind, verdict.record.id)["statecode"] == state

    def test_a_record_that_cannot_be_closed_is_not_made(self, dynamics: Dynamics, control: Control) -> None:
        """A change set: without it an open deal would be left behind at every try."""
        before = len(control("list", type="opportunities")["results"])
        assert create(dynamics, "opportunities", {"name": "x" * 400, "statuscode": "3"}).error
        assert create(dynamics, "opportunities", {"name": "Odd", "statuscode": "77"}).error
        assert len(control("list", type="opportunities")["results"]) == before

    def test_a_case_is_resolved_by_its_action(self, dynamics: Dynamics, control: Control) -> None:
        person = put(control, "contacts", lastname="Lee")
        id = put(control, "incidents", title="Broken", **{"customerid_contact@odata.bind": f"/contacts({person})"})
        assert update(dynamics, "incidents", id, {"statuscode": "5"}).error is None
        assert row(control, "incidents", id)["statecode"] == 1

    def test_a_product_gets_the_default_unit_and_is_published(self, dynamics: Dynamics, control: Control) -> None:
        verdict = create(dynamics, "products", {"name": "Plan", "productnumber": "X-1", "price": "9.5"})
        assert verdict.error is None
        assert verdict.record
        held = row(control, "products", verdict.record.id)
        assert held["_defaultuomid_value"] == control("list", type="uoms")["results"][0]["id"]
        assert (held["statecode"], held["price"]) == (0, 9.5)

    def test_an_invoice_gets_the_first_price_list(self, dynamics: Dynamics, control: Control) -> None:
        account = put(control, "accounts", name="Acme")
        verdict = create(dynamics, "invoices", {"name": "March", "customerid:account": [account]})
        assert verdict.error is None
