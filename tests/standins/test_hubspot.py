"""Records of the HubSpot stand-in: the quirks that a connector must live with."""

from typing import Any

import pytest
import requests

from tests.standins.serving import control

CONTACTS = "/crm/objects/2026-03/contacts"
Api = Any  # the fixture below: api(method, path, json=…) → requests.Response


@pytest.fixture
def api(hubspot: dict[str, Any]) -> Api:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {hubspot['token']}"

    def call(method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        return session.request(method, hubspot["api_url"] + path, json=body, timeout=10, **more)

    return call


def made(api: Api, **properties: Any) -> dict[str, Any]:
    answer = api("POST", CONTACTS, {"properties": properties})
    assert answer.status_code == 201, answer.text
    return answer.json()


def codes(answer: requests.Response) -> list[str]:
    """The codes inside a refused write."""
    assert answer.status_code == 400, answer.text
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert answer.json()["message"].startswith("Property values were not valid: [{")
    return [error["code"] for error in answer.json()["errors"]]


class TestReading:
    def test_both_path_families_and_all_names_reach_the_same_record(self, api: Api) -> None:
        paths = (
            "/crm/objects/2026-03/contacts",
            "/crm/v3/objects/contacts",
            "/crm/v3/objects/0-1",
            "/crm/v3/objects/contact",
        )
        assert {api("GET", f"{path}/901").json()["id"] for path in paths} == {"901"}

    def test_array_parameters_may_be_repeated_or_comma_separated(self, api: Api) -> None:
        repeated = api("GET", f"{CONTACTS}/901?properties=email&properties=phone").json()["properties"]
        joined = api("GET", f"{CONTACTS}/901?properties=email,phone").json()["properties"]
        assert repeated == joined
        assert set(joined) == {"email", "phone", "createdate", "lastmodifieddate", "hs_object_id"}

    def test_an_empty_property_is_null_and_an_unknown_one_is_left_out(self, api: Api) -> None:
        record = made(api, lastname="Blank")
        shown = api("GET", f"{CONTACTS}/{record['id']}?properties=fax,nonsense").json()["properties"]
        assert shown["fax"] is None
        assert "nonsense" not in shown

    def test_without_properties_the_default_ones_come_back(self, api: Api) -> None:
        shown = api("GET", f"{CONTACTS}/901").json()
        assert set(shown["properties"]) == {
            "createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname",
        }  # fmt: skip
        assert shown["updatedAt"] == shown["properties"]["lastmodifieddate"]

    def test_pages_hold_at_most_100_and_the_last_has_no_paging(self, api: Api) -> None:
        assert api("GET", f"{CONTACTS}?limit=101").status_code == 400
        assert api("GET", f"{CONTACTS}?limit=51&propertiesWithHistory=email").status_code == 400
        ids, after = [], ""
        while True:
            page = api("GET", f"{CONTACTS}?limit=100&after={after}").json()
            ids += [int(record["id"]) for record in page["results"]]
            if "paging" not in page:
                break
            after = page["paging"]["next"]["after"]
        assert ids == sorted(set(ids))
        assert len(str(ids[0])) < len(str(ids[-1])), "ids cross a power of ten: comparing them as text goes wrong"

    def test_history_tells_older_values(self, api: Api) -> None:
        record = made(api, firstname="Old")
        api("PATCH", f"{CONTACTS}/{record['id']}", {"properties": {"firstname": "New"}})
        shown = api("GET", f"{CONTACTS}/{record['id']}?propertiesWithHistory=firstname").json()
        assert [each["value"] for each in shown["propertiesWithHistory"]["firstname"]] == ["New", "Old"]


class TestValues:
    def test_values_are_strings_and_the_server_keeps_the_dates(self, api: Api) -> None:
        record = made(api, email="Grace@Made.Example", account_score=12.5, newsletter=True)
        assert record["properties"]["email"] == "grace@made.example"
        assert record["properties"]["account_score"] == "12.5"
        assert record["properties"]["newsletter"] == "true"
        assert record["properties"]["createdate"] == record["createdAt"] == record["updatedAt"]

    def test_an_empty_string_clears(self, api: Api) -> None:
        record = made(api, firstname="Here", email="c@made.example")
        answer = api("PATCH", f"{CONTACTS}/{record['id']}", {"properties": {"firstname": ""}}).json()
        assert answer["properties"]["firstname"] is None
        assert answer["updatedAt"] > record["updatedAt"]

    def test_writing_the_same_values_moves_no_date(self, api: Api) -> None:
        record = made(api, firstname="Same", email="same@made.example")
        answer = api("PATCH", f"{CONTACTS}/{record['id']}", {"properties": {"firstname": "Same"}}).json()
        assert answer["updatedAt"] == record["updatedAt"]

    @pytest.mark.parametrize(
        ("properties", "code"),
        [
            ({"nonsense": "x"}, "PROPERTY_DOESNT_EXIST"),
            ({"hs_object_id": "7"}, "READ_ONLY_VALUE"),
            ({"hs_email_domain": "x.example"}, "READ_ONLY_VALUE"),
            ({"email": "not an address"}, "INVALID_EMAIL"),
            ({"lifecyclestage": "Customer"}, "INVALID_OPTION"),
            ({"interests": "events;nonsense"}, "INVALID_OPTION"),
            ({"newsletter": "yes"}, "INVALID_OPTION"),
            ({"account_score": "1,000"}, "INVALID_LONG"),
            ({"first_met_on": "1790000000000"}, "INVALID_DATE"),
            ({"first_met_on": "01.05.2026"}, "INVALID_DATE"),
            ({"hubspot_owner_id": "9586504"}, "INVALID_OWNER_ID"),
        ],
    )
    def test_a_bad_value_is_refused_with_its_code(self, api: Api, properties: dict[str, str], code: str) -> None:
        assert codes(api("POST", CONTACTS, {"properties": {"lastname": "X", **properties}})) == [code]

    def test_all_bad_values_are_named_at_once(self, api: Api) -> None:
        answer = api("POST", CONTACTS, {"properties": {"email": "x", "nonsense": "y"}})
        assert codes(answer) == ["INVALID_EMAIL", "PROPERTY_DOESNT_EXIST"]

    @pytest.mark.parametrize("given", ["2026-05-01", "1777593600000", "2026-05-01T00:00:00Z"])
    def test_a_date_is_shown_as_a_day(self, api: Api, given: str) -> None:
        assert made(api, lastname="D", first_met_on=given)["properties"]["first_met_on"] == "2026-05-01"

    def test_a_leading_semicolon_appends_to_checkboxes(self, api: Api) -> None:
        record = made(api, lastname="C", interests="events")
        path = f"{CONTACTS}/{record['id']}"
        answer = api("PATCH", path, {"properties": {"interests": ";training"}})
        assert answer.json()["properties"]["interests"] == "events;training"
        answer = api("PATCH", path, {"properties": {"interests": "training"}})
        assert answer.json()["properties"]["interests"] == "training"

    def test_the_lifecycle_stage_only_moves_forward_unless_cleared_first(self, api: Api) -> None:
        path = f"{CONTACTS}/{made(api, lastname='L', lifecyclestage='customer')['id']}"

        def stage(value: str) -> str | None:
            return api("PATCH", path, {"properties": {"lifecyclestage": value}}).json()["properties"]["lifecyclestage"]

        assert stage("lead") == "customer"
        assert stage("evangelist") == "evangelist"
        assert stage("") is None
        assert stage("lead") == "lead"

    def test_something_that_names_the_contact_is_needed(self, api: Api) -> None:
        assert api("POST", CONTACTS, {"properties": {"city": "Oslo"}}).status_code == 400

    def test_a_deal_stage_must_belong_to_the_pipeline(self, api: Api) -> None:
        deal = {"dealname": "D", "pipeline": "default", "dealstage": "1"}
        assert "INVALID_OPTION" in codes(api("POST", "/crm/v3/objects/deals", {"properties": deal}))


class TestUniqueness:
    def test_the_address_of_another_contact_is_a_conflict(self, api: Api) -> None:
        first, second = made(api, email="one@made.example"), made(api, email="two@made.example")
        answer = api("PATCH", f"{CONTACTS}/{second['id']}", {"properties": {"email": "ONE@made.example"}})
        assert answer.status_code == 409
        assert answer.json()["message"].endswith(f"Existing ID: {first['id']}")

    def test_additional_addresses_count_too(self, api: Api) -> None:
        keep, lose = made(api, email="keep@made.example"), made(api, email="lose@made.example")
        pair = {"primaryObjectId": keep["id"], "objectIdToMerge": lose["id"]}
        merged = api("POST", f"{CONTACTS}/merge", pair).json()
        assert merged["properties"]["hs_additional_emails"] == "lose@made.example"
        again = api("POST", CONTACTS, {"properties": {"email": "lose@made.example"}})
        assert again.json()["message"].endswith(f"Existing ID: {merged['id']}")
        assert api("GET", f"{CONTACTS}/lose@made.example?idProperty=email").json()["id"] == merged["id"]

    def test_company_domains_are_not_unique(self, api: Api) -> None:
        body = {"properties": {"domain": "same.example"}}
        assert [api("POST", "/crm/v3/objects/companies", body).status_code for _ in range(2)] == [201, 201]

    def test_an_archived_contact_frees_its_address(self, api: Api) -> None:
        record = made(api, email="free@made.example")
        assert api("DELETE", f"{CONTACTS}/{record['id']}").status_code == 204
        assert made(api, email="free@made.example")["id"] != record["id"]


class TestBatches:
    def test_a_batch_holds_at_most_100(self, api: Api) -> None:
        for verb in ("read", "create", "update", "upsert", "archive"):
            body = {"inputs": [{"id": "901", "properties": {}}] * 101}
            assert api("POST", f"{CONTACTS}/batch/{verb}", body).status_code == 400, verb

    def test_one_bad_input_fails_a_create_without_trace_ids(self, api: Api, hubspot: dict[str, Any]) -> None:
        before = len(control(hubspot, "list")["results"])
        inputs = [{"properties": {"email": "fine@made.example"}}, {"properties": {"email": "bad"}}]
        assert api("POST", f"{CONTACTS}/batch/create", {"inputs": inputs}).status_code == 400
        assert len(control(hubspot, "list")["results"]) == before

    def test_two_inputs_with_one_address_clash(self, api: Api) -> None:
        inputs = [{"properties": {"email": "dup@made.example"}}] * 2
        assert api("POST", f"{CONTACTS}/batch/create", {"inputs": inputs}).status_code == 409

    def test_an_update_leaves_out_missing_records_and_says_so(self, api: Api) -> None:
        inputs = [{"id": "901", "properties": {"city": "Oslo"}}, {"id": "5", "properties": {"city": "Oslo"}}]
        answer = api("POST", f"{CONTACTS}/batch/update", {"inputs": inputs})
        assert answer.status_code == 207
        assert answer.json()["errors"][0]["context"]["ids"] == ["5"]
        assert answer.json()["results"][0]["properties"]["city"] == "Oslo"

    def test_upsert_by_address(self, api: Api) -> None:
        inputs = [{"id": "u@made.example", "idProperty": "email", "properties": {"firstname": "U"}}]
        first = api("POST", f"{CONTACTS}/batch/upsert", {"inputs": inputs}).json()["results"][0]
        assert (first["new"], first["properties"]["email"]) == (True, "u@made.example")
        inputs[0]["properties"] = {"firstname": "V"}
        second = api("POST", f"{CONTACTS}/batch/upsert", {"inputs": inputs}).json()["results"][0]
        assert (second["new"], second["id"], second["properties"]["firstname"]) == (False, first["id"], "V")

    def test_archive_passes_over_unknown_ids(self, api: Api) -> None:
        assert api("POST", f"{CONTACTS}/batch/archive", {"inputs": [{"id": "901"}, {"id": "5"}]}).status_code == 204
        assert api("GET", f"{CONTACTS}/901").status_code == 404


class TestEnds:
    def test_an_archived_record_shows_only_when_asked_for(self, api: Api, hubspot: dict[str, Any]) -> None:
        assert api("DELETE", f"{CONTACTS}/901").status_code == 204
        assert api("GET", f"{CONTACTS}/901").status_code == 404
        archived = api("GET", f"{CONTACTS}?archived=true").json()["results"]
        assert [(record["id"], record["archived"]) for record in archived] == [("901", True)]
        assert archived[0]["archivedAt"]
        body = {"filters": [{"propertyName": "hs_object_id", "operator": "EQ", "value": "901"}]}
        assert api("POST", f"{CONTACTS}/search", body).json()["total"] == 0
        control(hubspot, "records", restore=[901])
        assert api("GET", f"{CONTACTS}/901").json()["archived"] is False

    def test_merging_gives_a_new_id_that_all_old_ones_lead_to(self, api: Api) -> None:
        first = api("POST", f"{CONTACTS}/merge", {"primaryObjectId": "901", "objectIdToMerge": "902"}).json()
        second = api("POST", f"{CONTACTS}/merge", {"primaryObjectId": "903", "objectIdToMerge": first["id"]}).json()
        for old in ("901", "902", "903", first["id"]):
            assert api("GET", f"{CONTACTS}/{old}").json()["id"] == second["id"]
        merged = second["properties"]["hs_merged_object_ids"].split(";")
        assert set(merged) == {"901", "902", "903", first["id"]}

    def test_a_merge_can_keep_the_id_of_the_primary(self, api: Api, hubspot: dict[str, Any]) -> None:
        control(hubspot, "settings", merge_keeps_id=True)
        answer = api("POST", f"{CONTACTS}/merge", {"primaryObjectId": "901", "objectIdToMerge": "902"}).json()
        assert answer["id"] == api("GET", f"{CONTACTS}/902").json()["id"] == "901"

    def test_a_merged_contact_keeps_one_primary_company(self, api: Api) -> None:
        answer = api("POST", f"{CONTACTS}/merge", {"primaryObjectId": "904", "objectIdToMerge": "905"}).json()
        near = api("GET", f"{CONTACTS}/{answer['id']}/associations/companies").json()["results"]
        labels = [each["label"] for row in near for each in row["associationTypes"]]
        assert labels.count("Primary") == 1

    def test_erasing_leaves_nothing_and_blocks_the_address(self, api: Api) -> None:
        record = made(api, email="erase@made.example")
        body = {"objectId": "erase@made.example", "idProperty": "email"}
        assert api("POST", f"{CONTACTS}/gdpr-delete", body).status_code == 204
        assert api("GET", f"{CONTACTS}/{record['id']}?archived=true").status_code == 404
        assert api("POST", CONTACTS, {"properties": {"email": "erase@made.example"}}).status_code == 400


class TestAssociations:
    def test_two_numbers_name_one_pair_and_primary_moves(self, api: Api) -> None:
        made_companies = [
            api("POST", "/crm/v3/objects/companies", {"properties": {"name": name}}).json()["id"] for name in "AB"
        ]
        inputs = [
            {
                "from": {"id": "901"},
                "to": {"id": id},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}],
            }
            for id in made_companies
        ]
        answer = api("POST", "/crm/associations/2026-03/contacts/companies/batch/create", {"inputs": inputs})
        assert answer.status_code == 201
        rows = api("GET", f"{CONTACTS}/901/associations/companies").json()["results"]
        labels = {row["toObjectId"]: {each["typeId"] for each in row["associationTypes"]} for row in rows}
        assert labels[int(made_companies[0])] == {279}
        assert labels[int(made_companies[1])] == {1, 279}
        shown = api("GET", f"{CONTACTS}/901?properties=associatedcompanyid").json()["properties"]
        assert shown["associatedcompanyid"] == made_companies[1]

    def test_a_labelled_put_replaces_and_a_label_needs_a_pair(self, api: Api) -> None:
        label = {"name": "advisor", "label": "Advisor"}
        made_types = api("POST", "/crm/associations/2026-03/contacts/companies/labels", label).json()["results"]
        body = [{"associationCategory": "USER_DEFINED", "associationTypeId": made_types[0]["typeId"]}]
        company = api("GET", f"{CONTACTS}/901/associations/companies").json()["results"][0]["toObjectId"]
        answer = api("PUT", f"{CONTACTS}/901/associations/companies/{company}", body)
        assert (answer.status_code, answer.json()["labels"]) == (201, ["Advisor"])
        row = api("GET", f"{CONTACTS}/901/associations/companies").json()["results"][0]
        assert {each["label"] for each in row["associationTypes"]} == {None, "Advisor"}

    def test_v4_and_dated_archives_answer_differently(self, api: Api) -> None:
        body = {"inputs": [{"from": {"id": "901"}, "to": [{"id": "7001"}]}]}
        assert api("POST", "/crm/v4/associations/contacts/companies/batch/archive", body).status_code == 204
        assert api("POST", "/crm/associations/2026-03/contacts/companies/batch/archive", body).status_code == 200

    def test_batch_read_says_who_has_none(self, api: Api) -> None:
        lonely = made(api, lastname="Lonely")["id"]
        body = {"inputs": [{"id": "901"}, {"id": lonely}]}
        answer = api("POST", "/crm/v4/associations/contacts/companies/batch/read", body)
        assert answer.status_code == 207
        assert [row["from"]["id"] for row in answer.json()["results"]] == ["901"]
        assert answer.json()["errors"][0]["context"]["fromObjectId"] == [lonely]


class TestAccountRules:
    """What administrators set, and 2026-09 applies to API writes."""

    def test_a_required_property_and_a_longest_value(self, api: Api, hubspot: dict[str, Any]) -> None:
        control(hubspot, "settings", rules={"contacts": {"required": ["company"], "max_length": {"city": 4}}})
        assert codes(api("POST", CONTACTS, {"properties": {"lastname": "R"}})) == ["REQUIRED_PROPERTY"]
        assert codes(api("PATCH", f"{CONTACTS}/901", {"properties": {"city": "London"}})) == ["MAX_LENGTH"]
        assert api("PATCH", f"{CONTACTS}/901", {"properties": {"city": "Oslo"}}).status_code == 200
        shown = api("GET", "/crm/property-validations/2026-03/0-1").json()["results"]
        assert shown[0]["propertyName"] == "city"


class TestSchema:
    GIVEN = {"name": "made_here", "label": "Made", "type": "enumeration", "fieldType": "select",
             "groupName": "contactinformation", "options": [{"label": "A", "value": "a"}]}  # fmt: skip
    PATH = "/crm/properties/2026-03/contacts"

    def test_a_property_can_be_made_once_changed_and_archived(self, api: Api) -> None:
        assert api("POST", self.PATH, self.GIVEN).status_code == 201
        assert api("POST", self.PATH, self.GIVEN).status_code == 409
        options = [{"label": "B", "value": "b"}]
        changed = api("PATCH", f"{self.PATH}/made_here", {"options": options}).json()
        assert [option["value"] for option in changed["options"]] == ["b"]
        assert codes(api("POST", CONTACTS, {"properties": {"lastname": "X", "made_here": "a"}})) == ["INVALID_OPTION"]
        assert api("DELETE", f"{self.PATH}/made_here").status_code == 204
        assert api("GET", f"{self.PATH}/made_here").status_code == 404
        assert codes(api("POST", CONTACTS, {"properties": {"lastname": "X", "made_here": "b"}})) == [
            "PROPERTY_DOESNT_EXIST"
        ]

    @pytest.mark.parametrize(
        "wrong", [{"name": "Upper Case"}, {"fieldType": "date"}, {"groupName": "nowhere"}, {"label": ""}]
    )
    def test_a_property_that_makes_no_sense_is_refused(self, api: Api, wrong: dict[str, Any]) -> None:
        assert api("POST", self.PATH, {**self.GIVEN, **wrong}).status_code == 400

    def test_what_cannot_be_written_says_so(self, api: Api) -> None:
        found = {each["name"]: each for each in api("GET", self.PATH).json()["results"]}
        fixed = {name for name, each in found.items() if each["modificationMetadata"]["readOnlyValue"]}
        assert {"hs_object_id", "createdate", "lastmodifieddate", "hs_email_domain"} <= fixed
        assert not {"email", "firstname", "lifecyclestage", "newsletter"} & fixed
        assert found["hubspot_owner_id"]["referencedObjectType"] == "OWNER"

    def test_unknown_versions_and_object_types(self, api: Api) -> None:
        assert api("GET", "/crm/objects/2026-09/contacts/901").status_code == 200
        assert api("GET", "/crm/objects/2026-04/contacts/901").status_code == 404
        assert api("GET", "/crm/objects/2026-03/unicorns").status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CONTACTS, [1]),
        (CONTACTS, {"properties": "x"}),
        (CONTACTS, {"properties": {"email": {"a": 1}}}),
        (CONTACTS, {"properties": {"lastname": "x"}, "associations": [{"to": 1}]}),
        (f"{CONTACTS}/search", {"filterGroups": ["x"]}),
        (f"{CONTACTS}/search", {"filterGroups": [{"filters": ["x"]}]}),
        (f"{CONTACTS}/batch/read", {"inputs": "x"}),
        (f"{CONTACTS}/batch/update", {"inputs": [1]}),
        (f"{CONTACTS}/batch/upsert", {"inputs": []}),
        ("/crm/v4/associations/contacts/companies/batch/create", {"inputs": [{"from": 1}]}),
    ],
)
def test_a_body_of_the_wrong_shape_is_a_bad_request(api: Api, path: str, body: Any) -> None:
    answer = api("POST", path, body)
    assert answer.status_code in (400, 207), answer.text
