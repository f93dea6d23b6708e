"""Lookups of Dynamics: one place for several tables, customers of opportunities and cases, participants."""

import uuid

import pytest

from integrations import errors
from integrations.connectors.dynamics.client import API, fault
from integrations.connectors.dynamics.connector import Dynamics
from integrations.connectors.dynamics.tables import PARTIES
from integrations.http import ApiSession
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
from tests.integrations.server import Reply, Server

__all__ = ["control", "dynamics", "dynamics_standin"]


DANA = "dana.reyes@syncline.example"


class TestLookups:
    def test_a_company_is_bound_and_taken_away(self, dynamics: Dynamics, control: Control) -> None:
        account, id = put(control, "accounts", name="Acme"), put(control, "contacts", lastname="Lee")
        verdict = update(dynamics, "contacts", id, {"parentcustomerid:account": [account]})
        assert verdict.record
        assert verdict.record.values["parentcustomerid:account"] == [account]
        assert row(control, "contacts", id)["_parentcustomerid_value"] == account
        assert read(dynamics, "contacts", id, "parentcustomerid:contact").values == {"parentcustomerid:contact": []}
        known: Values = {"parentcustomerid:account": [account]}
        assert update(dynamics, "contacts", id, {"parentcustomerid:account": []}, known).error is None
        assert row(control, "contacts", id)["_parentcustomerid_value"] is None

    def test_what_a_lookup_holds_is_not_displaced_by_another_kind(self, dynamics: Dynamics, control: Control) -> None:
        """The account's relation belongs to somebody who may not know of the other one."""
        account, person = put(control, "accounts", name="Acme"), put(control, "contacts", lastname="Boss")
        id = put(
            control, "contacts", lastname="Lee", **{"parentcustomerid_account@odata.bind": f"/accounts({account})"}
        )
        known: Values = {"parentcustomerid:account": [account], "parentcustomerid:contact": []}
        verdict = update(dynamics, "contacts", id, {"parentcustomerid:contact": [person]}, known)
        assert verdict.error is None
        assert verdict.note == "ASSOCIATION_LIMIT"
        assert verdict.record
        assert verdict.record.values == {"parentcustomerid:account": [account], "parentcustomerid:contact": []}

    def test_what_does_not_even_sync_is_not_displaced(self, dynamics: Dynamics, control: Control) -> None:
        """A task of an invoice, and nobody has mapped invoices; the contact is all that the sync knows of."""
        person, account = put(control, "contacts", lastname="Lee"), put(control, "accounts", name="Acme")
        price_list = control("list", type="pricelevels")["results"][0]["id"]
        bill = put(
            control, "invoices", name="March",
            **{"customerid_account@odata.bind": f"/accounts({account})", "pricelevelid@odata.bind": f"/pricelevels({price_list})"},
        )  # fmt: skip
        id = put(control, "tasks", subject="Chase", **{"regardingobjectid_invoice@odata.bind": f"/invoices({bill})"})
        before = row(control, "tasks", id)["versionnumber"]
        known: Values = {"regardingobjectid:contact": []}
        verdict = update(dynamics, "tasks", id, {"regardingobjectid:contact": [person]}, known)
        assert verdict.note == "ASSOCIATION_LIMIT"
        assert verdict.record
        assert verdict.record.values["regardingobjectid:contact"] == []
        held = row(control, "tasks", id)
        assert held["_regardingobjectid_value"] == bill
        assert held["versionnumber"] == before, "nothing was written"

    def test_a_kind_can_take_the_place_of_another_that_leaves(self, dynamics: Dynamics, control: Control) -> None:
        account, person = put(control, "accounts", name="Acme"), put(control, "contacts", lastname="Boss")
        id = put(
            control, "contacts", lastname="Lee", **{"parentcustomerid_account@odata.bind": f"/accounts({account})"}
        )
        change: Values = {"parentcustomerid:account": [], "parentcustomerid:contact": [person]}
        known: Values = {"parentcustomerid:account": [account], "parentcustomerid:contact": []}
        verdict = update(dynamics, "contacts", id, change, known)
        assert verdict.record
        assert verdict.record.values == change

    def test_a_task_about_several_things_is_filed_under_the_deal(self, dynamics: Dynamics, control: Control) -> None:
        person, deal = put(control, "contacts", lastname="Lee"), put(control, "opportunities", name="Big")
        values: Values = {
            "subject": "Offer",
            "regardingobjectid:contact": [person],
            "regardingobjectid:opportunity": [deal],
        }
        verdict = create(dynamics, "tasks", values)
        assert verdict.note == "ASSOCIATION_LIMIT"
        assert verdict.record
        assert verdict.record.values["regardingobjectid:opportunity"] == [deal]
        assert verdict.record.values["regardingobjectid:contact"] == []

    def test_lookups_of_an_opportunity(self, dynamics: Dynamics, control: Control) -> None:
        account, person = put(control, "accounts", name="Acme"), put(control, "contacts", lastname="Lee")
        values: Values = {
            "name": "Big",
            "parentaccountid": [account],
            "parentcontactid": [person],
            "transactioncurrencyid": "EUR",
        }
        assert shown(create(dynamics, "opportunities", values), values) == values
        assert (
            create(dynamics, "opportunities", {"name": "x", "transactioncurrencyid": "XXX"}).error.code
            == "CURRENCY_UNSUPPORTED"
        )  # type: ignore[union-attr]


class TestCustomers:
    """Of opportunities and cases."""

    @pytest.fixture
    def acme(self, control: Control) -> str:
        return put(control, "accounts", name="Acme")

    @pytest.fixture
    def lee(self, control: Control) -> str:
        return put(control, "contacts", lastname="Lee")

    def test_a_case_about_nobody_is_refused_in_words(self, dynamics: Dynamics, control: Control) -> None:
        refused = create(dynamics, "incidents", {"title": "Broken"}).error
        assert isinstance(refused, errors.Refused)
        assert (refused.code, refused.field) == ("REQUIRED_VALUE_BLANK", "customerid:account")
        assert "needs a customer" in refused.message

    def test_a_case_about_a_contact_alone_has_it_as_customer(
        self, dynamics: Dynamics, control: Control, acme: str, lee: str
    ) -> None:
        values: Values = {"title": "Broken", "primarycontactid": [lee]}
        made = create(dynamics, "incidents", values)
        assert shown(made, values) == values
        assert made.record
        id = made.record.id
        assert row(control, "incidents", id)["_customerid_value"] == lee
        assert update(dynamics, "incidents", id, {"customerid:account": [acme]}).error is None
        held = row(control, "incidents", id)
        assert (held["_customerid_value"], held["_primarycontactid_value"]) == (acme, lee)
        assert update(dynamics, "incidents", id, {"customerid:account": []}).error is None
        held = row(control, "incidents", id)
        assert (held["_customerid_value"], held["_primarycontactid_value"]) == (lee, None)
        assert read(dynamics, "incidents", id, "primarycontactid", "customerid:account").values == {
            "primarycontactid": [lee], "customerid:account": []
        }  # fmt: skip
        assert update(dynamics, "incidents", id, {"primarycontactid": []}).error.code == "REQUIRED_VALUE_BLANK"  # type: ignore[union-attr]

    def test_a_case_can_be_given_its_customer_itself(self, dynamics: Dynamics, control: Control, lee: str) -> None:
        assert create(dynamics, "incidents", {"title": "Broken", "customerid:contact": [lee]}).error is None

    @pytest.mark.parametrize(("kind", "field"), [("account", "parentaccountid"), ("contact", "parentcontactid")])
    def test_an_organisation_that_fills_the_potential_customer_alone(
        self, dynamics: Dynamics, control: Control, acme: str, lee: str, kind: str, field: str
    ) -> None:
        bound = {"account": acme, "contact": lee}[kind]
        id = put(control, "opportunities", name="Big", **{f"customerid_{kind}@odata.bind": f"/{kind}s({bound})"})
        assert row(control, "opportunities", id)[f"_{field}_value"] is None
        assert read(dynamics, "opportunities", id, field).values == {field: [bound]}
        other = put(control, f"{kind}s", **{"name" if kind == "account" else "lastname": "Other"})
        verdict = update(dynamics, "opportunities", id, {field: [other]}, {field: [bound]})
        assert shown(verdict, {field: 0}) == {field: [other]}
        assert row(control, "opportunities", id)["_customerid_value"] == other
        assert update(dynamics, "opportunities", id, {field: []}, {field: [other]}).error is None
        held = row(control, "opportunities", id)
        assert (held["_customerid_value"], held[f"_{field}_value"]) == (None, None)

    def test_the_potential_customer_follows_the_account_and_then_the_contact(
        self, dynamics: Dynamics, control: Control, acme: str, lee: str
    ) -> None:
        made = create(dynamics, "opportunities", {"name": "Big", "parentaccountid": [acme], "parentcontactid": [lee]})
        assert made.record
        assert row(control, "opportunities", made.record.id)["_customerid_value"] == acme
        assert update(dynamics, "opportunities", made.record.id, {"parentaccountid": []}).error is None
        assert row(control, "opportunities", made.record.id)["_customerid_value"] == lee

    def test_another_potential_customer_stays(self, dynamics: Dynamics, control: Control, acme: str, lee: str) -> None:
        id = put(
            control, "opportunities", name="Big",
            **{"customerid_contact@odata.bind": f"/contacts({lee})", "parentaccountid@odata.bind": f"/accounts({acme})"},
        )  # fmt: skip
        boss, other = put(control, "contacts", lastname="Boss"), put(control, "accounts", name="Other")
        control("records", type="opportunities", edit=[{"id": id, "parentcontactid@odata.bind": f"/contacts({boss})"}])
        assert update(dynamics, "opportunities", id, {"parentaccountid": [other]}).error is None
        held = row(control, "opportunities", id)
        assert (held["_customerid_value"], held["_parentaccountid_value"]) == (lee, other)


class TestParticipants:
    def test_contacts_of_a_call_are_its_participants(self, dynamics: Dynamics, control: Control) -> None:
        people = sorted(put(control, "contacts", lastname=name) for name in ("Ann", "Bob"))
        verdict = create(
            dynamics, "phonecalls", {"subject": "Hi", PARTIES: list(people), "directioncode": "true", "ownerid": DANA}
        )
        assert verdict.record
        assert verdict.record.values[PARTIES] == people
        listed = row(control, "phonecalls", verdict.record.id)["phonecall_activity_parties"]
        assert sorted(party["participationtypemask"] for party in listed) == [1, 2, 2]

    def test_other_participants_stay_what_they_are(self, dynamics: Dynamics, control: Control) -> None:
        kept, leaves, comes = (put(control, "contacts", lastname=name) for name in ("Kept", "Leaves", "Comes"))
        user = control("list", type="systemusers")["results"][0]["id"]
        parties = [
            {"partyid_systemuser@odata.bind": f"/systemusers({user})", "participationtypemask": 1},
            {"partyid_contact@odata.bind": f"/contacts({kept})", "participationtypemask": 3},
            {"partyid_contact@odata.bind": f"/contacts({leaves})", "participationtypemask": 2},
            {"addressused": "stranger@example.com", "participationtypemask": 2},
        ]
        id = put(control, "emails", subject="Hello", email_activity_parties=parties)
        known: Values = {PARTIES: sorted([kept, leaves])}
        verdict = update(dynamics, "emails", id, {PARTIES: sorted([kept, comes])}, known)
        assert verdict.record
        assert verdict.record.values[PARTIES] == sorted([kept, comes])
        held = {
            (p["_partyid_value"] or p["addressused"]): p["participationtypemask"]
            for p in row(control, "emails", id)["email_activity_parties"]
        }
        assert held == {user: 1, kept: 3, comes: 2, "stranger@example.com": 2}

    def test_participants_alone_do_not_overwrite_what_a_colleague_changed(
        self, dynamics: Dynamics, control: Control
    ) -> None:
        ann, bob, eve = (put(control, "contacts", lastname=name) for name in ("Ann", "Bob", "Eve"))
        party = {"partyid_contact@odata.bind": f"/contacts({ann})", "participationtypemask": 2}
        id = put(control, "phonecalls", subject="Hi", phonecall_activity_parties=[party])
        seen = read(dynamics, "phonecalls", id, PARTIES)
        theirs = {"partyid_contact@odata.bind": f"/contacts({eve})", "participationtypemask": 2}
        control("records", type="phonecalls", edit=[{"id": id, "phonecall_activity_parties": [theirs]}])
        for known, version in ((seen.values, seen.version), (seen.values, "")):
            verdict = update(dynamics, "phonecalls", id, {PARTIES: sorted([ann, bob])}, known, version)
            assert isinstance(verdict.error, errors.StaleVersion)
        assert read(dynamics, "phonecalls", id, PARTIES).values == {PARTIES: [eve]}

    def test_participants_are_sent_on_condition_that_nobody_changes_them_after_we_looked(
        self, dynamics: Dynamics, server: Server
    ) -> None:
        """A look and a write are two requests, and the list itself asks for no version."""
        id, contact = str(uuid.uuid4()), str(uuid.uuid4())
        held = {"activityid": id, "subject": "Hi", "@odata.etag": 'W/"7"', "phonecall_activity_parties": []}
        server.replies(
            Reply(200, {"value": [held]}), Reply(200, "--b--\r\n", {"Content-Type": "multipart/mixed; boundary=b"})
        )
        lone = Dynamics(ApiSession(server.url, fault=fault), stored_fields=dynamics.fields)
        verdict = lone.update("phonecalls", [Update(id, {PARTIES: [contact]}, version='W/"7"')])[0]
        assert isinstance(verdict.error, errors.NoAnswer)
        sent = server.asked[-1].body.decode()
        patch, put_ = sent.index(f"PATCH {API}phonecalls({id})"), sent.index(f"PUT {API}phonecalls({id})/")
        assert patch < sent.index('If-Match: W/"7"') < put_, "in one change set, before the list"

    def test_a_title_that_cannot_be_read_is_not_blanked_for_the_sake_of_a_condition(
        self, dynamics: Dynamics, server: Server
    ) -> None:
        """Field security shows a blank instead."""
        id, contact = str(uuid.uuid4()), str(uuid.uuid4())
        held = {"activityid": id, "subject": None, "@odata.etag": 'W/"7"', "phonecall_activity_parties": []}
        boundary = {"Content-Type": "multipart/mixed; boundary=b"}
        server.replies(Reply(200, {"value": [held]}), Reply(200, "--b--\r\n", boundary))
        lone = Dynamics(ApiSession(server.url, fault=fault), stored_fields=dynamics.fields)
        lone.update("phonecalls", [Update(id, {PARTIES: [contact]}, version='W/"7"')])
        sent = server.asked[-1].body.decode()
        assert "PUT" in sent
        assert "PATCH" not in sent

    def test_participants_are_read_only_when_they_are_asked_for(self, dynamics: Dynamics, control: Control) -> None:
        page = dynamics.scan("phonecalls", fields=["subject"], position=None, scope={})
        assert page.records
        assert all(record.values.keys() == {"subject"} for record in page.records)
