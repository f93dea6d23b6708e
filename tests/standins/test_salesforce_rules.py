"""What objects of the Salesforce stand-in do by themselves when one of their records is written."""

from tests.standins.salesforce_org import SalesforceOrg, error, refused


class TestWhatObjectsDo:
    def test_the_stage_decides_about_a_deal(self, org: SalesforceOrg) -> None:
        id = org.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2030-01-31", Amount=50)
        held = org.read("Opportunity", id)
        assert (held["Probability"], held["IsClosed"], held["ExpectedRevenue"]) == (10.0, False, 5.0)
        org.update("Opportunity", id, StageName="Closed Won")
        held = org.read("Opportunity", id)
        assert (held["Probability"], held["IsClosed"], held["IsWon"]) == (100.0, True, True)
        assert held["ForecastCategoryName"] == "Closed"

    def test_products_decide_about_the_amount(self, org: SalesforceOrg) -> None:
        book = org.found("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"]
        entry = org.found(
            f"SELECT Id, Product2Id, UnitPrice FROM PricebookEntry WHERE Pricebook2Id = '{book}' LIMIT 1"
        )[0]
        deal = org.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2030-01-31", Amount=5)
        line = {"OpportunityId": deal, "PricebookEntryId": entry["Id"], "Quantity": 3, "UnitPrice": 7}
        assert refused(org, "OpportunityLineItem", **line)[0] == "FIELD_INTEGRITY_EXCEPTION"
        org.update("Opportunity", deal, Pricebook2Id=book)
        item = org.create("OpportunityLineItem", **line)
        assert org.read("Opportunity", deal)["Amount"] == 21.0
        assert org.update("Opportunity", deal, Amount=99, NextStep="Call").status_code == 204
        held = org.read("Opportunity", deal)
        assert (held["Amount"], held["NextStep"], held["HasOpportunityLineItem"]) == (21.0, "Call", True)
        assert org.read("OpportunityLineItem", item)["Product2Id"] == entry["Product2Id"]

    def test_a_standard_price_comes_first(self, org: SalesforceOrg) -> None:
        product = org.create("Product2", Name="P", IsActive=True)
        book = org.create("Pricebook2", Name="Partners", IsActive=True)
        standard = org.found("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"]
        price = {"Product2Id": product, "UnitPrice": 9, "IsActive": True}
        assert refused(org, "PricebookEntry", Pricebook2Id=book, **price)[0] == "STANDARD_PRICE_NOT_DEFINED"
        org.create("PricebookEntry", Pricebook2Id=standard, **price)
        org.create("PricebookEntry", Pricebook2Id=book, **price)
        assert refused(org, "PricebookEntry", Pricebook2Id=book, **price)[0] == "DUPLICATE_VALUE"

    def test_a_task_knows_its_account_and_whether_it_is_done(self, org: SalesforceOrg) -> None:
        account = org.create("Account", Name="A")
        contact = org.create("Contact", LastName="L", AccountId=account)
        id = org.create("Task", Subject="Call", WhoId=contact)
        held = org.read("Task", id)
        assert (held["AccountId"], held["Status"], held["IsClosed"]) == (account, "Not Started", False)
        assert held["TaskSubtype"] == "Task"
        org.update("Task", id, Status="Completed")
        held = org.read("Task", id)
        assert held["IsClosed"] is True
        assert held["CompletedDateTime"] is not None
        subtype = org.update("Task", id, TaskSubtype="Call")
        assert error(subtype) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")

    def test_an_activity_of_a_lead_is_about_nothing_else(self, org: SalesforceOrg) -> None:
        lead = org.create("Lead", LastName="L", Company="C")
        account = org.create("Account", Name="A")
        assert refused(org, "Task", Subject="S", WhoId=lead, WhatId=account)[0] == "FIELD_INTEGRITY_EXCEPTION"

    def test_an_event_has_an_end_and_a_length(self, org: SalesforceOrg) -> None:
        assert refused(org, "Event", Subject="S")[0] == "REQUIRED_FIELD_MISSING"
        id = org.create("Event", Subject="S", StartDateTime="2030-01-01T10:00:00Z", EndDateTime="2030-01-01T10:30:00Z")
        assert org.read("Event", id)["DurationInMinutes"] == 30
        org.update("Event", id, StartDateTime="2030-01-02T10:00:00Z")
        held = org.read("Event", id)
        assert (held["EndDateTime"], held["ActivityDate"]) == ("2030-01-02T10:30:00.000+0000", "2030-01-02")
        wrong = org.update("Event", id, DurationInMinutes=60, EndDateTime="2030-01-02T10:30:00Z")
        assert error(wrong) == (400, "FIELD_INTEGRITY_EXCEPTION")

    def test_an_event_can_last_all_day(self, org: SalesforceOrg) -> None:
        held = org.read("Event", org.create("Event", Subject="S", IsAllDayEvent=True, ActivityDate="2030-01-01"))
        assert (held["DurationInMinutes"], held["StartDateTime"]) == (1440, "2030-01-01T00:00:00.000+0000")

    def test_a_case_has_a_number_and_takes_over_from_its_contact(self, org: SalesforceOrg) -> None:
        account = org.create("Account", Name="A")
        contact = org.create("Contact", LastName="L", Email="c@made.example", AccountId=account)
        held = org.read("Case", org.create("Case", Subject="S", ContactId=contact))
        assert (held["ContactEmail"], held["AccountId"], held["Status"]) == ("c@made.example", account, "New")
        assert held["CaseNumber"].isdigit()

    def test_an_email_comes_with_a_task(self, org: SalesforceOrg) -> None:
        id = org.create(
            "EmailMessage", Subject="Hello", Status="3", TextBody="Text", MessageDate="2030-01-01T10:00:00Z"
        )
        task = org.read("EmailMessage", id)["ActivityId"]
        held = org.read("Task", task)
        assert (held["Subject"], held["TaskSubtype"], held["Status"]) == ("Hello", "Email", "Completed")

    def test_formulas_change_without_a_stamp(self, org: SalesforceOrg) -> None:
        account = org.create("Account", Name="A")
        before = org.read("Account", account)
        org.control("clock", advance=5)
        org.create("Opportunity", Name="D", AccountId=account, StageName="Prospecting", CloseDate="2030-01-31")
        after = org.read("Account", account)
        assert (before["Open_Deals__c"], after["Open_Deals__c"]) == (0.0, 1.0)
        assert after["SystemModstamp"] == before["SystemModstamp"]
