"""HubSpot's associations as references: labels, paging, differences, and what befalls one of many."""

from typing import Any

import pytest

from integrations import errors
from integrations.connectors.hubspot import associations
from integrations.connectors.hubspot.client import fault
from integrations.connectors.hubspot.connector import HubSpot
from integrations.http import ApiSession
from integrations.records import Create, Ref, Update, Values
from tests.contract.conftest import Control
from tests.contract.hubspot import HubSpotPeer, opened
from tests.integrations.server import Reply, Server

ALL, PRIMARY = "associations.companies", "associations.companies.primary"
PARENT, LED = "associations.companies.parent", "associations.contacts.primary"


@pytest.fixture
def connector(hubspot_standin: dict[str, Any]) -> HubSpot:
    connector = opened(hubspot_standin)
    for kind in ("contacts", "companies"):  # calls counted from here on are work, not getting to know the fields
        connector.scan(kind, fields=[], position=None, scope={})
    return connector


@pytest.fixture
def people(hubspot_control: Control) -> HubSpotPeer:
    return HubSpotPeer(hubspot_control)


@pytest.fixture
def firms(people: HubSpotPeer) -> list[str]:
    """Three companies."""
    companies = people.of("companies")
    return [companies.put({"name": name}) for name in ("A", "B", "C")]


@pytest.fixture
def ann(people: HubSpotPeer) -> str:
    return people.put({"email": "ann@example.com"})


def update(connector: HubSpot, id: str, values: Values, known: Values, kind: str = "contacts") -> Any:
    return connector.update(kind, [Update(id, values, known=known)])[0]


# -- reading -----------------------------------------------------------------------------------------------------------------
def test_all_companies_and_the_primary_one_take_one_call(
    connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str
) -> None:
    alone = people.put({"email": "alone@example.com"})
    people.associate(ann, "companies", firms[0], "primary")
    people.associate(ann, "companies", firms[1])
    before = connector.calls
    answer = connector.read("contacts", [Ref(ann), Ref(alone)], fields=["email", ALL, PRIMARY])
    assert connector.calls - before == 2
    assert answer.records[ann].values == {"email": "ann@example.com", ALL: sorted(firms[:2]), PRIMARY: [firms[0]]}
    assert answer.records[alone].values == {"email": "alone@example.com", ALL: None, PRIMARY: None}


def test_what_is_not_asked_for_costs_nothing(connector: HubSpot, people: HubSpotPeer, ann: str) -> None:
    before = connector.calls
    assert connector.read("contacts", [Ref(ann)], fields=["email"]).records[ann].values.keys() == {"email"}
    assert connector.calls - before == 1


def test_changes_and_finds_show_references(connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str) -> None:
    cursor = connector.changes("contacts", fields=["email", PRIMARY], cursor=None, position=None, scope={}).cursor
    people.associate(ann, "companies", firms[0], "primary")
    people.edit(ann, {"firstname": "Ann"})
    page = connector.changes("contacts", fields=["email", PRIMARY], cursor=cursor, position=None, scope={})
    assert [record.values[PRIMARY] for record in page.records if record.id == ann] == [[firms[0]]]
    assert connector.find("contacts", "email", ["ann@example.com"], fields=[PRIMARY])[0].values == {PRIMARY: [firms[0]]}


@pytest.mark.parametrize(("fields", "more"), [([ALL], 0), ([ALL, PRIMARY], 1)])
def test_a_scan_gets_unlabelled_ones_with_the_records(
    connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str, fields: list[str], more: int
) -> None:
    for firm in firms:
        people.associate(ann, "companies", firm)
    before = connector.calls
    page = connector.scan("contacts", fields=["email", *fields], position=None, scope={})
    assert connector.calls - before == 1 + more
    assert {record.id: record.values for record in page.records}[ann][ALL] == sorted(firms)
    assert all(set(record.values) == {"email", *fields} for record in page.records)


def test_a_record_with_many_associations_is_read_to_the_end(connector: HubSpot, people: HubSpotPeer, ann: str) -> None:
    """A batch shows 500 of each record, a list fewer: both say where to go on."""
    firms = people.of("companies").put_many(1100)
    people.control("records", associate=[[int(ann), "companies", int(firm)] for firm in firms])
    assert connector.read("contacts", [Ref(ann)], fields=[ALL]).records[ann].values == {ALL: sorted(firms)}
    page = connector.scan("contacts", fields=[ALL], position=None, scope={})
    assert {record.id: record.values for record in page.records}[ann] == {ALL: sorted(firms)}


def test_archived_neighbours_do_not_show(connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str) -> None:
    people.associate(ann, "companies", firms[0])
    people.of("companies").remove(firms[0])
    assert connector.read("contacts", [Ref(ann)], fields=[ALL]).records[ann].values == {ALL: None}


@pytest.mark.parametrize(
    ("complaint", "known"),
    [
        ({"subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND", "context": {"fromObjectId": ["2"]}}, True),
        ({"category": "INTERNAL_ERROR", "context": {"fromObjectId": ["2"]}}, False),
        ({"category": "INTERNAL_ERROR"}, False),
    ],
)
def test_what_hubspot_could_not_tell_is_unknown_and_not_blank(
    server: Server, complaint: dict[str, Any], known: bool
) -> None:
    record = {"id": "2", "properties": {"email": "two@example.com"}}
    server.replies(Reply(200, {"results": [record]}), Reply(207, {"results": [], "errors": [complaint]}))
    lone = HubSpot(ApiSession(server.url, fault=fault), stored_fields=lambda kind: associations.fields(kind))
    values = lone.read("contacts", [Ref("2")], fields=["email", PRIMARY]).records["2"].values
    assert values == {"email": "two@example.com"} | ({PRIMARY: None} if known else {})


# -- creating ----------------------------------------------------------------------------------------------------------------
def test_a_record_is_made_with_its_associations(connector: HubSpot, people: HubSpotPeer, firms: list[str]) -> None:
    values: Values = {"email": "new@example.com", ALL: sorted(firms[:2]), PRIMARY: [firms[2]]}
    before = connector.calls
    made = connector.create("contacts", [Create(values, key="k")], scope={})[0].record
    assert connector.calls - before == 1
    assert made
    assert made.values == {"email": "new@example.com", ALL: sorted(firms), PRIMARY: [firms[2]]}
    assert people.near(made.id, "companies") == {firms[0]: [], firms[1]: [], firms[2]: ["Primary"]}


def test_a_note_is_made_at_all_its_ends(connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str) -> None:
    deal = people.of("deals").put({"dealname": "D", "dealstage": "closedwon"})
    ends: Values = {"associations.contacts": [ann], ALL: [firms[0]], "associations.deals": [deal]}
    values: Values = {"hs_timestamp": "2026-05-01T08:30:00.000Z", **ends}
    made = connector.create("notes", [Create(values, key="k")], scope={})[0].record
    assert made
    assert connector.read("notes", [Ref(made.id)], fields=list(ends)).records[made.id].values == ends


def test_a_create_with_a_neighbour_that_is_gone_is_refused_alone(
    connector: HubSpot, people: HubSpotPeer, firms: list[str]
) -> None:
    people.of("companies").remove(firms[0])
    wanted = [firms[1], firms[0], firms[1]]
    items = [Create({"email": f"n{n}@example.com", PRIMARY: [firm]}, key=str(n)) for n, firm in enumerate(wanted)]
    verdicts = connector.create("contacts", items, scope={})
    assert [getattr(verdict.error, "code", None) for verdict in verdicts] == [None, "PARENT_FAILED", None]


# -- updating ----------------------------------------------------------------------------------------------------------------
def test_an_update_adds_and_removes_only_what_differs(
    connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str
) -> None:
    """What somebody added since we last looked stays."""
    people.associate(ann, "companies", firms[0])
    people.associate(ann, "companies", firms[2])
    verdict = update(connector, ann, {"firstname": "Ann", ALL: [firms[1]]}, {ALL: [firms[0]]})
    assert verdict.error is None
    assert verdict.record.values == {"firstname": "Ann", ALL: [firms[1]]}
    assert people.near(ann, "companies") == {firms[1]: [], firms[2]: []}
    assert people.values(ann)["firstname"] == "Ann"


def test_associations_alone_take_no_call_of_the_object(
    connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str
) -> None:
    before = connector.calls
    assert update(connector, ann, {ALL: [firms[0]]}, {ALL: None}).record.id == ann
    assert connector.calls - before == 1
    assert update(connector, ann, {ALL: [firms[0]]}, {ALL: [firms[0]]}).record.id == ann
    assert connector.calls - before == 1, "nothing differs: nothing is sent"


def test_what_is_not_known_is_read_first(connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str) -> None:
    people.associate(ann, "companies", firms[0])
    assert update(connector, ann, {ALL: [firms[1]]}, {}).error is None
    assert people.near(ann, "companies") == {firms[1]: []}


def test_the_primary_company_moves_and_the_old_one_stays_associated(
    connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str
) -> None:
    people.associate(ann, "companies", firms[0], "primary")
    assert update(connector, ann, {PRIMARY: [firms[1]]}, {PRIMARY: [firms[0]]}).error is None
    assert people.near(ann, "companies") == {firms[0]: [], firms[1]: ["Primary"]}
    assert update(connector, ann, {PRIMARY: None}, {PRIMARY: [firms[1]]}).error is None
    assert people.near(ann, "companies") == {firms[0]: [], firms[1]: []}


def test_all_and_primary_change_together(connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str) -> None:
    people.associate(ann, "companies", firms[0], "primary")
    known: Values = {ALL: [firms[0]], PRIMARY: [firms[0]]}
    assert update(connector, ann, {ALL: [firms[1]], PRIMARY: [firms[1]]}, known).error is None
    assert people.near(ann, "companies") == {firms[1]: ["Primary"]}


def test_the_primary_company_is_not_removed_by_the_list_of_all(
    connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str
) -> None:
    people.associate(ann, "companies", firms[0], "primary")
    known: Values = {ALL: [firms[0]], PRIMARY: [firms[0]]}
    assert update(connector, ann, {ALL: [firms[1]]}, known).error is None
    assert people.near(ann, "companies") == {firms[0]: ["Primary"], firms[1]: []}


def test_a_company_gets_another_parent(connector: HubSpot, people: HubSpotPeer, firms: list[str]) -> None:
    companies, [child, old, new] = people.of("companies"), firms
    assert update(connector, child, {PARENT: [old]}, {PARENT: None}, "companies").error is None
    assert connector.read("companies", [Ref(child)], fields=[PARENT]).records[child].values == {PARENT: [old]}
    assert companies.near(old, "companies") == {child: ["Child"]}
    assert update(connector, child, {PARENT: [new]}, {PARENT: [old]}, "companies").error is None
    assert connector.read("companies", [Ref(child), Ref(old)], fields=[PARENT]).records[child].values == {PARENT: [new]}


def test_a_neighbour_that_is_gone_fails_only_its_record(
    connector: HubSpot, people: HubSpotPeer, firms: list[str]
) -> None:
    people.of("companies").remove(firms[0])
    ids = people.put_many(3)
    wanted = [firms[1], firms[0], firms[2]]
    items = [
        Update(id, {"firstname": "New", ALL: [firm]}, known={ALL: None}) for id, firm in zip(ids, wanted, strict=True)
    ]
    verdicts = connector.update("contacts", items)
    assert [getattr(verdict.error, "code", None) for verdict in verdicts] == [None, "PARENT_FAILED", None]
    assert people.near(ids[2], "companies") == {firms[2]: []}


def test_a_merged_neighbour_is_no_failure_beside_one_that_is_gone(
    connector: HubSpot, people: HubSpotPeer, firms: list[str]
) -> None:
    """HubSpot names the pair by the id of the company that took over."""
    left = people.of("companies").merge(firms[0], firms[1])
    people.of("companies").remove(firms[2])
    ids = people.put_many(2)
    items = [Update(id, {ALL: [firm]}, known={ALL: None}) for id, firm in zip(ids, firms[1:], strict=True)]
    verdicts = connector.update("contacts", items)
    assert [getattr(verdict.error, "code", None) for verdict in verdicts] == [None, "PARENT_FAILED"]
    assert people.near(ids[0], "companies").keys() == {left}


@pytest.mark.parametrize("context", [{}, {"fromObjectId": ["2"]}])
def test_a_pair_with_which_hubspot_had_trouble_may_have_been_made(server: Server, context: dict[str, Any]) -> None:
    made = {"fromObjectId": 1, "toObjectId": 7}
    server.replies(Reply(207, {"results": [made], "errors": [{"category": "INTERNAL_ERROR", "context": context}]}))
    lone = HubSpot(ApiSession(server.url, fault=fault), stored_fields=lambda kind: associations.fields(kind))
    verdicts = lone.update("contacts", [Update(id, {ALL: ["7"]}, known={ALL: None}) for id in ("1", "2")])
    assert [type(verdict.error) for verdict in verdicts] == [type(None), errors.NoAnswer]


def test_a_refused_property_keeps_its_associations_back(
    connector: HubSpot, people: HubSpotPeer, firms: list[str]
) -> None:
    ids = people.put_many(2)
    items = [
        Update(ids[0], {"hs_lead_status": "NO_SUCH", ALL: [firms[0]]}, known={ALL: None}),
        Update(ids[1], {"hs_lead_status": "NEW", ALL: [firms[0]]}, known={ALL: None}),
    ]
    verdicts = connector.update("contacts", items)
    assert [bool(verdict.error) for verdict in verdicts] == [True, False]
    assert [people.near(id, "companies") for id in ids] == [{}, {firms[0]: []}]


def test_a_pair_that_is_not_found_does_not_mean_that_our_record_is_gone(
    connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str
) -> None:
    people.control("faults", match="associations", fault="status", status=404, next=1)
    error = update(connector, ann, {ALL: [firms[0]]}, {ALL: None}).error
    assert isinstance(error, errors.Refused)
    assert error.code == "PARENT_FAILED"


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        ({"fault": "lost"}, errors.NoAnswer),
        ({"fault": "status", "status": 429}, errors.RateLimited),
        ({"fault": "status", "status": 401}, errors.RateLimited),  # it comes again, and then is raised
    ],
)
def test_trouble_with_associations_does_not_forget_what_was_done(
    connector: HubSpot, people: HubSpotPeer, firms: list[str], trouble: dict[str, Any], error: type[Exception]
) -> None:
    ids = people.put_many(2)
    items = [
        Update(ids[0], {"firstname": "New", ALL: [firms[0]]}, known={ALL: None}),
        Update(ids[1], {"firstname": "New"}),
    ]
    people.control("faults", match="associations", next=1, **trouble)
    verdicts = connector.update("contacts", items)
    assert [type(verdict.error) for verdict in verdicts] == [error, type(None)]
    assert [people.values(id)["firstname"] for id in ids] == ["New", "New"]


def test_a_scope_that_lacks_for_associations_alone_is_said_of_the_record_and_ends(
    connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str
) -> None:
    """The next try would write the properties again, and never meet it first."""
    known = {"firstname": None, ALL: None}
    people.control("settings", static_scopes="oauth,crm.objects.contacts.read,crm.objects.contacts.write")
    try:
        error = update(connector, ann, {"firstname": "New", ALL: [firms[0]]}, known).error
        with pytest.raises(errors.ScopeMissing):
            update(connector, ann, {ALL: [firms[0]]}, known)
    finally:
        people.control("settings", static_scopes="*")
    assert (type(error), error.code) == (errors.Refused, "SCOPE_MISSING")
    assert "crm.objects.companies" in error.message
    assert people.values(ann)["firstname"] == "New"


def test_trouble_before_anything_was_done_is_raised(
    connector: HubSpot, people: HubSpotPeer, firms: list[str], ann: str
) -> None:
    people.control("faults", match="associations", fault="status", status=429, next=1)
    with pytest.raises(errors.RateLimited):
        update(connector, ann, {ALL: [firms[0]]}, {ALL: None})


# -- leads -------------------------------------------------------------------------------------------------------------------
def test_a_lead_never_is_without_its_contact(connector: HubSpot, people: HubSpotPeer, ann: str) -> None:
    error = connector.create("leads", [Create({"hs_lead_name": "L"}, key="k")], scope={})[0].error
    assert isinstance(error, errors.Refused)
    assert (error.code, error.field) == ("REQUIRED_VALUE_BLANK", LED)
    made = connector.create("leads", [Create({"hs_lead_name": "L", LED: [ann]}, key="k")], scope={})[0].record
    assert made
    error = update(connector, made.id, {LED: None}, {LED: [ann]}, "leads").error
    assert isinstance(error, errors.Refused)
    bob = people.put({"email": "bob@example.com"})
    assert update(connector, made.id, {LED: [bob]}, {LED: [ann]}, "leads").error is None
    assert connector.read("leads", [Ref(made.id)], fields=[LED]).records[made.id].values == {LED: [bob]}
