"""Search of the HubSpot stand-in: operators, limits, order, lag."""

from typing import Any

import pytest
import requests

from tests.standins.serving import control

SEARCH = "/crm/objects/2026-03/contacts/search"


class People:
    """A handful of contacts that only these tests know, all in the company Searchers."""

    def __init__(self, hubspot: dict[str, Any]) -> None:
        self.hubspot = hubspot
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {hubspot['token']}"
        given = [
            {"firstname": "Ann", "account_score": "9", "email": "ann@search.example"},
            {"firstname": "bob", "account_score": "10", "email": "bob.green@search.example", "city": "Oslo"},
            {"firstname": "Cyd", "account_score": "100", "hs_lead_status": "NEW"},
        ]
        body = [{"company": "Searchers", **each} for each in given]
        self.ids = [str(id) for id in control(hubspot, "records", create=body)["created"]]
        self.names = dict(zip(self.ids, ("Ann", "Bob", "Cyd"), strict=True))

    def post(self, **body: Any) -> requests.Response:
        return self.session.post(self.hubspot["api_url"] + SEARCH, json=body, timeout=10)

    def found(self, *filters: dict[str, Any], **more: Any) -> list[str]:
        """Names of the people that match, in order."""
        group = [{"propertyName": "company", "operator": "EQ", "value": "searchers"}, *filters]
        answer = self.post(filterGroups=[{"filters": group}], **more)
        assert answer.status_code == 200, answer.text
        assert answer.json()["total"] == len(answer.json()["results"])
        return [self.names[record["id"]] for record in answer.json()["results"]]


@pytest.fixture
def people(hubspot: dict[str, Any]) -> People:
    return People(hubspot)


def where(name: str, operator: str, **more: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **more}


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (where("firstname", "EQ", value="BOB"), ["Bob"]),
        (where("firstname", "NEQ", value="bob"), ["Ann", "Cyd"]),
        (where("account_score", "GT", value="9"), ["Bob", "Cyd"]),
        (where("account_score", "GTE", value="9"), ["Ann", "Bob", "Cyd"]),
        (where("account_score", "LT", value="10"), ["Ann"]),
        (where("account_score", "LTE", value="10"), ["Ann", "Bob"]),
        (where("account_score", "BETWEEN", value="9", highValue="10"), ["Ann", "Bob"]),
        (where("firstname", "IN", values=["ann", "cyd"]), ["Ann", "Cyd"]),
        (where("firstname", "IN", values=["Ann", "CYD"]), []),  # text takes lower case only
        (where("firstname", "NOT_IN", values=["ann", "cyd"]), ["Bob"]),
        (where("city", "HAS_PROPERTY"), ["Bob"]),
        (where("city", "NOT_HAS_PROPERTY"), ["Ann", "Cyd"]),
        (where("email", "CONTAINS_TOKEN", value="green"), ["Bob"]),
        (where("email", "CONTAINS_TOKEN", value="*search.example"), ["Ann", "Bob"]),
        (where("email", "NOT_CONTAINS_TOKEN", value="green"), ["Ann", "Cyd"]),
        (where("email", "IN", values=["ann@search.example", "none@search.example"]), ["Ann"]),
        (where("hs_lead_status", "EQ", value="new"), []),
        (where("hs_lead_status", "EQ", value="NEW"), ["Cyd"]),
    ],
)
def test_operators(people: People, condition: dict[str, Any], names: list[str]) -> None:
    assert people.found(condition) == names


class TestBodies:
    def test_filters_are_joined_by_and_groups_by_or(self, people: People) -> None:
        groups = [
            {"filters": [where("company", "EQ", value="searchers"), where("firstname", "EQ", value=name)]}
            for name in ("ann", "cyd")
        ]
        answer = people.post(filterGroups=groups).json()
        assert [people.names[record["id"]] for record in answer["results"]] == ["Ann", "Cyd"]

    def test_filters_without_a_group_are_one_group(self, people: People) -> None:
        assert people.post(filters=[where("company", "EQ", value="Searchers")]).json()["total"] == 3

    def test_query_looks_in_some_text_properties(self, people: People) -> None:
        assert people.post(query="searchers green").json()["total"] == 1
        assert people.post(query="Oslo searchers").json()["total"] == 0

    def test_sorting_by_number_text_and_date(self, people: People) -> None:
        def order(name: str, direction: str) -> list[str]:
            return people.found(sorts=[{"propertyName": name, "direction": direction}])

        assert order("account_score", "DESCENDING") == ["Cyd", "Bob", "Ann"]
        assert order("firstname", "ASCENDING") == ["Ann", "Bob", "Cyd"]
        control(people.hubspot, "records", edit=[{"id": people.ids[0], "city": "Rome"}])
        assert order("lastmodifieddate", "DESCENDING")[0] == "Ann"

    @pytest.mark.parametrize(
        "body",
        [
            {"limit": 201},
            {"after": "9999", "limit": 2},
            {"after": "10000"},
            {"sorts": ["email", "firstname"]},
            {"filterGroups": [{"filters": [where("email", "HAS_PROPERTY")]}] * 6},
            {"filterGroups": [{"filters": [where("email", "HAS_PROPERTY")] * 7}]},
            {"filterGroups": [{"filters": [where("email", "HAS_PROPERTY")] * 5}] * 4},
            {"filters": [where("nonsense", "EQ", value="1")]},
            {"filters": [where("email", "LIKE", value="1")]},
            {"filters": [where("email", "EQ")]},
            {"filters": [where("lastmodifieddate", "GTE", value="yesterday")]},
            {"query": "x" * 3000},
        ],
    )
    def test_what_is_refused(self, people: People, body: dict[str, Any]) -> None:
        answer = people.post(**body)
        assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")

    def test_after_is_an_offset(self, people: People) -> None:
        first = people.post(limit=200).json()
        assert len(people.post(limit=200, after="150").json()["results"]) == first["total"] - 150
        second = people.post(limit=100, after="100").json()["results"]
        assert second == first["results"][100:]

    def test_associated_records_can_be_asked_for(self, people: People) -> None:
        assert people.post(filters=[where("associations.company", "EQ", value="7001")]).json()["total"] >= 1


class TestWindows:
    def test_a_window_of_changes_pages_by_record_id_as_a_number(self, people: People) -> None:
        seen: list[int] = []
        last = 0
        while True:
            filters = [
                where("lastmodifieddate", "BETWEEN", value="0", highValue="4000000000000"),
                where("hs_object_id", "GT", value=str(last)),
            ]
            page = people.post(
                filterGroups=[{"filters": filters}], sorts=[{"propertyName": "hs_object_id"}], limit=50
            ).json()["results"]
            if not page:
                break
            seen += [int(record["id"]) for record in page]
            last = seen[-1]
        everybody = control(people.hubspot, "list")["results"]
        assert seen == [int(record["id"]) for record in everybody]
        assert seen[0] < 1000 < seen[-1]

    def test_both_ends_of_a_window_are_included(self, people: People) -> None:
        changed = people.post(filters=[where("firstname", "EQ", value="Cyd")], limit=1).json()["results"][0][
            "updatedAt"
        ]
        assert people.found(where("lastmodifieddate", "BETWEEN", value=changed, highValue=changed))[-1] == "Cyd"
        assert "Cyd" not in people.found(where("lastmodifieddate", "GT", value=changed))

    def test_search_lags_behind_writes_when_told_so(self, people: People) -> None:
        control(people.hubspot, "settings", search_lag=60)
        people.found()  # from here on changes are kept apart
        control(people.hubspot, "records", edit=[{"id": people.ids[0], "firstname": "Zoe"}], delete=[people.ids[1]])
        control(people.hubspot, "records", create=[{"firstname": "New", "company": "Searchers"}])
        group = [{"filters": [where("company", "EQ", value="searchers")]}]
        shown = people.post(filterGroups=group).json()
        assert [record["properties"]["firstname"] for record in shown["results"]] == ["Ann", "bob", "Cyd"]
        assert people.found(where("firstname", "EQ", value="Zoe")) == []
        control(people.hubspot, "clock", advance=61)
        shown = people.post(filterGroups=group).json()
        assert [record["properties"]["firstname"] for record in shown["results"]] == ["Zoe", "Cyd", "New"]

    def test_a_merge_is_searched_late_too(self, people: People) -> None:
        control(people.hubspot, "settings", search_lag=60)
        people.found()
        group = [{"filters": [where("company", "EQ", value="searchers")]}]
        before = [record["id"] for record in people.post(filterGroups=group).json()["results"]]
        [left] = control(people.hubspot, "records", merge=[people.ids[:2]])["merged"]
        assert [record["id"] for record in people.post(filterGroups=group).json()["results"]] == before
        control(people.hubspot, "clock", advance=61)
        after = [record["id"] for record in people.post(filterGroups=group).json()["results"]]
        assert set(after) == {str(left), *before} - {str(id) for id in people.ids[:2]}
