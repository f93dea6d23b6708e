"""What is particular to writing to Salesforce: collections, lookups with several targets, owners, picklists, duplicate rules."""

import uuid
from typing import Any

import pytest

from integrations import errors
from integrations.connectors.salesforce.connector import Salesforce
from integrations.connectors.salesforce.roles import ROLES
from integrations.connectors.salesforce.schema import KEY_FIELD
from integrations.records import Create, Update, Values, Verdict
from tests.contract.conftest import Control
from tests.contract.salesforce import DANA, control, opened, poll, put, read, salesforce, salesforce_standin, start

__all__ = ["control", "salesforce", "salesforce_standin"]


def row(control: Control, kind: str, id: str) -> dict[str, Any]:
    return next(row["properties"] for row in control("list", type=kind)["results"] if row["id"] == id)


def create(salesforce: Salesforce, kind: str, *all_values: Values) -> list[Verdict]:
    return salesforce.create(kind, [Create(values, key=str(uuid.uuid4())) for values in all_values], scope={})


def update(salesforce: Salesforce, kind: str, id: str, values: Values, known: Values | None = None) -> Verdict:
    return salesforce.update(kind, [Update(id, values, known=known or {})])[0]


def made(verdict: Verdict) -> str:
    assert verdict.error is None
    assert verdict.record
    return verdict.record.id


class TestCollections:
    def test_each_record_has_a_verdict_of_its_own(self, salesforce: Salesforce, control: Control) -> None:
        bad: list[Values] = [
            {"LastName": "x" * 81}, {"LastName": "A", "Level__c": "Platinum"}, {"LastName": "B", "Email": "no address"},
            {"LastName": "C", "Score__c": "much"}, {"LastName": "D", "no_such_field": "x"}, {"FirstName": "Nobody"},
            {"LastName": "E", "OwnerId": "nobody@example.com"}, {"LastName": "F", "AccountId": ["0015A00000zzzzzQAA"]},
        ]  # fmt: skip
        good: Values = {"LastName": "Good", "Email": "good@example.com", "OwnerId": DANA}
        before = salesforce.calls
        verdicts = create(salesforce, "contacts", good, *bad, {**good, "LastName": "Also"})
        assert [getattr(verdict.error, "code", "") for verdict in verdicts] == [
            "", "VALUE_TOO_LONG", "OPTION_NOT_ALLOWED", "EMAIL_INVALID", "NUMBER_INVALID", "FIELD_MISSING",
            "REQUIRED_VALUE_BLANK", "OWNER_UNMAPPED", "RECORD_NOT_VISIBLE", "",
        ]  # fmt: skip
        assert verdicts[1].error.field == "LastName"  # type: ignore[union-attr]
        names = {row["properties"]["LastName"] for row in control("list", type="Contact")["results"]}
        assert {"Good", "Also"} <= names
        assert salesforce.calls - before == 3, "the batch, what became of it, and once the owners"

    def test_two_hundred_records_are_one_call(self, salesforce: Salesforce, control: Control) -> None:
        people: list[Values] = [{"LastName": f"Lee {number}"} for number in range(200)]
        control("stats", reset=True)
        ids = [made(verdict) for verdict in create(salesforce, "contacts", *people)]
        assert len(set(ids)) == 200
        updated = salesforce.update("contacts", [Update(id, {"Title": "Boss"}) for id in ids])
        assert all(verdict.record and verdict.record.values["Title"] == "Boss" for verdict in updated)
        assert not [verdict.error for verdict in salesforce.delete("contacts", ids) if verdict.error]
        lines = control("stats")["by_path"]
        assert sum(n for line, n in lines.items() if "composite/sobjects" in line) == 3

    def test_a_value_that_spoils_the_whole_call_stands_alone(self, salesforce: Salesforce, control: Control) -> None:
        """The body is parsed before any record is looked at, and no part of a person is counted."""
        ids = [put(control, "Account", Name=f"Acme {number}") for number in range(7)]
        items = [Update(id, {"Description": "Ours"}) for id in ids]
        items[4].values["NumberOfEmployees"] = "12.5"
        verdicts = salesforce.update("accounts", items)
        assert [bool(verdict.error) for verdict in verdicts] == [number == 4 for number in range(7)]
        assert isinstance(verdicts[4].error, errors.Refused)
        assert verdicts[4].error.code == "TYPE_INCOMPATIBLE"
        held = [row(control, "Account", id)["Description"] for id in ids]
        assert held == ["Ours"] * 4 + [None] + ["Ours"] * 2

    def test_trouble_of_the_org_in_the_second_half_forgets_nothing_of_the_first(
        self, salesforce: Salesforce, control: Control
    ) -> None:
        """A create that was answered must not be sent again."""
        items = [Create({"Name": f"Half {number}"}, key=str(uuid.uuid4())) for number in range(4)]
        items[3].values["NumberOfEmployees"] = "12.5"
        salesforce.create("accounts", items[:1], scope={})
        control("faults", fault="status", status=503, skip=2, next=9, match="POST .*composite/sobjects")
        verdicts = salesforce.create("accounts", items, scope={})
        control("faults", clear=True)
        assert [type(verdict.error) for verdict in verdicts[:2]] == [type(None)] * 2
        assert all(isinstance(verdict.error, errors.NoAnswer | errors.RateLimited) for verdict in verdicts[2:])

    def test_a_new_record_shows_what_salesforce_filled_in(self, salesforce: Salesforce) -> None:
        [verdict] = create(salesforce, "cases", {"Subject": "Help"})
        assert verdict.record
        assert verdict.record.values["Status"] == "New"
        assert "@" in str(verdict.record.values["OwnerId"])

    def test_a_locked_row_is_tried_again_later(self, salesforce: Salesforce, control: Control) -> None:
        id = put(control, "Contact", LastName="Busy")
        control("refuse", code="UNABLE_TO_LOCK_ROW", next=1)
        error = update(salesforce, "contacts", id, {"Title": "Boss"}).error
        assert isinstance(error, errors.Locked)
        assert error.retry == "T"

    def test_a_record_that_waits_for_approval_is_locked(self, salesforce: Salesforce, control: Control) -> None:
        id = put(control, "Contact", LastName="Lee")
        control("refuse", code="ENTITY_IS_LOCKED", next=1)
        error = update(salesforce, "contacts", id, {"Title": "Boss"}).error
        assert isinstance(error, errors.Refused)
        assert error.code == "RECORD_LOCKED"

    def test_the_orgs_own_rule_speaks_for_itself(self, salesforce: Salesforce, control: Control) -> None:
        id = put(control, "Contact", LastName="Lee")
        control("validation", type="Contact", field="Title", value="Boss", message="There is only one boss.")
        error = update(salesforce, "contacts", id, {"Title": "Boss"}).error
        assert isinstance(error, errors.Refused)
        assert (error.code, "There is only one boss." in error.message) == ("VALIDATION_RULE", True)

    def test_an_administrator_can_make_repeated_creates_harmless(
        self, salesforce_standin: dict[str, Any], control: Control
    ) -> None:
        """With a unique external id of this name, a create that is sent again makes no second record."""
        control("fields", type="Opportunity", lines=[f"{KEY_FIELD}|string|Syncline key|max=40;ext;uniq;idl"])
        salesforce = opened(salesforce_standin)
        fields = salesforce.fields("opportunities")
        salesforce._stored_fields = lambda kind: fields
        assert salesforce.abilities("opportunities").idempotent_creates
        item = Create({"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-01-31"}, key=str(uuid.uuid4()))
        [first] = salesforce.create("opportunities", [item], scope={})
        [again] = salesforce.create("opportunities", [item], scope={})
        assert (made(again), again.existed, first.existed) == (made(first), True, False)

    @pytest.mark.parametrize("short_of", ["", "uniq", "ext", "ext;uniq;ro"])
    def test_a_key_field_that_is_no_key_is_left_alone(
        self, salesforce_standin: dict[str, Any], control: Control, short_of: str
    ) -> None:
        """A plain text field of that name, or one that our user may not write."""
        control("fields", type="Opportunity", lines=[f"{KEY_FIELD}|string|Syncline key|max=40;{short_of}"])
        salesforce = opened(salesforce_standin)
        fields = salesforce.fields("opportunities")
        salesforce._stored_fields = lambda kind: fields
        assert not salesforce.abilities("opportunities").idempotent_creates
        values: Values = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-01-31"}
        assert create(salesforce, "opportunities", values)[0].record


class TestWhatOthersDoMeanwhile:
    """Between our write and the look at what has become of it. The engine takes what the verdict shows for the result of the write,
    and syncs nothing of it."""

    def test_an_edit_of_what_we_wrote_is_theirs(self, salesforce: Salesforce, control: Control) -> None:
        id = put(control, "Contact", LastName="Lee", Title="Cook")
        control("meanwhile", type="Contact", edit={"Title": "Chef"})
        verdict = update(salesforce, "contacts", id, {"Title": "Boss", "Phone": "+66 2 123"}, {"Title": "Cook"})
        assert verdict.record
        assert verdict.record.values == {"Phone": "+66 2 123"}
        assert row(control, "Contact", id)["Title"] == "Chef"

    def test_what_they_fill_in_at_a_new_record_is_theirs(self, salesforce: Salesforce, control: Control) -> None:
        control("meanwhile", type="Contact", edit={"HasOptedOutOfEmail": True, "LeadSource": "Web"})
        [verdict] = create(salesforce, "contacts", {"LastName": "Lee", "Email": "Lee@Example.com"})
        assert verdict.record
        assert verdict.record.values.keys() == {"LastName", "Email"}

    def test_automation_that_rewrites_what_we_sent_is_part_of_our_write(
        self, salesforce: Salesforce, control: Control
    ) -> None:
        """Else its form would go back to where the value came from."""
        id = put(control, "Contact", LastName="Lee")
        control("meanwhile", type="Contact", edit={"Title": "Chief (standardised)"}, automation=True)
        verdict = update(salesforce, "contacts", id, {"Title": "boss"})
        assert verdict.record
        assert verdict.record.values == {"Title": "Chief (standardised)"}

    def test_an_edit_of_another_field_leaves_the_result_of_our_write(
        self, salesforce: Salesforce, control: Control
    ) -> None:
        id = put(control, "Contact", LastName="Lee")
        control("meanwhile", type="Contact", edit={"Department": "Kitchen"})
        verdict = update(salesforce, "contacts", id, {"Title": "Boss"})
        assert verdict.record
        assert verdict.record.values == {"Title": "Boss"}


class TestOwners:
    def test_an_address_of_two_active_users_names_nobody(self, salesforce: Salesforce, control: Control) -> None:
        """Whichever was taken, it could be the wrong one."""
        held = next(
            row["properties"] for row in control("list", type="User")["results"] if row["properties"]["Email"] == DANA
        )
        kept = {name: held[name] for name in ("ProfileId", "TimeZoneSidKey") if held.get(name)}
        put(
            control,
            "User",
            **kept,
            LastName="Other",
            Username="other@example.com",
            Email=DANA,
            IsActive=True,
            Alias="o",
        )
        [verdict] = create(salesforce, "contacts", {"LastName": "Lee", "OwnerId": DANA})
        assert isinstance(verdict.error, errors.Refused)
        assert (verdict.error.code, verdict.error.field) == ("OWNER_UNMAPPED", "OwnerId")
        assert "Several" in verdict.error.message
        offered = {field.name: field for field in salesforce.fields("contacts")}["OwnerId"].options
        assert DANA not in {option.value for option in offered}


class TestRecordsThatWentElsewhere:
    def test_an_update_of_a_merged_record_is_planned_anew(self, salesforce: Salesforce, control: Control) -> None:
        one, two = put(control, "Contact", LastName="One"), put(control, "Contact", LastName="Two")
        control("records", type="Contact", merge=[[one, two]])
        assert isinstance(update(salesforce, "contacts", two, {"Title": "Boss"}).error, errors.StaleVersion)

    def test_an_update_of_a_converted_lead_is_planned_anew(self, salesforce: Salesforce, control: Control) -> None:
        lead = put(control, "Lead", LastName="New", Company="Acme")
        control("records", type="Lead", convert=[lead])
        assert isinstance(update(salesforce, "leads", lead, {"Title": "Boss"}).error, errors.StaleVersion)

    def test_a_deleted_record_is_gone_and_a_lost_account_is_not_the_contacts_end(
        self, salesforce: Salesforce, control: Control
    ) -> None:
        id, lost = put(control, "Contact", LastName="Lee"), put(control, "Account", Name="Acme")
        control("records", type="Account", delete=[lost])
        assert not isinstance(update(salesforce, "contacts", id, {"AccountId": [lost]}).error, errors.Gone)
        control("records", type="Contact", delete=[id])
        assert isinstance(update(salesforce, "contacts", id, {"Title": "Boss"}).error, errors.Gone)

    @pytest.mark.parametrize("how", ["update", "create"])
    def test_a_parent_that_is_deleted_is_not_the_records_own_end(
        self, salesforce: Salesforce, control: Control, how: str
    ) -> None:
        """``ENTITY_IS_DELETED`` does not say which of the records that a write names it means."""
        id = put(control, "Contact", LastName="Lee")
        control("refuse", code="ENTITY_IS_DELETED", type="Contact")
        if how == "update":
            verdict = update(salesforce, "contacts", id, {"Title": "Boss"})
        else:
            [verdict] = create(salesforce, "contacts", {"LastName": "Kim"})
        assert isinstance(verdict.error, errors.Refused)
        assert verdict.error.code == "PARENT_FAILED"

    def test_what_sharing_hides_can_be_neither_changed_nor_deleted(
        self, salesforce: Salesforce, control: Control
    ) -> None:
        id = put(control, "Contact", LastName="Lee")
        control("records", type="Contact", hide=[id])
        assert isinstance(update(salesforce, "contacts", id, {"Title": "Boss"}).error, errors.NotVisible)
        assert isinstance(salesforce.delete("contacts", [id])[0].error, errors.NotVisible)

    def test_a_record_that_left_the_bin_counts_as_deleted(self, salesforce: Salesforce, control: Control) -> None:
        id = put(control, "Contact", LastName="Lee")
        control("records", type="Contact", delete=[id])
        control("empty_bin")
        assert salesforce.delete("contacts", [id])[0].error is None
        assert isinstance(update(salesforce, "contacts", id, {"Title": "Boss"}).error, errors.Gone)


class TestLookups:
    def test_a_place_for_one_goes_to_the_deal(self, salesforce: Salesforce, control: Control) -> None:
        account, deal = (
            put(control, "Account", Name="Acme"),
            put(control, "Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-01-31"),
        )
        both: Values = {"Subject": "Do it", "WhatId:Account": [account], "WhatId:Opportunity": [deal]}
        [verdict] = create(salesforce, "tasks", both)
        id = made(verdict)
        assert (row(control, "Task", id)["WhatId"], verdict.note) == (deal, "ASSOCIATION_LIMIT")
        assert verdict.record
        assert verdict.record.values["WhatId:Account"] == []
        known: Values = {"WhatId:Account": [], "WhatId:Opportunity": [deal]}
        kept = update(salesforce, "tasks", id, {"WhatId:Account": [account]}, known)
        assert (row(control, "Task", id)["WhatId"], kept.note) == (deal, "ASSOCIATION_LIMIT")
        update(salesforce, "tasks", id, {"WhatId:Account": [account], "WhatId:Opportunity": []}, known)
        assert row(control, "Task", id)["WhatId"] == account
        update(salesforce, "tasks", id, {"WhatId:Account": []}, {"WhatId:Account": [account], "WhatId:Opportunity": []})
        assert row(control, "Task", id)["WhatId"] is None

    def test_a_contact_changes_and_loses_its_account(self, salesforce: Salesforce, control: Control) -> None:
        account = put(control, "Account", Name="Acme")
        id = put(control, "Contact", LastName="Lee")
        assert update(salesforce, "contacts", id, {"AccountId": [account]}).record.values == {"AccountId": [account]}  # type: ignore[union-attr]
        update(salesforce, "contacts", id, {"AccountId": []})
        assert row(control, "Contact", id)["AccountId"] is None


class TestContactRoles:
    """The contacts of an opportunity."""

    def test_they_are_a_field_of_many(self, salesforce: Salesforce, control: Control) -> None:
        ann, bob, eve = (put(control, "Contact", LastName=name) for name in ("Ann", "Bob", "Eve"))
        deal: Values = {
            "Name": "Deal",
            "StageName": "Prospecting",
            "CloseDate": "2026-01-31",
            ROLES: sorted([ann, bob]),
        }
        [verdict] = create(salesforce, "opportunities", deal)
        id = made(verdict)
        assert read(salesforce, "opportunities", id, ROLES).values == {ROLES: sorted([ann, bob])}
        put(control, "OpportunityContactRole", OpportunityId=id, ContactId=eve)  # meanwhile
        verdict = update(salesforce, "opportunities", id, {ROLES: [bob]}, {ROLES: sorted([ann, bob])})
        assert verdict.record
        assert verdict.record.values == {ROLES: [bob]}, "Eve's role is somebody's edit, and to be synced as one"
        assert read(salesforce, "opportunities", id, ROLES).values == {ROLES: sorted([bob, eve])}

    def test_a_change_of_roles_alone_shows_in_the_changes(self, salesforce: Salesforce, control: Control) -> None:
        """The opportunity itself was last changed long ago."""
        deal = str(control("list", type="Opportunity")["results"][0]["id"])
        ann, cursor = put(control, "Contact", LastName="Ann"), start(salesforce, "opportunities")
        assert self.shown(salesforce, cursor) == {}
        role = put(control, "OpportunityContactRole", OpportunityId=deal, ContactId=ann)
        assert ann in self.shown(salesforce, cursor)[deal]
        control("records", type="OpportunityContactRole", delete=[role])
        assert ann not in self.shown(salesforce, cursor)[deal]

    def shown(self, salesforce: Salesforce, cursor: dict[str, Any]) -> dict[str, Any]:
        pages = poll(salesforce, "opportunities", cursor, "Name", ROLES)
        return {record.id: record.values[ROLES] for page in pages for record in page.records}

    def test_a_deal_with_more_roles_than_come_with_it_has_them_all(
        self, salesforce: Salesforce, control: Control
    ) -> None:
        """Else those that are cut off would look as if somebody had taken them away."""
        cursor = start(salesforce, "opportunities")
        deal = put(control, "Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-01-31")
        people = control("records", type="Contact", create=[{"LastName": f"Lee {n}"} for n in range(250)])["created"]
        rows = [{"OpportunityId": deal, "ContactId": contact} for contact in people]
        control("records", type="OpportunityContactRole", create=rows)
        assert read(salesforce, "opportunities", deal, ROLES).values[ROLES] == sorted(people)
        [page] = poll(salesforce, "opportunities", cursor, ROLES)
        assert next(r for r in page.records if r.id == deal).values[ROLES] == sorted(people)
        scan = salesforce.scan("opportunities", fields=[ROLES], position=None, scope={})
        assert next(r for r in scan.records if r.id == deal).values[ROLES] == sorted(people)

    def test_a_role_that_is_refused_is_a_note(self, salesforce: Salesforce) -> None:
        deal: Values = {
            "Name": "Deal",
            "StageName": "Prospecting",
            "CloseDate": "2026-01-31",
            ROLES: ["0035A00000zzzzzQAA"],
        }
        [verdict] = create(salesforce, "opportunities", deal)
        assert made(verdict)
        assert verdict.note == "ASSOCIATION_LIMIT"


class TestActivities:
    def test_a_call_is_a_completed_task_of_its_subtype(self, salesforce: Salesforce, control: Control) -> None:
        [verdict] = create(salesforce, "calls", {"Subject": "Called", "ActivityDate": "2026-03-04"})
        held = row(control, "Task", made(verdict))
        assert (held["TaskSubtype"], held["Status"], held["ActivityDate"]) == ("Call", "Completed", "2026-03-04")

    def test_a_meeting_without_an_end_is_half_an_hour(self, salesforce: Salesforce, control: Control) -> None:
        [verdict] = create(salesforce, "meetings", {"Subject": "Demo", "StartDateTime": "2026-03-04T10:00:00.000Z"})
        assert verdict.record
        assert verdict.record.values["EndDateTime"] == "2026-03-04T10:30:00.000Z"
        values: Values = {"StartDateTime": "2026-03-05T10:00:00.000Z", "EndDateTime": "2026-03-05T11:00:00.000Z"}
        assert update(salesforce, "meetings", verdict.record.id, values).error is None
        assert row(control, "Event", verdict.record.id)["DurationInMinutes"] == 60


class TestDuplicateRules:
    @pytest.mark.parametrize("how", ["alert", "block"])
    def test_a_rule_that_stops_a_record_is_never_forced(
        self, salesforce: Salesforce, control: Control, how: str
    ) -> None:
        put(control, "Contact", FirstName="Ada", LastName="Lovelace", Email="ada@example.com")
        control("settings", duplicate_rules=f"Contact={how}")
        try:
            twin: Values = {"FirstName": "Ada", "LastName": "Lovelace", "Email": "ada@example.com"}
            stopped, other = create(salesforce, "contacts", twin, {"LastName": "Babbage", "Email": "cb@example.com"})
        finally:
            control("settings", duplicate_rules="")
        assert isinstance(stopped.error, errors.AlreadyExists)
        assert (stopped.error.code, stopped.error.retry) == ("DUPLICATE_RULE_BLOCKED", "X")
        assert other.error is None
        rows = control("list", type="Contact")["results"]
        assert sum(row["properties"]["Email"] == "ada@example.com" for row in rows) == 1

    def test_a_unique_value_that_is_taken_names_its_record(self, salesforce: Salesforce, control: Control) -> None:
        first = put(control, "Contact", LastName="One", Customer_Number__c="C-1")
        [verdict] = create(salesforce, "contacts", {"LastName": "Two", "Customer_Number__c": "C-1"})
        assert isinstance(verdict.error, errors.AlreadyExists)
        assert verdict.error.existing_id == first


class TestRecordTypes:
    def test_a_record_type_is_an_option_by_its_developer_name(self, salesforce: Salesforce, control: Control) -> None:
        for kind, name in (
            ("accounts", "Account"),
            ("opportunities", "Opportunity"),
            ("cases", "Case"),
            ("contacts", "Contact"),
        ):
            field = next((field for field in salesforce.fields(kind) if field.name == "RecordTypeId"), None)
            if field is None:
                continue
            chosen = field.options[-1].value
            needed: Values = {"StageName": "Prospecting", "CloseDate": "2026-01-31"} if kind == "opportunities" else {}
            label = {"cases": "Subject", "contacts": "LastName"}.get(kind, "Name")
            [verdict] = create(salesforce, kind, {label: "Typed", "RecordTypeId": chosen, **needed})
            id = made(verdict)
            assert row(control, name, id)["RecordTypeId"].startswith("012")
            assert read(salesforce, kind, id, "RecordTypeId").values == {"RecordTypeId": chosen}
            [refused] = create(salesforce, kind, {label: "Typed", "RecordTypeId": "no_such_type", **needed})
            assert getattr(refused.error, "code", "") == "OPTION_NOT_ALLOWED"
            return
        pytest.fail("no object of the stand-in has record types")
