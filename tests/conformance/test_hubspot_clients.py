"""HubSpot's own Python packages against the stand-in: ``hubspot-api-client`` on classic paths, ``hubspot-sdk`` on dated
ones. What they can parse and classify, our connector meets in the same shape."""

from importlib import import_module
from typing import Any

import pytest
import requests

from tests.standins.serving import control

pytestmark = pytest.mark.timeout(60)


def _package(name: str, needs: str) -> Any:
    return pytest.importorskip(name, reason=f"{needs} is not installed (requirements/dev.in)")


@pytest.fixture
def classic(hubspot: dict[str, Any]) -> Any:
    package = _package("hubspot", "hubspot-api-client")
    return package.HubSpot(access_token=hubspot["token"], host=hubspot["api_url"], base_url=hubspot["api_url"])


@pytest.fixture
def dated(hubspot: dict[str, Any]) -> Any:
    package = _package("hubspot_sdk", "hubspot-sdk")
    return package.HubSpot(access_token=hubspot["token"], base_url=hubspot["api_url"], max_retries=0)


def _models(name: str) -> Any:
    return import_module(f"hubspot.{name}")


class TestApiClient:
    """hubspot-api-client, v3 and v4 paths."""

    def test_reads_all_pages_of_contacts(self, classic: Any, hubspot: dict[str, Any]) -> None:
        everybody = control(hubspot, "list", type="contacts")["results"]
        found = classic.crm.contacts.get_all(properties=["email", "mobilephone"])
        assert [record.id for record in found] == [record["id"] for record in everybody]
        assert all(set(record.properties) >= {"email", "mobilephone", "hs_object_id"} for record in found)

    def test_creates_reads_changes_and_archives_a_contact(self, classic: Any) -> None:
        models = _models("crm.contacts")
        api = classic.crm.contacts.basic_api
        made = api.create(models.SimplePublicObjectInputForCreate(properties={"email": "ada@made.example"}))
        changed = api.update(made.id, models.SimplePublicObjectInput(properties={"firstname": "Ada"}))
        assert changed.properties["firstname"] == "Ada"
        assert changed.updated_at >= made.updated_at
        read = api.get_by_id("ada@made.example", id_property="email", properties=["firstname", "lastname"])
        assert (read.id, read.properties["firstname"], read.properties["lastname"]) == (made.id, "Ada", None)
        api.archive(made.id)
        with pytest.raises(models.ApiException) as refused:
            api.get_by_id(made.id)
        assert refused.value.status == 404
        assert api.get_by_id(made.id, archived=True).archived is True

    def test_a_second_contact_with_the_address_is_a_conflict_that_names_the_first(self, classic: Any) -> None:
        models = _models("crm.contacts")
        given = models.SimplePublicObjectInputForCreate(properties={"email": "twice@made.example"})
        made = classic.crm.contacts.basic_api.create(given)
        with pytest.raises(models.ApiException) as refused:
            classic.crm.contacts.basic_api.create(given)
        assert refused.value.status == 409
        assert f"Existing ID: {made.id}" in refused.value.body

    def test_batch_create_is_partial_with_trace_ids(self, classic: Any) -> None:
        models = _models("crm.contacts")
        inputs = [
            {"objectWriteTraceId": "good", "properties": {"email": "g@made.example"}},
            {"objectWriteTraceId": "bad", "properties": {"email": "nonsense"}},
        ]
        answer = classic.crm.contacts.batch_api.create({"inputs": inputs})
        assert isinstance(answer, models.BatchResponseSimplePublicObjectWithErrors)
        assert answer.num_errors == 1
        assert answer.errors[0].context["objectWriteTraceId"] == ["bad"]
        assert [record.object_write_trace_id for record in answer.results] == ["good"]

    def test_batch_read_tells_missing_ids(self, classic: Any) -> None:
        answer = classic.crm.contacts.batch_api.read(
            {"inputs": [{"id": "901"}, {"id": "5"}], "properties": ["email"], "propertiesWithHistory": []}
        )
        assert [record.id for record in answer.results] == ["901"]
        assert answer.errors[0].context["ids"] == ["5"]

    def test_upsert_says_what_is_new(self, classic: Any) -> None:
        inputs = [{"id": "up@made.example", "idProperty": "email", "properties": {"firstname": "Up"}}]
        assert classic.crm.contacts.batch_api.upsert({"inputs": inputs}).results[0].new is True
        assert classic.crm.contacts.batch_api.upsert({"inputs": inputs}).results[0].new is False

    def test_searches(self, classic: Any) -> None:
        answer = classic.crm.contacts.search_api.do_search(
            {
                "filterGroups": [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}]}],
                "sorts": [{"propertyName": "lastmodifieddate", "direction": "DESCENDING"}],
                "limit": 5,
            }
        )
        assert answer.total > 5
        assert answer.paging.next.after == "5"
        assert [r.updated_at for r in answer.results] == sorted((r.updated_at for r in answer.results), reverse=True)

    def test_merges_into_a_new_record(self, classic: Any) -> None:
        pair = {"primaryObjectId": "901", "objectIdToMerge": "902"}
        made = classic.crm.contacts.basic_api.merge(pair)
        assert made.id not in ("901", "902")
        assert classic.crm.contacts.basic_api.get_by_id("902").id == made.id

    def test_properties_owners_and_pipelines(self, classic: Any) -> None:
        found = {each.name: each for each in classic.crm.properties.core_api.get_all("contacts").results}
        assert found["hs_object_id"].modification_metadata.read_only_value is True
        assert found["email"].has_unique_value is True
        assert {option.value for option in found["hs_lead_status"].options} >= {"NEW", "CONNECTED"}
        assert classic.crm.owners.owners_api.get_page().results[0].user_id
        assert classic.crm.owners.owners_api.get_page(archived=True).results[0].user_id is None
        assert classic.crm.pipelines.pipelines_api.get_all("deals").results[0].id == "default"

    def test_makes_a_unique_property_and_finds_by_it(self, classic: Any) -> None:
        classic.crm.properties.core_api.create(
            "contacts",
            {
                "name": "other_id",
                "label": "Other ID",
                "type": "string",
                "fieldType": "text",
                "groupName": "contactinformation",
                "hasUniqueValue": True,
            },
        )
        made = classic.crm.contacts.basic_api.create({"properties": {"lastname": "Keyed", "other_id": "k1"}})
        assert classic.crm.contacts.basic_api.get_by_id("k1", id_property="other_id").id == made.id

    def test_associations(self, classic: Any) -> None:
        company = classic.crm.companies.basic_api.create({"properties": {"name": "Made Ltd"}})
        api = classic.crm.associations.v4.basic_api
        api.create(
            "contacts", "901", "companies", company.id,
            [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}],
        )  # fmt: skip
        near = {str(each.to_object_id): each for each in api.get_page("contacts", "901", "companies").results}
        assert {each.type_id for each in near[company.id].association_types} == {1, 279}
        back = api.get_page("companies", company.id, "contacts").results
        assert {each.type_id for each in back[0].association_types} == {2, 280}
        primaries = [id for id, each in near.items() if 1 in {one.type_id for one in each.association_types}]
        assert primaries == [company.id]
        types = classic.crm.associations.v4.schema.definitions_api.get_all("contacts", "companies").results
        assert {each.type_id for each in types} == {1, 279}
        api.archive("contacts", "901", "companies", company.id)
        assert company.id not in {str(e.to_object_id) for e in api.get_page("contacts", "901", "companies").results}

    def test_associations_in_batches(self, classic: Any) -> None:
        api = classic.crm.associations.v4.batch_api
        firms = [classic.crm.companies.basic_api.create({"properties": {"name": name}}).id for name in "AB"]
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
        pairs = [{"from": {"id": "901"}, "to": {"id": firm}, "types": types} for firm in firms]
        made = api.create("contacts", "companies", {"inputs": pairs})
        assert {str(each.to_object_id) for each in made.results} == set(firms)
        read = api.get_page("contacts", "companies", {"inputs": [{"id": "901"}]}).results[0]
        labels = {str(each.to_object_id): {one.label for one in each.association_types} for each in read.to}
        assert [labels[firm] for firm in firms] == [{None}, {None, "Primary"}]
        api.archive_labels("contacts", "companies", {"inputs": pairs[1:]})
        api.archive("contacts", "companies", {"inputs": [{"from": {"id": "901"}, "to": [{"id": firms[0]}]}]})
        read = api.get_page("contacts", "companies", {"inputs": [{"id": "901"}]}).results[0]
        labels = {str(each.to_object_id): {one.label for one in each.association_types} for each in read.to}
        assert [labels.get(firm) for firm in firms] == [None, {None}]

    def test_a_list_brings_associations(self, classic: Any) -> None:
        page = classic.crm.deals.basic_api.get_page(limit=5, associations=["companies", "contacts"])
        assert all(deal.associations["companies"].results[0].id for deal in page.results)

    def test_a_lead_is_made_with_its_contact(self, classic: Any) -> None:
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}]
        given = {"properties": {"hs_lead_name": "L"}, "associations": [{"to": {"id": "901"}, "types": types}]}
        made = classic.crm.objects.leads.basic_api.create(given)
        read = classic.crm.objects.leads.basic_api.get_by_id(made.id, associations=["contacts"])
        assert read.associations["contacts"].results[0].id == "901"

    def test_makes_a_pipeline(self, classic: Any) -> None:
        stages = [{"label": "Due", "displayOrder": 0, "metadata": {"probability": "0.5"}}]
        given = {"label": "Renewals", "displayOrder": 1, "stages": stages}
        made = classic.crm.pipelines.pipelines_api.create("deals", given)
        found = {each.id: each for each in classic.crm.pipelines.pipelines_api.get_all("deals").results}
        assert found[made.id].stages[0].metadata == {"probability": "0.5"}
        options = {each.value for each in classic.crm.properties.core_api.get_by_name("deals", "dealstage").options}
        assert options >= {"closedwon", made.stages[0].id}

    @pytest.mark.parametrize("kind", ["calls", "emails", "meetings", "notes", "tasks", "leads"])
    def test_reads_objects_of_every_kind(self, classic: Any, kind: str) -> None:
        assert getattr(classic.crm.objects, kind).basic_api.get_page(limit=1).results

    def test_oauth_code_refresh_and_revocation(self, classic: Any, hubspot: dict[str, Any]) -> None:
        models = _models("oauth")
        app = {name: hubspot[name] for name in ("client_id", "client_secret")}
        redirect = "http://localhost/callback"
        asked = {
            "client_id": app["client_id"], "redirect_uri": redirect, "scope": "crm.objects.contacts.read",
            "decision": "allow", "portal": hubspot["portal_id"],
        }  # fmt: skip
        sent = requests.post(f"{hubspot['app_url']}/oauth/authorize", data=asked, allow_redirects=False, timeout=10)
        code = sent.headers["location"].partition("code=")[2]
        tokens = classic.oauth.tokens_api.create(
            grant_type="authorization_code", code=code, redirect_uri=redirect, **app
        )
        assert tokens.expires_in == 1800
        again = classic.oauth.tokens_api.create(grant_type="refresh_token", refresh_token=tokens.refresh_token, **app)
        assert classic.oauth.access_tokens_api.get(again.access_token).hub_id == hubspot["portal_id"]
        classic.oauth.refresh_tokens_api.archive(tokens.refresh_token)
        with pytest.raises(models.ApiException) as refused:
            classic.oauth.tokens_api.create(grant_type="refresh_token", refresh_token=tokens.refresh_token, **app)
        assert refused.value.status == 400
        assert "BAD_REFRESH_TOKEN" in refused.value.body

    def test_other_object_types_share_the_machinery(self, classic: Any) -> None:
        deal = classic.crm.deals.basic_api.create(
            {"properties": {"dealname": "Big", "pipeline": "default", "dealstage": "closedwon", "amount": "12.5"}}
        )
        assert classic.crm.deals.basic_api.get_by_id(deal.id).properties["amount"] == "12.5"
        note = classic.crm.objects.notes.basic_api.create(
            {"properties": {"hs_timestamp": "2026-05-01T08:30:00Z", "hs_note_body": "Hello"}}
        )
        assert note.properties["hs_timestamp"] == "2026-05-01T08:30:00.000Z"


class TestSdk:
    """hubspot-sdk, dated paths."""

    @pytest.mark.parametrize(
        "kind",
        ["companies", "deals", "tickets", "products", "invoices", "leads", "calls", "meetings", "notes", "tasks"],
    )
    def test_reads_objects_of_every_kind(self, dated: Any, hubspot: dict[str, Any], kind: str) -> None:
        found = list(getattr(dated.crm.objects, kind).list(limit=100))
        assert [record.id for record in found] == [row["id"] for row in control(hubspot, "list", type=kind)["results"]]

    def test_reads_all_pages_of_contacts(self, dated: Any, hubspot: dict[str, Any]) -> None:
        everybody = control(hubspot, "list", type="contacts")["results"]
        found = list(dated.crm.objects.contacts.list(limit=100, properties=["email"]))
        assert [record.id for record in found] == [record["id"] for record in everybody]

    def test_creates_changes_searches_and_deletes(self, dated: Any) -> None:
        contacts = dated.crm.objects.contacts
        made = contacts.create(properties={"email": "dated@made.example"}, associations=[])
        assert contacts.update(made.id, properties={"firstname": "Dee"}).properties["firstname"] == "Dee"
        group = {"filters": [{"propertyName": "email", "operator": "EQ", "value": "DATED@made.example"}]}
        answer = contacts.search(filter_groups=[group], limit=10, after="0", properties=[], sorts=[])
        assert [record.id for record in answer.results] == [made.id]
        contacts.delete(made.id)
        package = import_module("hubspot_sdk")
        with pytest.raises(package.NotFoundError):
            contacts.get(made.id)

    def test_classifies_errors_by_status(self, dated: Any, hubspot: dict[str, Any]) -> None:
        package = import_module("hubspot_sdk")
        with pytest.raises(package.BadRequestError):
            dated.crm.objects.contacts.create(properties={"email": "nonsense"}, associations=[])
        stranger = package.HubSpot(access_token="wrong", base_url=hubspot["api_url"], max_retries=0)
        with pytest.raises(package.AuthenticationError):
            stranger.crm.objects.contacts.list()
        control(hubspot, "settings", static_scopes="crm.objects.companies.read")
        with pytest.raises(package.PermissionDeniedError):
            dated.crm.objects.contacts.list()

    def test_batch_read_with_missing_ids(self, dated: Any) -> None:
        answer = dated.crm.objects.contacts.batch.get(
            inputs=[{"id": "901"}, {"id": "5"}], properties=["email"], properties_with_history=[]
        )
        assert [record.id for record in answer.results] == ["901"]
        assert answer.errors[0]["context"]["ids"] == ["5"]
