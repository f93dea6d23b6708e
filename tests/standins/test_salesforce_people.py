"""What people do in the Salesforce stand-in: merge, convert, delete and restore, by control verbs and on its pages."""

from typing import Any

import pytest
import requests

from tests.standins.salesforce_org import SalesforceOrg, error


class TestDeletion:
    def test_what_hangs_on_a_record_goes_and_comes_back_with_it(self, org: SalesforceOrg) -> None:
        account = org.create("Account", Name="A")
        contact = org.create("Contact", LastName="L", AccountId=account)
        task = org.create("Task", Subject="S", WhoId=contact)
        org.by_hand("Account", delete=[account])
        for kind, id in (("Account", account), ("Contact", contact), ("Task", task)):
            assert error(org.call("GET", f"/sobjects/{kind}/{id}")) == (404, "ENTITY_IS_DELETED")
        deleted = org.found(f"SELECT SystemModstamp FROM Contact WHERE Id = '{contact}'", "queryAll")[0]
        org.control("clock", advance=5)
        org.by_hand("Account", undelete=[account])
        back = org.read("Contact", contact)
        assert back["IsDeleted"] is False
        assert back["SystemModstamp"] > deleted["SystemModstamp"]
        assert org.read("Task", task)["WhoId"] == contact

    def test_who_has_cases_stays(self, org: SalesforceOrg) -> None:
        contact = org.create("Contact", LastName="L")
        org.create("Case", Subject="S", ContactId=contact)
        assert error(org.call("DELETE", f"/sobjects/Contact/{contact}")) == (400, "DELETE_FAILED")
        assert org.read("Contact", contact)["LastName"] == "L"


class TestMerge:
    @pytest.mark.parametrize("kind", ["Contact", "Lead", "Account"])
    def test_the_loser_names_the_winner(self, org: SalesforceOrg, kind: str) -> None:
        named = {"Name": "N"} if kind == "Account" else {"LastName": "N"}
        named |= {"Company": "C"} if kind == "Lead" else {}
        winner, loser = org.create(kind, **named), org.create(kind, **named)
        org.control("clock", advance=5)
        org.by_hand(kind, merge=[[winner, loser]])
        gone = org.found(f"SELECT IsDeleted, MasterRecordId FROM {kind} WHERE Id = '{loser}'", "queryAll")
        assert gone == [{"IsDeleted": True, "MasterRecordId": winner}]
        held = org.read(kind, winner)
        assert held["SystemModstamp"] > held["CreatedDate"]

    def test_what_pointed_to_the_loser_points_to_the_winner(self, org: SalesforceOrg) -> None:
        winner, loser = org.create("Account", Name="W"), org.create("Account", Name="L")
        contact = org.create("Contact", LastName="C", AccountId=loser)
        before = org.read("Contact", contact)
        org.control("clock", advance=5)
        org.by_hand("Account", merge=[[winner, loser]])
        after = org.read("Contact", contact)
        assert after["AccountId"] == winner
        assert after["SystemModstamp"] > before["SystemModstamp"]
        assert after["LastModifiedDate"] == before["LastModifiedDate"]  # nobody edited it


class TestConversion:
    def test_a_lead_becomes_a_contact(self, org: SalesforceOrg) -> None:
        lead = org.create(
            "Lead", LastName="L", FirstName="F", Company="Converted Ltd", Email="l@made.example", City="Bangkok"
        )
        task = org.create("Task", Subject="S", WhoId=lead)
        made = org.by_hand("Lead", convert=[lead])["converted"][0]
        held = org.read("Lead", lead)
        assert (held["IsConverted"], held["ConvertedContactId"]) == (True, made["ContactId"])
        assert held["ConvertedOpportunityId"] == made["OpportunityId"]
        contact = org.read("Contact", made["ContactId"])
        assert (contact["Email"], contact["MailingCity"], contact["AccountId"]) == (
            "l@made.example",
            "Bangkok",
            made["AccountId"],
        )
        assert org.read("Account", made["AccountId"])["Name"] == "Converted Ltd"
        assert org.read("Task", task)["WhoId"] == made["ContactId"]

    def test_a_converted_lead_cannot_be_edited(self, org: SalesforceOrg) -> None:
        lead = org.create("Lead", LastName="L", Company="C")
        org.by_hand("Lead", convert=[lead])
        assert error(org.update("Lead", lead, LastName="M")) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
        assert org.found(f"SELECT Id FROM Lead WHERE Id = '{lead}'") == [{"Id": lead}]


class TestPages:
    def page(self, org: SalesforceOrg, rest: str, form: dict[str, str] | None = None) -> requests.Response:
        url = f"{org.about['login_url']}/lightning/0/{rest}"
        return requests.post(url, data=form, timeout=10) if form is not None else requests.get(url, timeout=10)

    def test_people_look_at_records(self, org: SalesforceOrg) -> None:
        org.create("Contact", LastName="Seen on the page", Email="seen@made.example")
        assert "Seen on the page" in self.page(org, "Contact?q=seen@made").text
        for kind in ("Account", "Lead", "Opportunity", "Product2", "Case", "Task", "Event", "User"):
            assert self.page(org, kind).status_code == 200
        assert self.page(org, "Nothing").status_code == 404

    def test_people_create_edit_and_delete(self, org: SalesforceOrg) -> None:
        made = self.page(org, "Contact/new", {"LastName": "Typed", "DoNotCall": "true", "Level__c": "Gold"})
        id = made.url.split("?")[0].rsplit("/", 1)[1]
        held: dict[str, Any] = org.read("Contact", id)
        assert (held["LastName"], held["DoNotCall"], held["Level__c"]) == ("Typed", True, "Gold")
        assert "Level: bad value" in self.page(org, f"Contact/{id}", {"Level__c": "Tin"}).text
        self.page(org, f"Contact/{id}", {"LastName": "Retyped"})
        assert org.read("Contact", id)["LastName"] == "Retyped"
        self.page(org, f"Contact/{id}/do", {"action": "delete"})
        assert "Retyped" in self.page(org, "Contact?group=bin").text
        self.page(org, f"Contact/{id}/do", {"action": "undelete"})
        assert org.read("Contact", id)["LastName"] == "Retyped"

    def test_people_merge_and_convert(self, org: SalesforceOrg) -> None:
        winner, loser = org.create("Contact", LastName="W"), org.create("Contact", LastName="L")
        self.page(org, f"Contact/{winner}/do", {"action": "merge", "value": loser})
        assert error(org.call("GET", f"/sobjects/Contact/{loser}")) == (404, "ENTITY_IS_DELETED")
        lead = org.create("Lead", LastName="L", Company="C")
        self.page(org, f"Lead/{lead}/do", {"action": "convert"})
        assert org.read("Lead", lead)["IsConverted"] is True
