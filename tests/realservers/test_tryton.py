"""What is odd about Tryton: people and organisations in one table, rows below a record with dates of their own, buttons, merges.
Connecting, and what the key's user may do, is in ``test_tryton_connecting``."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from integrations import errors
from integrations.connectors.base import Connector
from integrations.records import Option, Ref, Update, Values, Verdict
from integrations.standins.realservers.proxy import Proxy
from integrations.standins.realservers.tryton import EMPLOYEE, TrytonServer
from tests.realservers import erp
from tests.realservers.erp import Person
from tests.realservers.erp_connector import connector, create, made, now, person, poll, proxy, read, update

__all__ = ["connector", "person", "proxy"]
pytestmark = erp.MARKS
PARTY = "party.party"


# -- people and organisations --------------------------------------------------------------------------------------------------
def test_people_and_organisations_stay_apart(connector: Connector, person: Person) -> None:
    ann = made(connector, "people", first_name="Ann", last_name="Lee")
    acme = made(connector, "organisations", name="ACME")
    people, organisations = (
        {record.id for record in connector.scan(kind, fields=[], position=None, scope={}).records}
        for kind in ("people", "organisations")
    )
    assert people == {ann}
    assert acme in organisations
    assert ann not in organisations
    assert connector.read("people", [Ref(acme)], fields=[]).left == {acme}
    assert isinstance(update(connector, "people", acme, first_name="X").error, errors.StaleVersion)
    assert person.one(PARTY, acme, "name")["name"] == "ACME"
    categories = person.one(PARTY, ann, "categories.name")["categories."]
    assert [each["name"] for each in categories] == ["Person"], "made when the first person was"


def test_a_party_that_changes_its_mark_leaves_one_kind_for_the_other(connector: Connector, person: Person) -> None:
    """It was not deleted, and so nothing may be deleted in the hub."""
    ann = made(connector, "people", first_name="Ann", last_name="Lee")
    cursor = now(connector, "people")
    person.change(PARTY, ann, categories=[["remove", [person.category("Person")]]])
    page = connector.changes("people", fields=["name"], cursor=cursor, position=None, scope={})
    assert ann in page.left
    assert ann not in page.gone
    assert ann in poll(connector, "organisations", cursor, "name")[0]
    person.change(PARTY, ann, active=False)
    assert ann in poll(connector, "people", page.cursor, "name")[1], "this is how people delete a party"


def test_the_customer_names_the_mark(tryton: TrytonServer, proxy: Proxy, person: Person) -> None:
    mark = person.category("Kontakte")
    (ann,) = person.make(PARTY, {"name": "Ann", "categories": [["add", [mark]]]})
    connector = erp.connector(f"{proxy.url}/crm", tryton.key, person_category="kontakte")
    assert [record.id for record in connector.scan("people", fields=[], position=None, scope={}).records] == [str(ann)]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("Ann", "Lee"),
        ("Mary Ann", "Lee"),
        ("Ludwig", "van Beethoven"),
        ("Mary Ann", "de la Cruz"),
        ("Ann", None),
        (None, "Lee"),
    ],
)
def test_both_names_come_back_as_they_were_given(connector: Connector, first: str | None, last: str | None) -> None:
    id = made(connector, "people", first_name=first, last_name=last)
    assert read(connector, "people", id, "first_name", "last_name") == {"first_name": first, "last_name": last}
    assert read(connector, "people", id, "name")["name"] == " ".join(part for part in (first, last) if part)


# -- rows below a party --------------------------------------------------------------------------------------------------------
def test_an_edit_of_an_address_or_phone_number_alone_is_a_change(connector: Connector, person: Person) -> None:
    """The party's own date does not move."""
    ann = made(connector, "people", last_name="Lee", email="a@example.com", city="Rome")
    cursor = now(connector, "people")
    before = person.one(PARTY, ann, "write_date")
    (mail,) = person.look("party.contact_mechanism", [["party", "=", int(ann)]], "id")
    person.change("party.contact_mechanism", mail["id"], value="b@example.com")
    assert poll(connector, "people", cursor, "email")[0][ann].values["email"] == "b@example.com"
    (address,) = person.look("party.address", [["party", "=", int(ann)]], "id")
    person.change("party.address", address["id"], city="Bern")
    assert poll(connector, "people", cursor, "city")[0][ann].values["city"] == "Bern"
    assert person.one(PARTY, ann, "write_date") == before


def test_only_the_first_row_of_a_type_is_written(connector: Connector, person: Person) -> None:
    ann = made(connector, "people", last_name="Lee", email="a@example.com", phone="+49 30 1", city="Rome", country="IT")
    person.make("party.contact_mechanism", {"party": int(ann), "type": "email", "value": "second@example.com"})
    person.make("party.address", {"party": int(ann), "city": "Second"})
    assert (
        update(connector, "people", ann, email="c@example.com", street="1 Road", mobile="0171", phone=None).error
        is None
    )
    below = person.look("party.contact_mechanism", [["party", "=", int(ann)]], "type", "value")
    assert sorted((each["type"], each["value"]) for each in below) == [
        ("email", "c@example.com"), ("email", "second@example.com"), ("mobile", "0171"),
    ]  # fmt: skip
    cities = person.look("party.address", [["party", "=", int(ann)]], "city", "street", "country.code")
    assert [(each["city"], each["street"]) for each in cities] == [("Rome", "1 Road"), ("Second", None)]
    assert cities[0]["country."]["code"] == "IT"


def test_countries_are_known_by_name_and_code(connector: Connector) -> None:
    ids = [made(connector, "organisations", name=word, country=word) for word in ("de", "DEU", "germany")]
    assert {read(connector, "organisations", id, "country")["country"] for id in ids} == {"Germany"}
    (verdict,) = create(connector, "organisations", {"name": "X", "country": "Atlantis"})
    assert (verdict.error.code, verdict.error.field) == ("OPTION_NOT_ALLOWED", "country")


def test_a_second_email_of_a_party_is_not_its_email(connector: Connector, person: Person) -> None:
    ann = made(connector, "people", last_name="Lee", email="a@example.com")
    person.make("party.contact_mechanism", {"party": int(ann), "type": "email", "value": "second@example.com"})
    assert connector.find("people", "email", ["second@example.com"], fields=["email"]) == []
    assert [found.id for found in connector.find("people", "email", ["A@EXAMPLE.com"], fields=["email"])] == [ann]


def test_a_percent_sign_finds_nobody_else(connector: Connector) -> None:
    made(connector, "organisations", name="100x sure")
    odd = made(connector, "organisations", name="100% sure_\\")
    assert [found.id for found in connector.find("organisations", "name", ["100% SURE_\\"], fields=[])] == [odd]


# -- where a person works ------------------------------------------------------------------------------------------------------
def test_a_persons_organisation_is_a_relation(connector: Connector, person: Person) -> None:
    acme, other = (made(connector, "organisations", name=name) for name in ("ACME", "Other"))
    ann = made(connector, "people", last_name="Lee", organisation=[acme])
    assert read(connector, "people", ann, "organisation") == {"organisation": [acme]}
    cursor = now(connector, "people")
    verdict = update(connector, "people", ann, {"organisation": [acme]}, organisation=[other])
    assert verdict.record.values == {"organisation": [other]}
    rows = person.look("party.relation.all", [["from_", "=", int(ann)]], "to", "type.name")
    assert [(row["to"], row["type."]["name"]) for row in rows] == [(int(other), "Works for")]
    person.change("party.relation.all", rows[0]["id"], to=int(acme))
    assert poll(connector, "people", cursor, "organisation")[0][ann].values == {"organisation": [acme]}
    assert update(connector, "people", ann, organisation=None).record.values == {"organisation": None}


# -- deletions and merges ------------------------------------------------------------------------------------------------------
def test_the_customer_names_the_relation_in_any_case(tryton: TrytonServer, proxy: Proxy, person: Person) -> None:
    """Otherwise each write would add a relation that no read shows."""
    person.make("party.relation.type", {"name": "Employed by"})
    connector = erp.connector(f"{proxy.url}/crm", tryton.key, works_for="employed By")
    acme, other = made(connector, "organisations", name="ACME"), made(connector, "organisations", name="Other")
    ann = made(connector, "people", last_name="Lee", organisation=[acme])
    assert read(connector, "people", ann, "organisation")["organisation"] == [acme]
    assert [record.id for record in connector.find("people", "organisation", [acme], fields=[])] == [ann]
    assert update(connector, "people", ann, organisation=[other]).error is None
    assert [row["to"] for row in _relations(person, ann)] == [int(other)]


def test_a_second_organisation_of_a_person_is_not_related_twice(connector: Connector, person: Person) -> None:
    first, second = made(connector, "organisations", name="First"), made(connector, "organisations", name="Second")
    ann = made(connector, "people", last_name="Lee", organisation=[first])
    (type,) = person.look("party.relation.type", [["name", "=", "Works for"]], "id")
    person.make("party.relation.all", {"from_": int(ann), "to": int(second), "type": type["id"]})
    assert update(connector, "people", ann, organisation=[second]).record.values["organisation"] == [second]
    assert [row["to"] for row in _relations(person, ann)] == [int(second)]


def _relations(person: Person, party: str) -> list[dict[str, Any]]:
    return person.look("party.relation.all", [["from_", "=", int(party)]], "to")


def test_deleted_parties_are_inactive_and_can_be_brought_back(connector: Connector, person: Person) -> None:
    ann = made(connector, "people", last_name="Lee")
    cursor = now(connector, "people")
    assert connector.delete("people", [ann, ann, "99999"]) == [Verdict()] * 3
    assert not person.one(PARTY, ann, "active")["active"]
    _records, gone, cursor = poll(connector, "people", cursor, "last_name")
    assert gone == {ann}
    person.change(PARTY, ann, active=True)
    assert ann in poll(connector, "people", cursor, "last_name")[0]


def test_rows_that_vanish_are_missed_by_their_number(connector: Connector, person: Person) -> None:
    """Nothing tells of them but the count, and only then are ids compared; both at one poll with new rows."""
    ids = [made(connector, "organisations", name=name) for name in ("a", "b", "c")]
    cursor = now(connector, "organisations")
    person.erase(PARTY, ids[0], ids[2])
    new = made(connector, "organisations", name="d")
    records, gone, cursor = poll(connector, "organisations", cursor, "name")
    assert gone == {ids[0], ids[2]}
    assert new in records
    before = connector.calls
    assert poll(connector, "organisations", cursor, "name")[1] == set()
    assert connector.calls == before + 2
    person.erase(PARTY, new)
    assert poll(connector, "organisations", cursor, "name")[1] == {new}


def test_rows_of_a_transaction_that_took_long_are_not_overlooked(
    connector: Connector, person: Person, tryton: TrytonServer
) -> None:
    """PostgreSQL gives them the time at which their transaction began. SQLite does not, so their dates are set back by hand."""
    cursor = now(connector, "organisations")
    imported = person.make(PARTY, *({"name": f"Late {number}"} for number in range(150)))
    fair = made(connector, "organisations", name="Made meanwhile, with a higher id")
    with closing(sqlite3.connect(tryton.database)) as database, database:
        for table, column in (("party_party", "id"), ("party_address", "party")):
            database.execute(
                f"UPDATE {table} SET create_date = '2020-01-01', write_date = NULL WHERE {column} BETWEEN ? AND ?",
                (imported[0], imported[-1]),
            )
    pages = [connector.changes("organisations", fields=["name"], cursor=cursor, position=None, scope={})]
    while position := pages[-1].position:
        pages.append(connector.changes("organisations", fields=["name"], cursor=cursor, position=position, scope={}))
    found = {record.id for page in pages for record in page.records}
    assert found >= {fair, *map(str, imported)}
    assert set(map(str, imported)) & poll(connector, "organisations", pages[-1].cursor, "name")[0].keys() == set()


def test_what_was_replaced_leads_to_what_replaced_that(connector: Connector, person: Person) -> None:
    ids = [made(connector, "organisations", name="Same", email=f"{n}@example.com") for n in range(3)]
    for loser, winner in ((ids[0], ids[1]), (ids[1], ids[2])):
        session, *_states = person.server.rpc("wizard.party.replace.create", {})
        choice = {"ask": {"source": int(loser), "destination": int(winner)}}
        context = {"active_id": int(loser), "active_ids": [int(loser)], "active_model": PARTY}
        person.server.rpc("wizard.party.replace.execute", session, choice, "replace", context)
    answer = connector.read("organisations", [Ref(id) for id in ids], fields=["email"])
    assert {record.id for record in answer.records.values()} == {ids[2]}
    assert set(answer.records[ids[2]].aliases) == {ids[0], ids[1]}
    assert answer.records[ids[0]].values["email"] == "2@example.com"


# -- products ------------------------------------------------------------------------------------------------------------------
def test_products_go_round(connector: Connector, person: Person) -> None:
    values: Values = {
        "name": "Thing", "code": "T-1", "list_price": "9.5", "cost_price": "4.25", "description": "Nice", "type": "service",
        "default_uom": "Hour",
    }  # fmt: skip
    id = made(connector, "products", **values)
    assert read(connector, "products", id, *values) == values
    cursor = now(connector, "products")
    new: Values = {"list_price": "12", "description": "Nicer", "cost_price": "5", "code": None}
    assert update(connector, "products", id, values, **new).record.values == new
    assert update(connector, "products", id, list_price=None).record.values == {"list_price": None}
    assert isinstance(update(connector, "products", id, cost_price=None).error, errors.CannotDo)
    (variant,) = person.one("product.template", id, "products")["products"]
    person.change("product.product", variant, description="By hand")
    assert poll(connector, "products", cursor, "description")[0][id].values == {"description": "By hand"}
    assert connector.delete("products", [id]) == [Verdict()]
    assert poll(connector, "products", cursor, "name")[1] == {id}


def test_a_bad_product_does_not_keep_the_others_back(connector: Connector) -> None:
    good = [{"name": f"P{n}", "list_price": str(n)} for n in range(4)]
    verdicts = create(
        connector, "products", good[0], {"name": "Bad", "type": "no such"}, good[1], {"name": None}, *good[2:]
    )
    codes = [verdict.error.code if verdict.error else "" for verdict in verdicts]
    assert codes == ["", "OPTION_NOT_ALLOWED", "", "REQUIRED_VALUE_BLANK", "", ""]
    assert [verdict.record.values["list_price"] for verdict in verdicts if verdict.record] == ["0", "1", "2", "3"]


def test_states_that_make_an_order_are_for_people(connector: Connector) -> None:
    (state,) = [field for field in connector.fields("opportunities") if field.name == "state"]
    assert {option.value for option in state.options if not option.writable} == {"converted", "won"}


# -- opportunities -------------------------------------------------------------------------------------------------------------
DEAL: Values = {
    "description": "Big one", "amount": "1250.5", "currency": "USD", "end_date": "2026-12-24",
    "conversion_probability": "0.4", "comment": "two\nlines", "employee": EMPLOYEE, "state": "opportunity",
}  # fmt: skip


def test_opportunities_go_round(connector: Connector) -> None:
    acme = made(connector, "organisations", name="ACME")
    ann = made(connector, "people", last_name="Lee", email="a@example.com")
    values = {**DEAL, "organisation": [acme], "person": [ann]}
    id = made(connector, "opportunities", **values)
    assert read(connector, "opportunities", id, *values) == values
    assert read(connector, "opportunities", id, "number")["number"]
    cursor = now(connector, "opportunities")
    verdict = update(connector, "opportunities", id, values, amount="7", organisation=None, state="lost")
    assert verdict.record.values == {"amount": "7", "organisation": None, "state": "lost"}
    assert read(connector, "opportunities", id, "person") == {"person": [ann]}, "the person is the party now"
    assert id in poll(connector, "opportunities", cursor, "state")[0]
    assert connector.delete("opportunities", [id]) == [Verdict()]
    assert poll(connector, "opportunities", cursor, "state")[1] == {id}


def test_a_closed_opportunity_is_opened_before_it_is_changed(connector: Connector) -> None:
    acme = made(connector, "organisations", name="ACME")
    id = made(connector, "opportunities", **{**DEAL, "organisation": [acme], "state": "cancelled"})
    refused = update(connector, "opportunities", id, amount="7").error
    assert (type(refused), refused.code) == (errors.Refused, "RECORD_LOCKED")
    verdict = update(connector, "opportunities", id, amount="7", state="opportunity")
    assert verdict.record.values == {"amount": "7", "state": "opportunity"}


@pytest.mark.parametrize("state", ["won", "converted"])
def test_no_order_is_made_by_a_sync(connector: Connector, person: Person, state: str) -> None:
    acme = made(connector, "organisations", name="ACME")
    values = {**DEAL, "organisation": [acme]}
    id = made(connector, "opportunities", **values)
    refused = update(connector, "opportunities", id, state=state).error
    assert (refused.code, refused.field) == ("NOT_POSSIBLE_IN_APP", "state")
    (verdict,) = create(connector, "opportunities", {**values, "state": state})
    assert verdict.error.code == "NOT_POSSIBLE_IN_APP"
    assert len(person.look("sale.opportunity", [], "id")) == 1
    assert person.look("sale.sale", [], "id") == []


def test_what_a_state_needs_is_asked_before_anything_is_made(connector: Connector, person: Person) -> None:
    (verdict,) = create(connector, "opportunities", DEAL)
    assert (verdict.error.code, verdict.error.field) == ("REQUIRED_VALUE_BLANK", "organisation")
    assert person.look("sale.opportunity", [], "id") == []


def test_an_owner_is_an_employee_by_email(connector: Connector, person: Person) -> None:
    id = made(connector, "opportunities", description="x", employee=EMPLOYEE.upper())
    assert read(connector, "opportunities", id, "employee") == {"employee": EMPLOYEE}
    verdicts = create(connector, "opportunities", {"employee": "nobody@example.com"}, {"employee": None})
    assert (verdicts[0].error.code, verdicts[0].error.field) == ("OWNER_UNMAPPED", "employee")
    assert verdicts[1].record
    (field,) = [field for field in connector.fields("opportunities") if field.name == "employee"]
    assert field.options == (Option(EMPLOYEE, "Erin Employee"),)
    (party,) = person.make(PARTY, {"name": "New Hand", "email": "New@example.com"})
    person.make("company.employee", {"party": party, "company": 1})
    assert update(connector, "opportunities", id, employee="new@example.com").record.values == {
        "employee": "new@example.com"
    }


# -- notes ---------------------------------------------------------------------------------------------------------------------
def test_a_note_hangs_at_one_record(connector: Connector, person: Person) -> None:
    acme, ann = made(connector, "organisations", name="ACME"), made(connector, "people", last_name="Lee")
    deal = made(connector, "opportunities", description="Deal")
    cursor = now(connector, "notes")
    refs = {"organisation": acme, "person": ann, "opportunity": deal}
    notes = {name: made(connector, "notes", message=name, **{name: [id]}) for name, id in refs.items()}
    records, _gone, cursor = poll(connector, "notes", cursor, "message", *refs)
    for name, note in notes.items():
        assert records[note].values == {
            "message": name,
            **{other: [refs[name]] if other == name else None for other in refs},
        }
    moved = update(connector, "notes", notes["person"], person=None, organisation=[acme], message="person")
    assert moved.record.values == {"person": None, "organisation": [acme], "message": "person"}
    refused = update(connector, "notes", notes["person"], message="Another").error
    assert (type(refused), refused.field) == (errors.CannotDo, "message"), "nobody can change what a note says"
    (refused,) = create(connector, "notes", {"message": "x"})
    assert refused.error.code == "ACTIVITY_TARGET_MISSING"
    assert update(connector, "notes", notes["person"], organisation=None).error.code == "ACTIVITY_TARGET_MISSING"
    (elsewhere,) = person.make("ir.note", {"message": "not ours", "resource": "company.company,1"})
    assert connector.delete("notes", [notes["person"]]) == [Verdict()]
    records, gone, _cursor = poll(connector, "notes", cursor, "message")
    assert gone == {notes["person"]}
    assert str(elsewhere) not in records


def test_a_note_about_several_records_hangs_at_one_and_stays_there(connector: Connector) -> None:
    """Elsewhere a note hangs at a contact, the company and the deal at once."""
    acme, ann = made(connector, "organisations", name="ACME"), made(connector, "people", last_name="Lee")
    deal = made(connector, "opportunities", description="Deal")
    (verdict,) = create(connector, "notes", {"message": "x", "organisation": [acme], "person": [ann]})
    id, nowhere = verdict.record.id, {"person": None, "organisation": None, "opportunity": None}
    assert verdict.record.values == {"message": "x", "organisation": None, "person": [ann]}
    assert update(connector, "notes", id, opportunity=[deal]).record.values == {"opportunity": None}
    assert update(connector, "notes", id, person=None, organisation=[acme]).error is None
    assert read(connector, "notes", id, *nowhere) == {**nowhere, "organisation": [acme]}
    assert update(connector, "notes", id, organisation=None, person=[ann], opportunity=[deal]).error is None
    assert read(connector, "notes", id, *nowhere) == {**nowhere, "opportunity": [deal]}


# -- writing -------------------------------------------------------------------------------------------------------------------
def test_an_edit_of_a_mapped_field_since_we_read_is_not_overwritten(connector: Connector, person: Person) -> None:
    id = made(connector, "organisations", name="ACME", city="Rome")
    known: Values = {"name": "ACME", "city": "Rome"}
    person.change(PARTY, id, name="By hand")
    assert isinstance(update(connector, "organisations", id, known, city="Bern").error, errors.StaleVersion)
    assert update(connector, "organisations", id, {**known, "name": "By hand"}, city="Bern").error is None


def test_a_batch_of_creates_takes_few_calls(connector: Connector) -> None:
    made(connector, "people", last_name="First")  # the category is known now
    before = connector.calls
    assert all(verdict.record for verdict in create(connector, "people", *({"last_name": f"L{n}"} for n in range(50))))
    assert connector.calls == before + 3


def test_read_only_fields_are_refused_by_name(connector: Connector) -> None:
    id = made(connector, "organisations", name="ACME")
    assert update(connector, "organisations", id, code="77").error.code == "FIELD_READ_ONLY"
    assert update(connector, "organisations", id, nonsense="77").error.code == "FIELD_MISSING"


def test_all_fields_of_all_kinds_can_be_read(connector: Connector) -> None:
    """Those of the definitions, too, whatever modules they come from."""
    acme = made(connector, "organisations", name="ACME")
    ids = {
        "organisations": acme,
        "people": made(connector, "people", last_name="Lee"),
        "products": made(connector, "products", name="P"),
        "opportunities": made(connector, "opportunities", description="D"),
        "notes": made(connector, "notes", message="N", organisation=[acme]),
    }
    for kind, id in ids.items():
        fields = [field.name for field in connector.fields(kind)]
        assert set(read(connector, kind, id, *fields)) == set(fields)


def test_many_updates_are_looked_at_shortly_before_they_are_written(
    connector: Connector, person: Person, proxy: Proxy
) -> None:
    """A person types at the last record while the first ones are written."""
    ids = [made(connector, "organisations", name=f"N{n}") for n in range(25)]

    def types(asked: tuple[str, str]) -> None:
        if asked[0] == "PUT":
            proxy.before = lambda asked: None
            person.change(PARTY, ids[-1], name="By hand")

    proxy.before = types
    updates = [Update(id, {"name": f"New{n}"}, known={"name": f"N{n}"}) for n, id in enumerate(ids)]
    verdicts = connector.update("organisations", updates)
    assert [type(verdict.error) for verdict in verdicts] == [type(None)] * 24 + [errors.StaleVersion]
    assert read(connector, "organisations", ids[-1], "name") == {"name": "By hand"}


def test_a_read_that_is_refused_takes_nobody_for_gone(connector: Connector, proxy: Proxy) -> None:
    ids = [made(connector, "organisations", name=f"N{n}") for n in range(3)]
    proxy.answer_with, proxy.times = 400, 2
    verdicts = connector.update("organisations", [Update(id, {"name": "New"}) for id in ids])
    assert [verdict.error and verdict.error.code for verdict in verdicts] == [
        "VALIDATION_RULE",
        "VALIDATION_RULE",
        None,
    ]
