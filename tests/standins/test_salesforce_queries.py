"""SOQL on the Salesforce stand-in, pages, describe, and what changed in a span of time."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.standins.salesforce_org import SalesforceOrg, error
from tests.standins.serving import control


@pytest.fixture
def few(org: SalesforceOrg) -> SalesforceOrg:
    """Four contacts of two accounts, and nobody else."""
    org.control("fill", records=0)
    acme = org.create("Account", Name="Acme")
    for last, score, account in (("Alder", 3, acme), ("birch", 10, acme), ("Cedar", None, None), ("O'Neil", 1.5, None)):
        values = {"LastName": last, "AccountId": account, "Email": f"{last.strip(chr(39))[0]}@made.example".lower()}
        org.create("Contact", **values, **({"Score__c": score} if score is not None else {}))
    return org


def names(org: SalesforceOrg, rest: str, which: str = "query") -> list[str]:
    return [each["LastName"] for each in org.found(f"SELECT LastName FROM Contact {rest}", which)]


class TestConditions:
    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            ("LastName = 'alder'", ["Alder"]),
            ("LastName != 'Alder'", ["birch", "Cedar", "O'Neil"]),
            ("LastName <> 'Alder' AND LastName < 'd'", ["birch", "Cedar"]),
            ("LastName LIKE 'c_d%'", ["Cedar"]),
            (r"LastName = 'O\'Neil'", ["O'Neil"]),
            ("LastName IN ('Alder', 'CEDAR')", ["Alder", "Cedar"]),
            ("LastName NOT IN ('Alder', 'CEDAR')", ["birch", "O'Neil"]),
            ("Score__c > 1.5", ["Alder", "birch"]),
            ("Score__c <= 3", ["Alder", "O'Neil"]),
            ("Score__c != 3", ["birch", "Cedar", "O'Neil"]),
            ("Score__c = null", ["Cedar"]),
            ("Score__c != null AND (LastName = 'birch' OR LastName = 'Alder')", ["Alder", "birch"]),
            ("NOT LastName LIKE '%e%'", ["birch"]),
            ("(NOT Account.Name = 'Acme')", ["Cedar", "O'Neil"]),
            ("Account.Name = 'ACME' AND Owner.Email LIKE 'syncline%'", ["Alder", "birch"]),
            ("AccountId IN (SELECT Id FROM Account WHERE Name = 'Acme')", ["Alder", "birch"]),
            ("DoNotCall = false AND IsDeleted = FALSE AND LastName > 'c'", ["Cedar", "O'Neil"]),
            ("CreatedDate = TODAY AND CreatedDate > 2020-01-01T00:00:00+02:00", ["Alder", "birch", "Cedar", "O'Neil"]),
            ("CreatedDate = YESTERDAY OR CreatedDate < LAST_N_DAYS:3", []),
        ],
    )  # fmt: skip
    def test_they_find_what_fits(self, few: SalesforceOrg, condition: str, expected: list[str]) -> None:
        assert names(few, f"WHERE {condition} ORDER BY LastName") == expected

    @pytest.mark.parametrize(
        "condition",
        [
            "Email = 'a@made.example' OR Score__c > 3",
            "Email IN ('a@made.example', 'b@made.example') AND LastName = 'birch'",
            "SystemModstamp >= {late} OR LastName = 'Alder'",
            "SystemModstamp >= {late} OR SystemModstamp = {early}",
            "SystemModstamp >= {late} AND SystemModstamp > {early}",
            "(SystemModstamp > {early} OR (SystemModstamp = {early} AND Id > '003000000000000AAA')) AND Score__c != null",
            "Id IN (SELECT Id FROM Contact WHERE LastName = 'Alder') OR AccountId = null",
        ],
    )
    def test_an_index_finds_what_a_look_at_all_rows_finds(self, few: SalesforceOrg, condition: str) -> None:
        few.control("clock", advance=5)
        few.create("Contact", LastName="Late", Email="late@made.example", Score__c=1)
        stamps = sorted(
            each["SystemModstamp"].replace("+0000", "Z") for each in few.found("SELECT SystemModstamp FROM Contact")
        )
        asked = condition.format(early=stamps[0], late=stamps[-1])
        found = names(few, f"WHERE {asked} ORDER BY LastName")
        assert found == names(few, f"WHERE (NOT (NOT ({asked}))) ORDER BY LastName")
        assert found

    def test_choices_are_included_or_not(self, few: SalesforceOrg) -> None:
        few.create("Contact", LastName="Elm", Topics__c="Events;Training")
        assert names(few, "WHERE Topics__c INCLUDES ('Events;Training', 'Offers')") == ["Elm"]
        assert names(few, "WHERE Topics__c EXCLUDES ('Events') LIMIT 2") == ["Alder", "birch"]

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("SELECT Id FROM Contact WHERE", "MALFORMED_QUERY"),
            ("SELECT Id FROM Contact WHERE LastName = 'a' AND LastName = 'b' OR LastName = 'c'", "MALFORMED_QUERY"),
            ("SELECT Id FROM Contact WHERE LastName = 'a", "MALFORMED_QUERY"),
            ("SELECT Id FROM Contact WHERE CreatedDate > 2024-01-01T00:00:00 02:00", "MALFORMED_QUERY"),
            ("SELECT Id, Nope FROM Contact", "INVALID_FIELD"),
            ("SELECT Id FROM Contact WHERE Nope__c = 1", "INVALID_FIELD"),
            ("SELECT Id FROM Contact ORDER BY Nope", "INVALID_FIELD"),
            ("SELECT Nobody.Name FROM Contact", "INVALID_FIELD"),
            ("SELECT Id, Id FROM Contact", "INVALID_FIELD"),
            ("SELECT Id FROM Contact WHERE Score__c = '3'", "INVALID_FIELD"),
            ("SELECT Id FROM Contact WHERE LastName = 3", "INVALID_FIELD"),
            ("SELECT Id FROM Contact WHERE CreatedDate > 2024-01-01", "INVALID_FIELD"),
            ("SELECT Id FROM Contact WHERE Description = 'x'", "INVALID_FIELD"),
            ("SELECT Id FROM Contact WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
            ("SELECT Id FROM Nothing", "INVALID_TYPE"),
            ("SELECT Id FROM Contact LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
            ("SELECT FIELDS(ALL) FROM Contact", "MALFORMED_QUERY"),
            ("SELECT Id FROM Contact GROUP BY Id", "MALFORMED_QUERY"),
            ("", "MALFORMED_QUERY"),
        ],
    )  # fmt: skip
    def test_what_it_does_not_understand_is_refused(self, few: SalesforceOrg, text: str, code: str) -> None:
        assert error(few.query(text)) == (400, code)

    def test_too_long_is_refused(self, few: SalesforceOrg) -> None:
        assert few.query(f"SELECT Id FROM Contact WHERE LastName = '{'x' * 17_000}'").status_code == 414


class TestAnswers:
    def test_parents_and_children_come_along(self, few: SalesforceOrg) -> None:
        alder = few.query(
            "SELECT LastName, Account.Name, Account.Owner.Name FROM Contact WHERE LastName = 'Alder'"
        ).json()
        assert alder["records"][0]["Account"]["Owner"]["Name"] == "Syncline Integration"
        assert alder["records"][0]["Account"]["attributes"]["type"] == "Account"
        assert few.found("SELECT Account.Name FROM Contact WHERE LastName = 'Cedar'") == [{"Account": None}]
        account = few.query("SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName DESC) FROM Account").json()
        children = account["records"][0]["Contacts"]
        assert (children["totalSize"], children["done"]) == (2, True)
        assert [each["LastName"] for each in children["records"]] == ["birch", "Alder"]

    def test_a_lookup_to_several_objects_shows_what_they_share(self, few: SalesforceOrg) -> None:
        contact = few.found("SELECT Id FROM Contact WHERE LastName = 'Alder'")[0]["Id"]
        few.create("Task", Subject="S", WhoId=contact)
        found = few.found("SELECT Who.Type, Who.Name, Owner.Email FROM Task")[0]
        assert (found["Who"]["Type"], found["Who"]["Name"]) == ("Contact", "Alder")
        assert found["Owner"]["Email"] == "syncline.integration@syncline.example"
        assert error(few.query("SELECT Who.AccountId FROM Task")) == (400, "INVALID_FIELD")

    def test_it_counts(self, few: SalesforceOrg) -> None:
        assert few.query("SELECT COUNT() FROM Contact").json() == {"totalSize": 4, "done": True, "records": []}
        counted = few.found("SELECT COUNT(Score__c), MAX(Score__c) most FROM Contact")
        assert counted == [{"expr0": 3, "most": 10.0}]

    def test_blank_comes_first_unless_told(self, few: SalesforceOrg) -> None:
        assert names(few, "ORDER BY Score__c") == ["Cedar", "O'Neil", "Alder", "birch"]
        assert names(few, "ORDER BY Score__c DESC NULLS LAST LIMIT 2 OFFSET 1") == ["Alder", "O'Neil"]

    def test_all_fields_can_be_asked_for(self, few: SalesforceOrg) -> None:
        found = few.found("SELECT FIELDS(CUSTOM) FROM Contact LIMIT 1")[0]
        assert "Score__c" in found
        assert "LastName" not in found


class TestPages:
    def test_pages_follow_each_other(self, org: SalesforceOrg) -> None:
        org.control("fill", records=600)
        first = org.query("SELECT Id FROM Contact", headers={"Sforce-Query-Options": "batchSize=200"}).json()
        assert (len(first["records"]), first["done"]) == (200, False)
        ids, page = [], first
        while True:
            ids += [each["Id"] for each in page["records"]]
            if page["done"]:
                break
            page = org.call("GET", page["nextRecordsUrl"]).json()
        assert "nextRecordsUrl" not in page
        assert len(set(ids)) == len(ids) == first["totalSize"]

    def test_a_page_can_be_smaller_than_asked_for(self, salesforce: dict[str, Any], org: SalesforceOrg) -> None:
        control(salesforce, "settings", query_page=50)
        page = org.query("SELECT Id FROM Contact").json()
        assert (len(page["records"]), page["done"]) == (50, False)
        assert len(org.call("GET", page["nextRecordsUrl"]).json()["records"]) == 50

    def test_a_locator_does_not_live_for_ever(self, salesforce: dict[str, Any], org: SalesforceOrg) -> None:
        control(salesforce, "settings", query_page=50, session_seconds=10**7)
        where = org.query("SELECT Id FROM Contact").json()["nextRecordsUrl"]
        org.control("clock", advance=2 * 86_400 + 1)
        assert error(org.call("GET", where)) == (400, "INVALID_QUERY_LOCATOR")

    def test_changes_are_read_from_where_one_stopped(self, org: SalesforceOrg) -> None:
        """Stamps have whole seconds: many rows share one, and the id says which comes first."""
        everybody = org.found("SELECT Id, SystemModstamp FROM Contact ORDER BY SystemModstamp, Id")
        seen: list[dict[str, Any]] = []
        while True:
            where = ""
            if seen:
                at, id = seen[-1]["SystemModstamp"].replace("+0000", "Z"), seen[-1]["Id"]
                where = f"WHERE SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > '{id}')"
            page = org.found(f"SELECT Id, SystemModstamp FROM Contact {where} ORDER BY SystemModstamp, Id LIMIT 40")
            if not page:
                break
            seen += page
        assert seen == everybody


class TestLateAndOld:
    def test_a_long_transaction_shows_late_what_it_stamped_early(self, few: SalesforceOrg) -> None:
        seen = few.found("SELECT SystemModstamp FROM Contact ORDER BY SystemModstamp DESC LIMIT 1")[0]["SystemModstamp"]
        few.by_hand("Contact", create=[{"LastName": "Late"}], behind=120)
        assert names(few, f"WHERE SystemModstamp >= {seen.replace('+0000', 'Z')} AND LastName = 'Late'") == []
        assert names(few, "WHERE SystemModstamp = LAST_N_DAYS:1 AND LastName = 'Late'") == ["Late"]

    def test_old_activities_are_archived(self, few: SalesforceOrg) -> None:
        id = few.create("Task", Subject="Old")
        few.by_hand("Task", archive=[id])
        assert few.found("SELECT Id FROM Task") == []
        assert few.found("SELECT Id FROM Task WHERE IsArchived = true", "queryAll") == [{"Id": id}]


class TestDeleted:
    def test_they_are_in_query_all_until_the_bin_is_emptied(self, few: SalesforceOrg) -> None:
        id = few.found("SELECT Id FROM Contact WHERE LastName = 'Cedar'")[0]["Id"]
        few.call("DELETE", f"/sobjects/Contact/{id}")
        assert names(few, "ORDER BY LastName") == ["Alder", "birch", "O'Neil"]
        assert names(few, "WHERE IsDeleted = true", "queryAll") == ["Cedar"]
        few.control("empty_bin")
        assert names(few, "WHERE IsDeleted = true", "queryAll") == []

    def test_spans_name_them(self, few: SalesforceOrg) -> None:
        rows = few.found("SELECT Id, LastName FROM Contact ORDER BY LastName")
        few.call("DELETE", f"/sobjects/Contact/{rows[2]['Id']}")
        now = datetime.now(UTC)
        span = {"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(minutes=2)).isoformat()}
        gone = few.call("GET", "/sobjects/Contact/deleted/", params=span).json()
        assert [each["id"] for each in gone["deletedRecords"]] == [rows[2]["Id"]]
        assert gone["latestDateCovered"] <= now.strftime("%Y-%m-%dT%H:%M:59")
        changed = few.call("GET", "/sobjects/Contact/updated/", params=span).json()
        assert set(changed["ids"]) == {rows[0]["Id"], rows[1]["Id"], rows[3]["Id"]}
        past = {"start": span["start"], "end": (now - timedelta(minutes=2)).isoformat()}
        assert few.call("GET", "/sobjects/Contact/updated/", params=past).json()["ids"] == []
        assert few.call("GET", "/sobjects/Contact/deleted/", params=past).json()["deletedRecords"] == []

    @pytest.mark.parametrize(("which", "days"), [("updated", 31), ("deleted", 16)])
    def test_spans_do_not_reach_back_for_ever(self, few: SalesforceOrg, which: str, days: int) -> None:
        now = datetime.now(UTC)
        span = {"start": (now - timedelta(days=days)).isoformat(), "end": now.isoformat()}
        assert error(few.call("GET", f"/sobjects/Contact/{which}", params=span)) == (400, "INVALID_REPLICATION_DATE")
        backwards = {"start": now.isoformat(), "end": (now - timedelta(days=1)).isoformat()}
        assert error(few.call("GET", f"/sobjects/Contact/{which}", params=backwards)) == (
            400,
            "INVALID_REPLICATION_DATE",
        )


class TestDescribe:
    @pytest.fixture
    def fields(self, org: SalesforceOrg) -> dict[str, Any]:
        return {each["name"]: each for each in org.call("GET", "/sobjects/Contact/describe").json()["fields"]}

    def test_all_objects_are_listed(self, org: SalesforceOrg) -> None:
        found = org.call("GET", "/sobjects/").json()
        about = {each["name"]: each for each in found["sobjects"]}
        assert found["maxBatchSize"] == 200
        assert about["Contact"]["keyPrefix"] == "003"
        assert about["Contact"]["urls"]["describe"] == "/services/data/v62.0/sobjects/Contact/describe"
        assert about["OpportunityStage"]["createable"] is False

    def test_it_says_what_may_be_written(self, fields: dict[str, Any]) -> None:
        required = [
            n for n, f in fields.items() if f["createable"] and not f["nillable"] and not f["defaultedOnCreate"]
        ]
        assert required == ["LastName"]
        assert not fields["Name"]["createable"]
        assert not fields["Address_Line__c"]["updateable"]
        assert fields["Address_Line__c"]["calculated"]
        assert fields["Customer_Number__c"]["externalId"]
        assert fields["Email"]["idLookup"]
        assert (fields["LastName"]["length"], fields["MailingCity"]["compoundFieldName"]) == (80, "MailingAddress")
        assert fields["OwnerId"]["referenceTo"] == ["User"]
        assert fields["AccountId"]["relationshipName"] == "Account"
        assert (fields["Score__c"]["precision"], fields["Score__c"]["scale"]) == (5, 1)

    def test_choices_have_values(self, fields: dict[str, Any]) -> None:
        level = fields["Level__c"]
        assert level["restrictedPicklist"] is True
        assert [each["value"] for each in level["picklistValues"]] == ["Bronze", "Silver", "Gold"]

    def test_choices_can_depend_on_others(self, org: SalesforceOrg) -> None:
        fields = {each["name"]: each for each in org.call("GET", "/sobjects/Account/describe").json()["fields"]}
        segment = fields["Segment__c"]
        regions = [each["value"] for each in fields[segment["controllerName"]]["picklistValues"]]
        bits = {each["value"]: base64.b64decode(each["validFor"])[0] for each in segment["picklistValues"]}
        allowed = {v: [r for place, r in enumerate(regions) if b & (0x80 >> place)] for v, b in bits.items()}
        assert allowed == {"Public Sector": ["EMEA"], "Mid-Market": regions, "Enterprise": ["APAC", "Americas"]}

    def test_record_types_are_named(self, org: SalesforceOrg) -> None:
        found = org.call("GET", "/sobjects/Opportunity/describe").json()["recordTypeInfos"]
        assert [(each["name"], each["defaultRecordTypeMapping"]) for each in found] == [
            ("New Business", True), ("Renewal", False), ("Master", False),
        ]  # fmt: skip

    def test_an_unchanged_one_is_not_sent_again(self, org: SalesforceOrg) -> None:
        seen = org.call("GET", "/sobjects/Contact/describe").headers["Last-Modified"]
        header = {"If-Modified-Since": seen}
        assert org.call("GET", "/sobjects/Contact/describe", headers=header).status_code == 304
        org.control("clock", advance=5)
        org.control("fields", type="Contact", lines=["Shoe_Size__c|double|Shoe size|num=3.1"])
        again = org.call("GET", "/sobjects/Contact/describe", headers=header)
        assert again.status_code == 200
        id = org.create("Contact", LastName="L", Shoe_Size__c=42.55)
        assert org.read("Contact", id)["Shoe_Size__c"] == pytest.approx(42.5, abs=0.1)
