"""Records of the Salesforce stand-in, one by one: what it takes, what it refuses and with which words."""

from typing import Any

import pytest

from tests.standins.salesforce_org import SalesforceOrg, error, refused
from tests.standins.serving import control


class TestRows:
    def test_a_record_is_created_read_changed_and_deleted(self, org: SalesforceOrg) -> None:
        id = org.create("Contact", LastName="Lovelace", FirstName="Ada", Email="ada@made.example")
        assert len(id) == 18
        assert id.startswith("003")
        held = org.read("Contact", id[:15])
        assert (held["Id"], held["Name"], held["Email"]) == (id, "Ada Lovelace", "ada@made.example")
        assert held["attributes"] == {"type": "Contact", "url": f"/services/data/v62.0/sobjects/Contact/{id}"}
        assert org.update("Contact", id, FirstName=None, Title=" Countess ").status_code == 204
        changed = org.read("Contact", id)
        assert (changed["Name"], changed["FirstName"], changed["Title"]) == ("Lovelace", None, "Countess")
        assert org.call("DELETE", f"/sobjects/Contact/{id}").status_code == 204
        assert error(org.call("GET", f"/sobjects/Contact/{id}")) == (404, "ENTITY_IS_DELETED")

    def test_only_the_fields_asked_for_are_shown(self, org: SalesforceOrg) -> None:
        id = org.create("Account", Name="Acme", BillingCity="Bangkok", BillingCountry="Thailand")
        answer = org.call("GET", f"/sobjects/Account/{id}", params={"fields": "Name,BillingAddress"}).json()
        assert answer.keys() == {"attributes", "Name", "BillingAddress"}
        assert answer["BillingAddress"]["city"] == "Bangkok"
        assert answer["BillingAddress"]["street"] is None
        assert error(org.call("GET", f"/sobjects/Account/{id}", params={"fields": "Nope"})) == (400, "INVALID_FIELD")

    def test_times_have_whole_seconds_and_no_colon_in_the_offset(self, org: SalesforceOrg) -> None:
        held = org.read(
            "Contact", org.create("Contact", LastName="L", EmailBouncedDate="2024-05-01T14:34:56.789+02:00")
        )
        assert held["EmailBouncedDate"] == "2024-05-01T12:34:56.000+0000"
        assert held["SystemModstamp"].endswith(".000+0000")

    def test_a_change_moves_the_stamps(self, org: SalesforceOrg) -> None:
        id = org.create("Contact", LastName="L")
        before = org.read("Contact", id)
        org.control("clock", advance=5)
        org.update("Contact", id, LastName="M")
        after = org.read("Contact", id)
        assert after["SystemModstamp"] > before["SystemModstamp"]
        assert after["LastModifiedDate"] == after["SystemModstamp"]
        assert after["CreatedDate"] == before["CreatedDate"]

    def test_who_wrote_last_is_named(self, org: SalesforceOrg) -> None:
        id = org.create("Contact", LastName="L")
        assert org.read("Contact", id)["LastModifiedById"] == org.about["organisations"][0]["user"]
        org.by_hand("Contact", edit=[{"Id": id, "LastName": "M"}])
        assert org.read("Contact", id)["LastModifiedById"] != org.about["organisations"][0]["user"]

    def test_a_write_can_ask_that_nothing_changed_since(self, org: SalesforceOrg) -> None:
        id = org.create("Contact", LastName="L")
        seen = org.call("GET", f"/sobjects/Contact/{id}").headers["Last-Modified"]
        org.control("clock", advance=5)
        org.update("Contact", id, LastName="M")
        late = org.call(
            "PATCH", f"/sobjects/Contact/{id}", json={"LastName": "N"}, headers={"If-Unmodified-Since": seen}
        )
        assert late.status_code == 412
        again = org.call("GET", f"/sobjects/Contact/{id}", headers={"If-Modified-Since": seen})
        assert again.status_code == 200
        seen = again.headers["Last-Modified"]
        assert org.call("GET", f"/sobjects/Contact/{id}", headers={"If-Modified-Since": seen}).status_code == 304

    @pytest.mark.parametrize("path", ["Contact/003000000000000AAA", "Nothing", "Contact/x"])
    def test_what_is_not_there_is_not_found(self, org: SalesforceOrg, path: str) -> None:
        assert error(org.call("GET", f"/sobjects/{path}")) == (404, "NOT_FOUND")

    def test_setup_cannot_be_made_as_records(self, org: SalesforceOrg) -> None:
        assert refused(org, "OpportunityStage", ApiName="Mine")[0] == "INVALID_TYPE_FOR_OPERATION"


class TestValues:
    @pytest.mark.parametrize(
        ("values", "code", "fields"),
        [
            ({}, "REQUIRED_FIELD_MISSING", ["LastName"]),
            ({"LastName": " "}, "REQUIRED_FIELD_MISSING", ["LastName"]),
            ({"LastName": "L", "Nope": 1}, "INVALID_FIELD", []),
            ({"LastName": "L", "Name": "N", "CreatedDate": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name", "CreatedDate"]),
            ({"LastName": "L", "MailingAddress": {}}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["MailingAddress"]),
            ({"LastName": "L" * 81}, "STRING_TOO_LONG", ["LastName"]),
            ({"LastName": "L", "Email": "nonsense"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
            ({"LastName": "L", "Level__c": "Tin"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Level__c"]),
            ({"LastName": "L", "Topics__c": "Events;Tin"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Topics__c"]),
            ({"LastName": "L", "Score__c": 10_000}, "NUMBER_OUTSIDE_VALID_RANGE", ["Score__c"]),
            ({"LastName": "L", "Score__c": "many"}, "JSON_PARSER_ERROR", []),
            ({"LastName": "L", "Birthdate": "1.2.1999"}, "JSON_PARSER_ERROR", []),
            ({"LastName": "L", "DoNotCall": "perhaps"}, "JSON_PARSER_ERROR", []),
            ({"LastName": "L", "AccountId": "x"}, "MALFORMED_ID", ["AccountId"]),
            ({"LastName": "L", "AccountId": "001000000000000AAA"}, "INVALID_CROSS_REFERENCE_KEY", ["AccountId"]),
            ({"LastName": "L", "AccountId": "003000000000000AAA"}, "FIELD_INTEGRITY_EXCEPTION", ["AccountId"]),
        ],
    )  # fmt: skip
    def test_what_does_not_fit_is_refused(
        self, org: SalesforceOrg, values: dict[str, Any], code: str, fields: list[str]
    ) -> None:
        assert refused(org, "Contact", **values) == (code, fields)

    def test_nothing_changes_when_one_value_is_refused(self, org: SalesforceOrg) -> None:
        id = org.create("Contact", LastName="L")
        assert org.update("Contact", id, LastName="M", Email="nonsense").status_code == 400
        assert org.read("Contact", id)["LastName"] == "L"

    def test_choices_keep_their_order_and_case(self, org: SalesforceOrg) -> None:
        id = org.create(
            "Contact", LastName="L", Topics__c="training;Product News", Level__c="gold", LeadSource="Pigeon"
        )
        held = org.read("Contact", id)
        assert (held["Topics__c"], held["Level__c"]) == ("Product news;Training", "Gold")
        assert held["LeadSource"] == "Pigeon"  # not restricted

    def test_numbers_come_as_text_too(self, org: SalesforceOrg) -> None:
        held = org.read("Account", org.create("Account", Name="A", NumberOfEmployees="12", AnnualRevenue=1234.56))
        assert (held["NumberOfEmployees"], held["AnnualRevenue"]) == (12, 1235.0)

    def test_owners_are_active(self, org: SalesforceOrg) -> None:
        users = {each["Name"]: each["Id"] for each in org.found("SELECT Id, Name FROM User")}
        assert refused(org, "Contact", LastName="L", OwnerId=users["Former Colleague"])[0] == "INACTIVE_OWNER_OR_USER"
        id = org.create("Contact", LastName="L", OwnerId=users["Dana Reyes"])
        assert org.read("Contact", id)["OwnerId"] == users["Dana Reyes"]

    def test_a_lookup_can_name_an_external_id(self, org: SalesforceOrg) -> None:
        account = org.create("Account", Name="A", ERP_Number__c="E9")
        id = org.create("Contact", LastName="L", Account={"ERP_Number__c": "E9"})
        assert org.read("Contact", id)["AccountId"] == account
        assert refused(org, "Contact", LastName="L", Account={"ERP_Number__c": "E10"})[0] == "INVALID_FIELD"

    def test_a_unique_value_is_taken_once(self, org: SalesforceOrg) -> None:
        first = org.create("Account", Name="A", ERP_Number__c="E1")
        answer = org.call("POST", "/sobjects/Account", json={"Name": "B", "ERP_Number__c": "e1"})
        assert error(answer) == (400, "DUPLICATE_VALUE")
        assert answer.json()[0]["message"].endswith(first[:15])
        second = org.create("Account", Name="B")
        assert error(org.update("Account", second, ERP_Number__c="E1")) == (400, "DUPLICATE_VALUE")
        assert org.update("Account", first, ERP_Number__c="E1").status_code == 204

    def test_hidden_fields_are_not_there(self, org: SalesforceOrg) -> None:
        id = org.create("Contact", LastName="L", Birthdate="1990-01-01")
        control(org.about, "settings", hidden="Contact.Birthdate")
        assert "Birthdate" not in org.read("Contact", id)
        assert refused(org, "Contact", LastName="L", Birthdate="1990-01-01")[0] == "INVALID_FIELD"
        assert error(org.query("SELECT Birthdate FROM Contact")) == (400, "INVALID_FIELD")


class TestUpsert:
    def test_it_creates_once_and_then_updates(self, org: SalesforceOrg) -> None:
        path = "/sobjects/Account/ERP_Number__c/E%2F7"
        made = org.call("PATCH", path, json={"Name": "A"})
        assert (made.status_code, made.json()["created"]) == (201, True)
        again = org.call("PATCH", path, json={"Name": "B"})
        assert (again.status_code, again.json()["created"]) == (200, False)
        held = org.call("GET", path).json()
        assert (held["Id"], held["Name"], held["ERP_Number__c"]) == (made.json()["id"], "B", "E/7")

    def test_several_matches_are_listed(self, org: SalesforceOrg) -> None:
        ids = [org.create("Contact", LastName="L", Email="twice@made.example") for _ in range(2)]
        answer = org.call("PATCH", "/sobjects/Contact/Email/twice@made.example", json={"LastName": "M"})
        assert answer.status_code == 300
        assert answer.json() == [f"/services/data/v62.0/sobjects/Contact/{id}" for id in sorted(ids)]

    def test_it_can_be_told_not_to_create(self, org: SalesforceOrg) -> None:
        answer = org.call("PATCH", "/sobjects/Account/ERP_Number__c/E8?updateOnly=true", json={"Name": "A"})
        assert error(answer) == (404, "NOT_FOUND")

    def test_the_key_is_no_part_of_the_body_and_has_to_be_one(self, org: SalesforceOrg) -> None:
        answer = org.call("PATCH", "/sobjects/Account/ERP_Number__c/E8", json={"Name": "A", "ERP_Number__c": "E8"})
        assert error(answer) == (400, "INVALID_FIELD")
        assert error(org.call("PATCH", "/sobjects/Account/Site/E8", json={"Name": "A"})) == (404, "NOT_FOUND")


class TestRefusals:
    def test_duplicates_are_told_and_can_be_saved_all_the_same(
        self, salesforce: dict[str, Any], org: SalesforceOrg
    ) -> None:
        org.create("Contact", LastName="L", Email="d@made.example")
        control(salesforce, "settings", duplicate_rules="Contact=alert")
        values = {"LastName": "M", "Email": "D@made.example"}
        answer = org.call("POST", "/sobjects/Contact", json=values)
        assert error(answer) == (400, "DUPLICATES_DETECTED")
        assert answer.json()[0]["duplicateResult"]["matchResults"][0]["size"] == 1
        header = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
        assert org.call("POST", "/sobjects/Contact", json=values, headers=header).status_code == 201
        control(salesforce, "settings", duplicate_rules="Contact=block")
        assert org.call("POST", "/sobjects/Contact", json=values, headers=header).status_code == 400

    def test_the_org_s_own_rules_are_told_in_its_own_words(self, org: SalesforceOrg) -> None:
        org.control("validation", type="Contact", field="Title", value="King", message="No kings here.")
        answer = org.call("POST", "/sobjects/Contact", json={"LastName": "L", "Title": "King"})
        assert error(answer) == (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
        assert answer.json()[0]["message"] == "No kings here."

    def test_a_row_can_be_locked_for_a_moment(self, org: SalesforceOrg) -> None:
        id = org.create("Contact", LastName="L")
        org.control("refuse", code="UNABLE_TO_LOCK_ROW", next=1)
        assert error(org.update("Contact", id, LastName="M")) == (400, "UNABLE_TO_LOCK_ROW")
        assert org.update("Contact", id, LastName="M").status_code == 204

    @pytest.mark.parametrize(
        ("status", "expected", "code"),
        [(429, 403, "REQUEST_LIMIT_EXCEEDED"), (503, 503, "SERVER_UNAVAILABLE"), (500, 500, "UNKNOWN_EXCEPTION"),
         (401, 401, "INVALID_SESSION_ID")],
    )  # fmt: skip
    def test_faults_speak_salesforce(self, org: SalesforceOrg, status: int, expected: int, code: str) -> None:
        control(org.about, "faults", fault="status", status=status, next=1)
        answer = org.call("GET", "/limits")
        assert error(answer) == (expected, code)
        assert "Retry-After" not in answer.headers

    def test_the_allocation_is_told_and_ends(self, salesforce: dict[str, Any], org: SalesforceOrg) -> None:
        control(salesforce, "settings", daily_requests=3)
        answer = org.call("GET", "/limits")
        assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/3"
        assert answer.json()["DailyApiRequests"] == {"Max": 3, "Remaining": 2}
        org.control("quota", spend=2)
        over = org.call("GET", "/limits")
        assert error(over) == (403, "REQUEST_LIMIT_EXCEEDED")
        assert over.json()[0]["message"] == "TotalRequests Limit exceeded."
        org.control("clock", advance=86_401)
        assert org.call("GET", "/limits").status_code == 200
