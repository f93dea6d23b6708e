"""Many records in one call of the Salesforce stand-in: collections, composite calls, bulk jobs."""

import csv
import io
from typing import Any

import pytest
import requests

from tests.standins.salesforce_org import SalesforceOrg, error
from tests.standins.serving import control


def records(count: int, kind: str = "Contact", **values: Any) -> list[dict[str, Any]]:
    return [{"attributes": {"type": kind}, "LastName": f"Many {number}", **values} for number in range(count)]


def send(org: SalesforceOrg, method: str, given: list[dict[str, Any]], path: str = "", **more: Any) -> Any:
    answer = org.call(method, f"/composite/sobjects{path}", json={"records": given, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestCollections:
    def test_each_record_has_a_verdict_in_its_place(self, org: SalesforceOrg) -> None:
        given = records(3)
        given[1]["Email"] = "nonsense"
        first, second, third = send(org, "POST", given)
        assert first.keys() == {"id", "success", "errors"}
        assert third["success"] is True
        assert second == {"success": False, "errors": [{
            "statusCode": "INVALID_EMAIL_ADDRESS", "message": "Email: invalid email address: nonsense", "fields": ["Email"],
        }]}  # fmt: skip
        assert org.read("Contact", third["id"])["LastName"] == "Many 2"

    def test_all_or_none(self, org: SalesforceOrg) -> None:
        before = org.query("SELECT COUNT() FROM Contact").json()["totalSize"]
        verdicts = send(org, "POST", [*records(2), {"attributes": {"type": "Contact"}}], allOrNone=True)
        codes = [each["errors"][0]["statusCode"] for each in verdicts]
        assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK"] * 2 + ["REQUIRED_FIELD_MISSING"]
        assert org.query("SELECT COUNT() FROM Contact").json()["totalSize"] == before

    def test_an_update_that_fails_together_changes_nothing(self, org: SalesforceOrg) -> None:
        ids = [each["id"] for each in send(org, "POST", records(2))]
        changes = [{"attributes": {"type": "Contact"}, "id": id, "LastName": "X"} for id in ids]
        changes[1]["LastName"] = ""
        send(org, "PATCH", changes, allOrNone=True)
        assert org.read("Contact", ids[0])["LastName"] == "Many 0"
        send(org, "PATCH", changes)
        assert org.read("Contact", ids[0])["LastName"] == "X"

    def test_updates_of_what_is_not_there_fail_alone(self, org: SalesforceOrg) -> None:
        id = org.create("Contact", LastName="L")
        gone = org.create("Contact", LastName="G")
        org.call("DELETE", f"/sobjects/Contact/{gone}")
        wanted = [id, id, gone, "003000000000000AAA", "x", None]
        verdicts = send(org, "PATCH", [{"attributes": {"type": "Contact"}, "id": w, "Title": "T"} for w in wanted])
        assert [each["errors"][0]["statusCode"] if each["errors"] else "" for each in verdicts] == [
            "", "DUPLICATE_VALUE", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "MISSING_ARGUMENT",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "given",
        [records(201), [{"LastName": "L"}], [{"attributes": {"type": "Nothing"}}], [],
         [each for _ in range(6) for each in (records(1)[0], {"attributes": {"type": "Account"}, "Name": "A"})]],
    )  # fmt: skip
    def test_a_call_that_is_no_good_is_refused_as_a_whole(
        self, org: SalesforceOrg, given: list[dict[str, Any]]
    ) -> None:
        before = org.query("SELECT COUNT() FROM Contact").json()["totalSize"]
        assert org.call("POST", "/composite/sobjects", json={"records": given}).status_code == 400
        assert org.query("SELECT COUNT() FROM Contact").json()["totalSize"] == before

    def test_no_json_is_refused(self, org: SalesforceOrg) -> None:
        assert error(org.call("POST", "/composite/sobjects", data="{")) == (400, "JSON_PARSER_ERROR")

    def test_kinds_may_be_mixed(self, org: SalesforceOrg) -> None:
        verdicts = send(org, "POST", [{"attributes": {"type": "Account"}, "Name": "A"}, *records(1)])
        assert [each["id"][:3] for each in verdicts] == ["001", "003"]

    def test_it_is_one_call_of_the_allocation(self, org: SalesforceOrg) -> None:
        used = org.control("quota")["used"]
        send(org, "POST", records(200))
        assert org.control("quota")["used"] == used + 1

    def test_upserts_say_what_they_did(self, org: SalesforceOrg) -> None:
        given = [{"attributes": {"type": "Account"}, "Name": "A", "ERP_Number__c": f"U{n}"} for n in (1, 1, 2)]
        verdicts = send(
            org, "PATCH", [*given, {"attributes": {"type": "Account"}, "Name": "B"}], "/Account/ERP_Number__c"
        )
        assert [each.get("created") for each in verdicts] == [True, False, True, None]
        assert verdicts[0]["id"] == verdicts[1]["id"]
        assert verdicts[3]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"

    def test_records_are_read_and_deleted_by_their_ids(self, org: SalesforceOrg) -> None:
        ids = [each["id"] for each in send(org, "POST", records(3))]
        gone = org.call("DELETE", "/composite/sobjects", params={"ids": f"{ids[0]},{ids[0]},003000000000000AAA"}).json()
        assert [each["success"] for each in gone] == [True, False, False]
        shown = org.call("POST", "/composite/sobjects/Contact", json={"ids": ids, "fields": ["LastName"]}).json()
        assert [each and each["LastName"] for each in shown] == [None, "Many 1", "Many 2"]
        same = org.call(
            "GET", "/composite/sobjects/Contact", params={"ids": ",".join(ids), "fields": "LastName"}
        ).json()
        assert same == shown

    def test_single_records_can_be_locked(self, org: SalesforceOrg) -> None:
        org.control("refuse", code="UNABLE_TO_LOCK_ROW", next=2, skip=1)
        verdicts = send(org, "POST", records(4))
        assert [each["success"] for each in verdicts] == [True, False, False, True]

    def test_an_answer_can_be_lost_after_the_effect(self, salesforce: dict[str, Any], org: SalesforceOrg) -> None:
        control(salesforce, "faults", fault="lost", match="POST .*composite", next=1)
        with pytest.raises(requests.ConnectionError):
            send(org, "POST", records(1, LastName="Lost"))
        assert len(org.found("SELECT Id FROM Contact WHERE LastName = 'Lost'")) == 1


class TestComposite:
    def test_a_call_can_use_what_another_answered(self, org: SalesforceOrg) -> None:
        asked = [
            {"method": "POST", "url": "/services/data/v62.0/sobjects/Account", "referenceId": "a", "body": {"Name": "A"}},
            {"method": "POST", "url": "/services/data/v62.0/sobjects/Contact", "referenceId": "c",
             "body": {"LastName": "L", "AccountId": "@{a.id}"}},
            {"method": "GET", "url": "/services/data/v62.0/query?q=SELECT+Name+FROM+Account+WHERE+Id='@{a.id}'",
             "referenceId": "q"},
        ]  # fmt: skip
        answer = org.call("POST", "/composite", json={"compositeRequest": asked}).json()["compositeResponse"]
        assert [each["httpStatusCode"] for each in answer] == [201, 201, 200]
        assert answer[2]["body"]["records"][0]["Name"] == "A"
        assert org.read("Contact", answer[1]["body"]["id"])["AccountId"] == answer[0]["body"]["id"]

    def test_all_or_none(self, org: SalesforceOrg) -> None:
        asked = [
            {"method": "POST", "url": "/services/data/v62.0/sobjects/Account", "referenceId": "a", "body": {"Name": "Undone"}},
            {"method": "POST", "url": "/services/data/v62.0/sobjects/Contact", "referenceId": "c", "body": {}},
        ]  # fmt: skip
        answer = org.call("POST", "/composite", json={"allOrNone": True, "compositeRequest": asked}).json()
        codes = [each["body"][0]["errorCode"] for each in answer["compositeResponse"]]
        assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
        assert org.found("SELECT Id FROM Account WHERE Name = 'Undone'") == []

    def test_it_has_an_end(self, org: SalesforceOrg) -> None:
        one = {"method": "GET", "url": "/services/data/v62.0/limits", "referenceId": "l"}
        query = {"method": "GET", "url": "/services/data/v62.0/query?q=SELECT+Id+FROM+Lead", "referenceId": "q"}
        for asked in ([one] * 26, [query] * 6):
            assert org.call("POST", "/composite", json={"compositeRequest": asked}).status_code == 400

    def test_a_batch_goes_on_unless_told(self, org: SalesforceOrg) -> None:
        asked = [{"method": "GET", "url": f"v62.0/sobjects/{name}/describe"} for name in ("Contact", "Nothing", "Lead")]
        answer = org.call("POST", "/composite/batch", json={"batchRequests": asked}).json()
        assert (answer["hasErrors"], [each["statusCode"] for each in answer["results"]]) == (True, [200, 404, 200])
        halted = org.call("POST", "/composite/batch", json={"batchRequests": asked, "haltOnError": True}).json()
        assert [each["statusCode"] for each in halted["results"]] == [200, 404, 412]

    def test_a_tree_grows_or_does_not(self, org: SalesforceOrg) -> None:
        child = {"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": "L"}
        tree = {"attributes": {"type": "Account", "referenceId": "a"}, "Name": "Tree", "Contacts": {"records": [child]}}
        made = org.call("POST", "/composite/tree/Account", json={"records": [tree]})
        assert made.status_code == 201
        ids = {each["referenceId"]: each["id"] for each in made.json()["results"]}
        assert org.read("Contact", ids["c"])["AccountId"] == ids["a"]
        del child["LastName"]
        assert org.call("POST", "/composite/tree/Account", json={"records": [tree]}).status_code == 400
        assert len(org.found("SELECT Id FROM Account WHERE Name = 'Tree'")) == 1


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


class TestBulk:
    def test_a_query_is_read_in_pages(self, org: SalesforceOrg) -> None:
        text = "SELECT Id, LastName, Account.Name FROM Contact ORDER BY Id"
        job = org.call("POST", "/jobs/query", json={"operation": "query", "query": text}).json()
        assert job["state"] == "UploadComplete"
        early = org.call("GET", f"/jobs/query/{job['id']}/results")
        assert early.status_code == 400
        states = [org.call("GET", f"/jobs/query/{job['id']}").json()["state"] for _ in range(2)]
        assert states == ["InProgress", "JobComplete"]
        found, locator = [], ""
        while locator != "null":
            params = {"maxRecords": 70, "locator": locator}
            answer = org.call("GET", f"/jobs/query/{job['id']}/results", params=params)
            locator = answer.headers["Sforce-Locator"]
            head, *rows = rows_of(answer.content.decode())
            assert answer.headers["Sforce-NumberOfRecords"] == str(len(rows))
            found += rows
        assert head == ["Id", "LastName", "Account.Name"]
        assert [row[0] for row in found] == [each["Id"] for each in org.found("SELECT Id FROM Contact ORDER BY Id")]

    @pytest.mark.parametrize(
        ("text", "code"),
        [("SELECT COUNT() FROM Contact", "API_ERROR"), ("SELECT Nope FROM Contact", "INVALID_FIELD"),
         ("SELECT", "MALFORMED_QUERY")],
    )  # fmt: skip
    def test_a_query_that_is_no_good_makes_no_job(self, org: SalesforceOrg, text: str, code: str) -> None:
        assert error(org.call("POST", "/jobs/query", json={"operation": "query", "query": text})) == (400, code)

    def test_rows_are_taken_one_by_one(self, org: SalesforceOrg) -> None:
        org.create("Account", Name="A", ERP_Number__c="B1", Site="Here", Phone="1")
        asked = {
            "object": "Account",
            "operation": "upsert",
            "externalIdFieldName": "ERP_Number__c",
            "contentType": "CSV",
        }
        job = org.call("POST", "/jobs/ingest", json=asked).json()
        assert job["state"] == "Open"
        data = "ERP_Number__c,Name,Site,Phone\nB1,B,#N/A,\nB2,C,,\nB3,,,\n"
        path = "/" + job["contentUrl"]
        assert org.call("PUT", path, data=data, headers={"Content-Type": "text/csv"}).status_code == 201
        assert org.call("PUT", path, data=data).status_code == 400
        org.call("PATCH", f"/jobs/ingest/{job['id']}", json={"state": "UploadComplete"})
        for _ in range(2):
            done = org.call("GET", f"/jobs/ingest/{job['id']}").json()
        assert (done["state"], done["numberRecordsProcessed"], done["numberRecordsFailed"]) == ("JobComplete", 3, 1)
        good = rows_of(org.call("GET", f"/jobs/ingest/{job['id']}/successfulResults").text)
        bad = rows_of(org.call("GET", f"/jobs/ingest/{job['id']}/failedResults").text)
        assert [row[1] for row in good] == ["sf__Created", "false", "true"]
        assert bad[1][1] == "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
        held = org.found("SELECT Name, Site, Phone FROM Account WHERE ERP_Number__c = 'B1'")
        assert held == [{"Name": "B", "Site": None, "Phone": "1"}]
