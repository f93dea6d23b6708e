"""Object types of the HubSpot stand-in beside contacts: what an account holds at the start, and what is particular to some."""

from typing import Any

import pytest
import requests

from tests.standins.serving import control

Api = Any  # the fixture below: api(method, path, json=…) → requests.Response
KINDS = (
    "companies",
    "deals",
    "products",
    "invoices",
    "tickets",
    "leads",
    "calls",
    "emails",
    "meetings",
    "notes",
    "tasks",
)


@pytest.fixture
def api(hubspot: dict[str, Any]) -> Api:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {hubspot['token']}"

    def call(method: str, path: str, body: Any = None) -> requests.Response:
        return session.request(method, hubspot["api_url"] + path, json=body, timeout=10)

    return call


def objects(kind: str) -> str:
    return f"/crm/objects/2026-03/{kind}"


def spec(type_id: int) -> list[dict[str, Any]]:
    return [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]


class TestSeed:
    @pytest.mark.parametrize("kind", KINDS)
    def test_an_account_has_some_of_everything(self, hubspot: dict[str, Any], kind: str) -> None:
        assert control(hubspot, "list", type=kind)["results"]

    def test_business_is_tied_to_companies_and_their_people(self, hubspot: dict[str, Any]) -> None:
        companies = {row["id"]: row for row in control(hubspot, "list", type="companies")["results"]}
        deals = control(hubspot, "list", type="deals")["results"]
        for deal in deals:
            (company,) = deal["associations"]["companies"]
            assert company["labels"] == ["Primary"]
            employees = {row["id"] for row in companies[company["id"]]["associations"]["contacts"]}
            assert {row["id"] for row in deal["associations"]["contacts"]} <= employees

    def test_some_companies_have_a_parent(self, hubspot: dict[str, Any]) -> None:
        rows = control(hubspot, "list", type="companies")["results"]
        labels = [near["labels"] for row in rows for near in row.get("associations", {}).get("companies", [])]
        assert ["Parent"] in labels
        assert ["Child"] in labels


class TestByHand:
    def test_records_are_tied_and_untied_with_labels(self, hubspot: dict[str, Any]) -> None:
        company = control(hubspot, "records", type="companies", create=[{"name": "Tied"}])["created"][0]
        person = control(hubspot, "records", create=[{"lastname": "Tied"}])["created"][0]

        def near() -> Any:
            row = next(row for row in control(hubspot, "list")["results"] if row["id"] == str(person))
            return row.get("associations")

        control(hubspot, "records", associate=[[person, "companies", company, "primary"]])
        assert near() == {"companies": [{"id": str(company), "labels": ["Primary"]}]}
        control(hubspot, "records", dissociate=[[person, "companies", company, "primary"]])
        assert near() == {"companies": [{"id": str(company), "labels": []}]}
        control(hubspot, "records", dissociate=[[person, "companies", company]])
        assert near() is None


class TestAssociations:
    def test_a_pair_with_a_record_that_is_gone_is_named(self, api: Api) -> None:
        body = {"inputs": [{"from": {"id": "901"}, "to": {"id": "99999"}, "types": spec(279)}]}
        answer = api("POST", "/crm/associations/2026-03/contacts/companies/batch/create", body)
        assert answer.status_code == 207
        assert answer.json()["errors"][0]["context"]["INVALID_OBJECT_IDS"] == ["COMPANY=99999 is not valid"]

    def test_an_archived_neighbour_shows_nowhere_and_comes_back(self, api: Api, hubspot: dict[str, Any]) -> None:
        near = "/crm/objects/2026-03/contacts/901/associations/companies"
        company = api("GET", near).json()["results"][0]["toObjectId"]
        control(hubspot, "records", type="companies", delete=[company])
        assert company not in [row["toObjectId"] for row in api("GET", near).json()["results"]]
        control(hubspot, "records", type="companies", restore=[company])
        assert company in [row["toObjectId"] for row in api("GET", near).json()["results"]]

    def test_what_comes_with_a_record_says_when_there_is_more(self, api: Api, hubspot: dict[str, Any]) -> None:
        made = control(hubspot, "records", type="companies", create=[{"name": f"{n}"} for n in range(101)])["created"]
        control(hubspot, "records", associate=[[902, "companies", company] for company in made])
        shown = api("GET", f"{objects('contacts')}/902?associations=companies").json()["associations"]["companies"]
        assert len({row["id"] for row in shown["results"]}) == 100
        assert shown["paging"]["next"]["after"]


class TestLeads:
    def test_a_lead_needs_a_primary_contact_or_company(self, api: Api) -> None:
        values = {"properties": {"hs_lead_name": "L"}}
        assert api("POST", objects("leads"), values).status_code == 400
        unlabelled = {**values, "associations": [{"to": {"id": 901}, "types": spec(608)}]}
        assert api("POST", objects("leads"), unlabelled).status_code == 400
        primary = {**values, "associations": [{"to": {"id": 901}, "types": spec(578)}]}
        assert api("POST", objects("leads"), primary).status_code == 201

    def test_a_lead_that_loses_its_last_primary_record_is_deleted(self, api: Api) -> None:
        given = {"properties": {"hs_lead_name": "L"}, "associations": [{"to": {"id": 901}, "types": spec(578)}]}
        lead = api("POST", objects("leads"), given).json()["id"]
        body = {"inputs": [{"from": {"id": lead}, "to": [{"id": "901"}]}]}
        assert api("POST", "/crm/associations/2026-03/leads/contacts/batch/archive", body).status_code == 200
        assert api("GET", f"{objects('leads')}/{lead}").status_code == 404


class TestPipelines:
    def test_a_made_pipeline_has_numbered_stages_that_deals_can_be_in(self, api: Api) -> None:
        stage = {"label": "Due", "displayOrder": 0, "metadata": {"probability": "0.5"}}
        made = api("POST", "/crm/pipelines/2026-03/deals", {"label": "Renewals", "displayOrder": 1, "stages": [stage]})
        assert made.status_code == 201
        pipeline, due = made.json()["id"], made.json()["stages"][0]["id"]
        assert due.isdigit()
        deal = {"dealname": "D", "pipeline": pipeline, "dealstage": due}
        assert api("POST", objects("deals"), {"properties": deal}).status_code == 201
        wrong = api("POST", objects("deals"), {"properties": {**deal, "pipeline": "default"}})
        assert wrong.json()["errors"][0]["context"]["propertyName"] == ["dealstage"]

    def test_a_deals_stage_decides_what_is_computed(self, api: Api) -> None:
        names = "hs_is_closed,hs_is_closed_won,hs_is_closed_lost,hs_deal_stage_probability,amount_in_home_currency"

        def computed(stage: str) -> list[str]:
            values = {"dealname": "D", "dealstage": stage, "amount": "12"}
            id = api("POST", objects("deals"), {"properties": values}).json()["id"]
            shown = api("GET", f"{objects('deals')}/{id}?properties={names}").json()["properties"]
            return [shown[name] for name in names.split(",")]

        assert computed("closedwon") == ["true", "true", "false", "1.0", "12"]
        assert computed("closedlost") == ["true", "false", "true", "0.0", "12"]
        assert computed("contractsent") == ["false", "false", "false", "0.9", "12"]


def test_a_meeting_without_a_time_takes_that_of_its_start(api: Api) -> None:
    made = api("POST", objects("meetings"), {"properties": {"hs_meeting_start_time": "2026-05-01T08:30:00Z"}})
    assert made.json()["properties"]["hs_timestamp"] == "2026-05-01T08:30:00.000Z"
    assert api("POST", objects("meetings"), {"properties": {"hs_meeting_title": "When?"}}).status_code == 400
