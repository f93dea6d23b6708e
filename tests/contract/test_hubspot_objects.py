"""HubSpot's other object types: companies and deals answer the contract; all of them are read, made, changed and archived."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from integrations import errors
from integrations.connectors.hubspot import schema
from integrations.connectors.hubspot.app import APP
from integrations.connectors.hubspot.connector import HubSpot
from integrations.connectors.hubspot.days import Days
from integrations.connectors.hubspot.objects import OBJECTS
from integrations.connectors.hubspot.owners import Owners
from integrations.connectors.hubspot.permissions import SCOPES
from integrations.http import ApiSession
from integrations.records import Create, Field, FieldType, Ref, Update, Value, Values
from tests.contract.conftest import Control
from tests.contract.hubspot import HubSpotPeer, opened
from tests.contract.suite import ConnectorContract, Names
from tests.integrations.server import Reply, Server

AT = "2026-05-01T08:30:00.000Z"
LEAST: dict[str, Values] = {  # what a new record of each kind cannot do without
    "contacts": {"email": "least@example.com"},
    "companies": {"name": "Least"},
    "deals": {"dealname": "Least", "dealstage": "qualifiedtobuy"},
    "products": {"name": "Least"},
    "invoices": {"hs_currency": "EUR"},
    "tickets": {"subject": "Least", "hs_pipeline_stage": "1"},
    "leads": {"hs_lead_name": "Least"},
    "calls": {"hs_timestamp": AT},
    "emails": {"hs_timestamp": AT, "hs_email_direction": "EMAIL"},
    "meetings": {"hs_meeting_start_time": AT},
    "notes": {"hs_timestamp": AT},
    "tasks": {"hs_timestamp": AT},
}


@pytest.fixture
def connector(hubspot_standin: dict[str, Any]) -> HubSpot:
    return opened(hubspot_standin)


@pytest.fixture
def people(hubspot_control: Control) -> HubSpotPeer:
    return HubSpotPeer(hubspot_control)


def fields_of(connector: HubSpot, kind: str) -> dict[str, Field]:
    return {field.name: field for field in connector.fields(kind)}


class TestCompanies(ConnectorContract):
    kind = "companies"
    names = Names(email="domain", text="name", other="city")
    identified_by = FieldType.TEXT
    knows_repeats = False
    values: ClassVar[dict[FieldType, tuple[str, Value, Value]]] = {
        FieldType.TEXT: ("city", "Kraków", "東京"),
        FieldType.LONG_TEXT: ("description", "two\nlines", "one"),
        FieldType.NUMBER: ("annualrevenue", "1250.5", "7"),
        FieldType.OPTION: ("industry", "RETAIL", "MACHINERY"),
        FieldType.USER: ("hubspot_owner_id", "dana.reyes@syncline.example", "ploy.srisuk@syncline.example"),
    }

    @pytest.fixture
    def peer(self, hubspot_control: Control) -> HubSpotPeer:
        return HubSpotPeer(hubspot_control, "companies", ["domain", "name", "city"])

    def bad_person(self) -> Values:
        return {**self.person("bad"), "industry": "NO_SUCH"}


def test_what_is_written_about_a_record_is_formatted_text(connector: HubSpot) -> None:
    body = fields_of(connector, "notes")["hs_note_body"]
    assert body.type is FieldType.RICH_TEXT
    assert fields_of(connector, "companies")["description"].type is FieldType.LONG_TEXT
    assert schema.definition_of(replace(body, name="app_notes"), "contacts")["fieldType"] == "html"
    assert schema.to_canonical("<div><p></p></div>", FieldType.RICH_TEXT) is None, "as its editor leaves it"


class TestDeals(ConnectorContract):
    kind = "deals"
    names = Names(email="dealname", text="description", other="hs_next_step")
    identified_by = FieldType.TEXT
    knows_repeats = False
    values: ClassVar[dict[FieldType, tuple[str, Value, Value]]] = {
        FieldType.NUMBER: ("amount", "1250.5", "7"),
        FieldType.DATE: ("closedate", "2026-05-01", "2027-01-01"),
        FieldType.OPTION: ("dealstage", "closedwon", "closedlost"),
    }

    @pytest.fixture
    def peer(self, hubspot_control: Control) -> HubSpotPeer:
        return HubSpotPeer(hubspot_control, "deals", ["dealname", "description", "hs_next_step", "dealstage"])

    @property
    def fields(self) -> list[str]:
        return [*super().fields, "dealstage"]

    def person(self, name: str, *, text: Value = "Some", other: Value = "One") -> Values:
        return {**super().person(name, text=text, other=other), "dealstage": "qualifiedtobuy"}

    def bad_person(self) -> Values:
        return {**self.person("bad"), "amount": "much"}

    def missing_id(self, like: str) -> str:
        """The stand-in's deals begin at 96."""
        return "9" * (len(like) + 3)


# -- every kind ------------------------------------------------------------------------------------------------------------
def test_all_kinds_of_the_catalogue_are_object_types() -> None:
    assert [kind.key for kind in APP.kinds] == list(dict.fromkeys(kind.key for kind in APP.kinds))
    assert {kind.key for kind in APP.kinds} == set(OBJECTS) == set(LEAST)


@pytest.mark.parametrize("kind", APP.kinds, ids=lambda kind: kind.key)
def test_default_mappings_and_filters_name_fields_that_exist(
    connector: HubSpot, people: HubSpotPeer, kind: Any
) -> None:
    fields = fields_of(connector, kind.key)
    named = [preset.field for preset in kind.presets] + [*kind.label_fields, *kind.label_else, *kind.filter_fields]
    assert not set(named) - set(fields)
    assert {field.refers_to for field in fields.values() if field.type is FieldType.REFERENCE} <= set(OBJECTS)
    needed = {name for name, field in fields.items() if field.required}
    assert not needed - {preset.field for preset in kind.presets if preset.required}, (
        "a required field is a required row"
    )


@pytest.mark.parametrize("kind", list(LEAST))
def test_every_kind_lives_from_its_making_to_its_end(connector: HubSpot, people: HubSpotPeer, kind: str) -> None:
    values = {**LEAST[kind]}
    if kind == "leads":
        values["associations.contacts.primary"] = [people.put({"email": "led@example.com"})]
    cursor = connector.changes(kind, fields=list(values), cursor=None, position=None, scope={}).cursor
    made = connector.create(kind, [Create(values, key="k")], scope={})[0]
    assert made.error is None
    assert made.record
    assert made.record.values == values
    id = made.record.id
    assert connector.read(kind, [Ref(id)], fields=list(values)).records[id].values == values
    page = connector.changes(kind, fields=list(values), cursor=cursor, position=None, scope={})
    assert [record.values for record in page.records if record.id == id] == [values]
    assert connector.update(kind, [Update(id, {"hubspot_owner_id": "dana.reyes@syncline.example"})])[0].error is None
    assert connector.delete(kind, [id])[0].error is None
    assert id in connector.changes(kind, fields=list(values), cursor=page.cursor, position=None, scope={}).gone
    assert connector.record_url(kind, id).endswith(f"/record/{OBJECTS[kind].type_id}/{id}")


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("deals", ["hs_is_closed", "hs_is_closed_won", "amount_in_home_currency", "hs_deal_stage_probability"]),
        ("invoices", ["hs_number", "hs_amount_billed", "hs_balance_due"]),
        ("emails", ["hs_email_from_email"]),
        ("contacts", ["hs_email_optout", "createdate"]),
    ],
)
def test_what_hubspot_works_out_is_not_written(
    connector: HubSpot, people: HubSpotPeer, kind: str, names: list[str]
) -> None:
    fields = fields_of(connector, kind)
    assert not [name for name in names if fields[name].writable]


@pytest.mark.parametrize(
    "secret", [("hs_email_subject", "hs_email_text"), ("hs_email_subject",)], ids=["both", "subject"]
)
@pytest.mark.parametrize("scopes", [SCOPES, None], ids=["consent", "key"])
def test_what_an_email_says_is_unknown_to_whoever_may_not_read_it(
    hubspot_standin: dict[str, Any], people: HubSpotPeer, scopes: tuple[str, ...] | None, secret: tuple[str, ...]
) -> None:
    """HubSpot puts words of its own in place of the text, and nothing in place of the subject: the first would go to the other app
    as if somebody had written them, and the second would be filled from there, over what we may not see."""
    connector, emails = opened(hubspot_standin, scopes=scopes), people.of("emails")
    names = (*secret, "hs_email_direction")
    id = emails.put({**LEAST["emails"], "hs_email_subject": "Hello", "hs_email_text": "Good morning"})
    held = [*SCOPES, "crm.objects.contacts.read", "crm.objects.contacts.write"]
    people.control("settings", static_scopes=",".join(held))
    try:
        read = connector.read("emails", [Ref(id)], fields=names).records[id]
        [listed] = [r for r in connector.scan("emails", fields=names, position=None, scope={}).records if r.id == id]
        [wrote] = connector.update("emails", [Update(id, {"hs_email_subject": "Bye"})])
        fields = {field.name: field for field in connector.fields("emails")}
    finally:
        people.control("settings", static_scopes="*")
    assert read.values == listed.values == {"hs_email_direction": "EMAIL"}
    assert wrote.record is not None
    assert wrote.record.values == {}
    assert fields["hs_email_text"].readable is (scopes is None), "a key does not tell what it may do"
    assert fields["hs_email_text"].writable


def test_a_key_that_may_read_emails_sees_that_a_subject_is_blank(
    hubspot_standin: dict[str, Any], people: HubSpotPeer
) -> None:
    connector = opened(hubspot_standin, scopes=None)
    id = people.of("emails").put({**LEAST["emails"], "hs_email_text": "Good morning"})
    read = connector.read("emails", [Ref(id)], fields=["hs_email_subject"])
    assert read.records[id].values == {"hs_email_subject": None}


@pytest.mark.parametrize(
    ("zone", "kept", "day", "written"),
    [
        ("America/Phoenix", "2026-04-01T01:09:44.000Z", "2026-03-31", "2026-05-01T19:00:00.000Z"),
        ("Asia/Tokyo", "2026-03-31T15:30:00.000Z", "2026-04-01", "2026-05-01T03:00:00.000Z"),
    ],
)
def test_a_deal_closes_on_the_day_that_people_see(
    connector: HubSpot, people: HubSpotPeer, zone: str, kept: str, day: str, written: str
) -> None:
    """HubSpot keeps the moment at which the day was chosen."""
    people.control("settings", time_zone=zone)
    try:
        deals = HubSpotPeer(people.control, "deals", ["closedate"])
        id = deals.put({"dealname": "D", "dealstage": "closedwon", "closedate": kept})
        assert connector.read("deals", [Ref(id)], fields=["closedate"]).records[id].values == {"closedate": day}
        [verdict] = connector.update("deals", [Update(id, {"closedate": "2026-05-01"})])
        assert verdict.record
        assert verdict.record.values == {"closedate": "2026-05-01"}
        assert deals.values(id) == {"closedate": written}
    finally:
        people.control("settings", time_zone="Europe/Berlin")


def test_a_zone_that_is_not_known_here_is_an_offset(server: Server) -> None:
    server.replies(Reply(200, {"portalId": 1, "timeZone": "US/Nowhere", "utcOffsetMilliseconds": -25_200_000}))
    days = Days(ApiSession(server.url))
    assert days.day_of("2026-04-01T01:09:44.000Z") == "2026-03-31"
    assert days.on_wire("2026-05-01") == "2026-05-01T19:00:00.000Z"


def test_a_meeting_sits_on_the_timeline_where_it_starts(connector: HubSpot, people: HubSpotPeer) -> None:
    both = ["hs_meeting_start_time", "hs_timestamp"]
    made = connector.create("meetings", [Create({"hs_meeting_start_time": AT}, key="k")], scope={})[0].record
    assert made
    later = "2026-06-01T10:00:00.000Z"
    connector.update("meetings", [Update(made.id, {"hs_meeting_start_time": later})])
    read = connector.read("meetings", [Ref(made.id)], fields=both).records[made.id]
    assert read.values == dict.fromkeys(both, later)


def test_a_find_takes_no_notice_of_blanks_around_a_value(connector: HubSpot, people: HubSpotPeer) -> None:
    """A product that we made from "A-1 " must not be made again because HubSpot keeps "A-1"."""
    products = people.of("products")
    ids = {products.put({"name": "One", "hs_sku": "A-1"}), products.put({"name": "Two", "hs_sku": " A-1"})}
    found = connector.find("products", "hs_sku", [" A-1"], fields=["hs_sku"])
    assert {record.id for record in found} == ids


def test_a_find_by_long_names_fits_into_searches(connector: HubSpot, people: HubSpotPeer) -> None:
    """A search body holds 3,000 characters, and a character that is not ASCII takes six of them."""
    names = [f"{'漢字' * 40} {number}" for number in range(25)]
    companies = people.of("companies")
    ids = {companies.put({"name": name}) for name in names}
    wide = ["name", *(f"a_field_that_has_quite_a_long_name_{number:03d}" for number in range(30))]
    found = connector.find("companies", "name", [*names, "x" * 5000], fields=wide)
    assert {record.id for record in found} == ids


def test_an_invoice_that_went_out_is_not_deleted(connector: HubSpot, people: HubSpotPeer) -> None:
    invoices = people.of("invoices")
    ids = [invoices.put({"hs_currency": "EUR", "hs_invoice_status": status}) for status in ("draft", "open", "draft")]
    verdicts = connector.delete("invoices", ids)
    assert [type(verdict.error) for verdict in verdicts] == [type(None), errors.Refused, type(None)]


# -- owners ------------------------------------------------------------------------------------------------------------------
def test_an_owner_is_an_address_and_his_list_is_read_once(connector: HubSpot, people: HubSpotPeer) -> None:
    ids = [people.put({"email": f"owned{number}@example.com", "hubspot_owner_id": "41629780"}) for number in range(3)]
    connector.read("contacts", [Ref(ids[0])], fields=["email"])
    before = connector.calls
    answer = connector.read("contacts", [Ref(id) for id in ids], fields=["hubspot_owner_id"])
    assert {record.values["hubspot_owner_id"] for record in answer.records.values()} == {
        "tomasz.wrona@syncline.example"
    }
    connector.read("contacts", [Ref(id) for id in ids], fields=["hubspot_owner_id"])
    assert connector.calls - before == 3


def test_an_owner_who_left_is_read_and_not_written(
    connector: HubSpot, people: HubSpotPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.connectors.hubspot.owners.PAGE", 2)  # three are active: two pages
    gone, stranger = "former.colleague@syncline.example", "nobody@example.com"
    ids = people.put_many(3)
    assert connector._owners.email_of("41629782") == gone
    assert connector._owners.email_of("41629781") == "ploy.srisuk@syncline.example"
    items = [
        Update(id, {"hubspot_owner_id": address})
        for id, address in zip(ids, (gone, "Ploy.Srisuk@syncline.example", stranger), strict=True)
    ]
    verdicts = connector.update("contacts", items)
    assert [getattr(verdict.error, "code", None) for verdict in verdicts] == ["OWNER_UNMAPPED", None, "OWNER_UNMAPPED"]
    error = verdicts[0].error
    assert isinstance(error, errors.Refused)
    assert error.field == "hubspot_owner_id"
    assert verdicts[1].record
    assert verdicts[1].record.values == {"hubspot_owner_id": "ploy.srisuk@syncline.example"}
    assert people.of("contacts").values(ids[1])["email"], "the neighbour was written"


def test_an_address_of_two_active_owners_names_nobody(server: Server) -> None:
    """Whichever was taken, it could be the wrong one."""
    people = [("1", "dana@example.com", "Dana"), ("2", "Dana@example.com", "Other"), ("3", "ploy@example.com", "Ploy")]
    listed = {"results": [{"id": id, "email": address, "firstName": name} for id, address, name in people]}
    server.answer = lambda asked: Reply(200, listed)
    owners = Owners(ApiSession(server.url))
    with pytest.raises(errors.Refused, match="Several") as refused:
        owners.id_of("dana@example.com", "hubspot_owner_id")
    assert refused.value.code == "OWNER_UNMAPPED"
    assert owners.id_of("ploy@example.com", "hubspot_owner_id") == "3"
    assert [option.value for option in owners.options()] == ["ploy@example.com"]
    assert owners.email_of("2") == "dana@example.com"


def test_an_owner_nobody_knows_stays_an_id_and_costs_one_look_a_minute(connector: HubSpot, people: HubSpotPeer) -> None:
    assert connector._owners.email_of("77") == "77"
    before = connector.calls
    assert [connector._owners.email_of("77"), connector._owners.id_of("77", "hubspot_owner_id")] == ["77", "77"]
    assert connector.calls == before


def test_owners_can_be_chosen_where_we_may_see_them(connector: HubSpot, people: HubSpotPeer) -> None:
    options = fields_of(connector, "deals")["hubspot_owner_id"].options
    assert [(option.value, option.label) for option in options][:1] == [("dana.reyes@syncline.example", "Dana Reyes")]
    people.control("settings", static_scopes="oauth,crm.objects.deals.read")
    try:
        assert fields_of(connector, "deals")["hubspot_owner_id"].options == ()
    finally:
        people.control("settings", static_scopes="*")


def test_records_are_found_by_their_owners_address(connector: HubSpot, people: HubSpotPeer) -> None:
    id = people.put({"email": "owned@example.com", "hubspot_owner_id": "41629781"})
    wanted = ["nobody@example.com", "Ploy.Srisuk@syncline.example"]
    found = connector.find("contacts", "hubspot_owner_id", wanted, fields=["hubspot_owner_id"])
    assert id in {record.id for record in found}
    assert {record.values["hubspot_owner_id"] for record in found} == {"ploy.srisuk@syncline.example"}


# -- pipelines ---------------------------------------------------------------------------------------------------------------
@pytest.fixture
def renewals(hubspot_standin: dict[str, Any], people: HubSpotPeer) -> dict[str, Any]:
    """A second pipeline for deals, with a stage of the same name as one of the first."""
    session = ApiSession(hubspot_standin["api_url"])
    stages = [
        {"label": "Due", "displayOrder": 0, "metadata": {"probability": "0.5"}},
        {"label": "Closed Won", "displayOrder": 1, "metadata": {"probability": "1.0", "isClosed": "true"}},
    ]
    headers = {"Authorization": f"Bearer {hubspot_standin['token']}"}
    body = {"label": "Renewals", "displayOrder": 1, "stages": stages}
    made = session.post("/crm/pipelines/2026-03/deals", json=body, headers=headers).data
    return {"id": made["id"], **{stage["label"]: stage["id"] for stage in made["stages"]}}


def test_stages_of_one_pipeline_need_no_surname(connector: HubSpot, people: HubSpotPeer) -> None:
    fields = fields_of(connector, "tickets")
    assert [option.label for option in fields["hs_pipeline"].options] == ["Support Pipeline"]
    assert fields["hs_pipeline_stage"].options[0].label == "New"


def test_stages_of_several_pipelines_tell_whose_they_are(connector: HubSpot, renewals: dict[str, Any]) -> None:
    fields = fields_of(connector, "deals")
    assert [option.label for option in fields["pipeline"].options] == ["Sales Pipeline", "Renewals"]
    labels = {option.value: option.label for option in fields["dealstage"].options}
    assert labels["closedwon"] == "Closed Won (Sales Pipeline)"
    assert labels[renewals["Closed Won"]] == "Closed Won (Renewals)"
    assert len(set(labels.values())) == len(labels)


def test_a_stage_brings_its_pipeline(connector: HubSpot, people: HubSpotPeer, renewals: dict[str, Any]) -> None:
    values: Values = {"dealname": "Moved", "dealstage": renewals["Due"]}
    made = connector.create("deals", [Create(values, key="k")], scope={})[0].record
    assert made
    deals = HubSpotPeer(people.control, "deals", ["pipeline", "dealstage", "hs_is_closed_won"])
    assert deals.values(made.id)["pipeline"] == renewals["id"]
    assert connector.update("deals", [Update(made.id, {"dealstage": "closedwon"})])[0].error is None
    assert deals.values(made.id) == {"pipeline": "default", "dealstage": "closedwon", "hs_is_closed_won": "true"}


def test_a_stage_that_no_pipeline_has_is_refused_by_name(connector: HubSpot, people: HubSpotPeer) -> None:
    deals = people.of("deals")
    id = deals.put({"dealname": "Stays", "dealstage": "closedwon"})
    error = connector.update("deals", [Update(id, {"dealstage": "nowhere"})])[0].error
    assert isinstance(error, errors.Refused)
    assert (error.code, error.field) == ("OPTION_NOT_ALLOWED", "dealstage")
