"""What is particular to Salesforce's reading: describe, two orgs, merges, conversions, the recycle bin, bulk jobs, refusals."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations import errors
from integrations.connectors.salesforce import bulk, kinds, schema, soql
from integrations.connectors.salesforce.client import fault, item_error, long_id
from integrations.connectors.salesforce.connector import Salesforce
from integrations.connectors.salesforce.objects import OBJECTS
from integrations.http import Answer, ApiSession
from integrations.records import Field, FieldType, Ref, RemoteRecord
from tests.contract.conftest import Control
from tests.contract.salesforce import DANA, control, opened, poll, put, read, salesforce, salesforce_standin, start
from tests.integrations.server import Asked, Reply, Server

__all__ = ["control", "salesforce", "salesforce_standin"]


def scanned(salesforce: Salesforce, kind: str, *fields: str) -> dict[str, RemoteRecord]:
    found: dict[str, RemoteRecord] = {}
    page = salesforce.scan(kind, fields=fields, position=None, scope={})
    while True:
        found |= {record.id: record for record in page.records}
        if page.position is None:
            return found
        try:
            page = salesforce.scan(kind, fields=fields, position=page.position, scope={})
        except errors.RateLimited:  # a bulk job is under way: the runner comes again
            continue


class TestFields:
    @pytest.mark.parametrize("kind", [kind.key for kind in kinds.ALL])
    def test_every_default_mapping_names_a_field(self, salesforce: Salesforce, kind: str) -> None:
        fields = {field.name: field for field in salesforce.fields(kind)}
        listed = next(each for each in kinds.ALL if each.key == kind)
        wanted = {
            *(preset.field for preset in listed.presets),
            *listed.label_fields,
            *listed.label_else,
            *listed.filter_fields,
        }
        assert wanted - fields.keys() <= {"CurrencyIsoCode", schema.RECORD_TYPE}
        assert all(field.refers_to for field in fields.values() if field.type == "reference")

    def test_describe_drives_the_fields(self, salesforce: Salesforce, control: Control) -> None:
        control(
            "fields",
            type="Contact",
            lines=["Shoe_Size__c|double|Shoe size|num=3.1", "Sponsor__c|reference|Sponsor|to=Account"],
        )
        fields = {field.name: field for field in salesforce.fields("contacts")}
        assert (fields["Shoe_Size__c"].type, fields["Shoe_Size__c"].custom) == ("number", True)
        assert (fields["Sponsor__c"].type, fields["Sponsor__c"].refers_to) == ("reference", "accounts")
        assert fields["LastName"].required
        assert (fields["LastName"].max_length, fields["LastName"].clearable) == (80, False)
        assert not fields["Name"].writable
        assert not fields["Address_Line__c"].writable, "a formula"
        assert fields["Customer_Number__c"].unique
        assert [option.value for option in fields["Level__c"].options] == ["Bronze", "Silver", "Gold"]
        assert "SystemModstamp" not in fields

    def test_rich_text_areas_are_formatted_and_other_text_areas_are_not(self) -> None:
        def type_of(**said: Any) -> str:
            usual = {
                "label": "",
                "nillable": True,
                "createable": True,
                "updateable": True,
                "custom": True,
                "length": 32768,
            }
            (field,) = schema.fields_of(
                {"fields": [{"type": "textarea", "defaultedOnCreate": False, **usual, **said}]}, ()
            )
            assert field.max_length == 32768
            return field.type

        assert type_of(name="Story__c", htmlFormatted=True) == "rich_text"
        assert type_of(name="HtmlBody", htmlFormatted=False) == "rich_text"
        assert type_of(name="Description", htmlFormatted=False) == "long_text"
        assert schema.to_canonical("<p><br></p>", FieldType.RICH_TEXT) is None

    def test_what_the_users_profile_hides_is_no_field_and_breaks_no_read(
        self, salesforce: Salesforce, control: Control
    ) -> None:
        """It was there when the fields were read, and is not any more."""
        id = put(control, "Contact", LastName="Lee", Birthdate="1999-01-02")
        assert read(salesforce, "contacts", id, "LastName", "Birthdate").values["Birthdate"] == "1999-01-02"
        control("settings", hidden="Contact.Birthdate")
        try:
            assert "Birthdate" not in {field.name for field in salesforce.fields("contacts")}
            assert read(salesforce, "contacts", id, "LastName", "Birthdate").values == {"LastName": "Lee"}
        finally:
            control("settings", hidden="")

    def test_a_lookup_with_several_targets_is_a_field_for_each(self, salesforce: Salesforce, control: Control) -> None:
        contact, deal = (
            put(control, "Contact", LastName="Lee"),
            put(control, "Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-01-31"),
        )
        id = put(control, "Task", Subject="Do it", WhoId=contact, WhatId=deal)
        names = ("WhoId:Contact", "WhoId:Lead", "WhatId:Opportunity", "WhatId:Account", "OwnerId")
        values = read(salesforce, "tasks", id, *names).values
        assert {name: values[name] for name in names[:4]} == {
            "WhoId:Contact": [contact], "WhoId:Lead": [], "WhatId:Opportunity": [deal], "WhatId:Account": []
        }  # fmt: skip
        assert "@" in str(values["OwnerId"])

    def test_owners_are_addresses_and_queues_stay_what_they_are(self, salesforce: Salesforce, control: Control) -> None:
        options = {field.name: field for field in salesforce.fields("leads")}["OwnerId"].options
        assert DANA in [option.value for option in options]
        owners = {str(record.values["OwnerId"]) for record in scanned(salesforce, "leads", "OwnerId").values()}
        assert {owner for owner in owners if "@" not in owner} <= {owner for owner in owners if owner.startswith("00G")}

    def test_calls_and_tasks_are_apart(self, salesforce: Salesforce, control: Control) -> None:
        call = put(control, "Task", Subject="Called", TaskSubtype="Call")
        task = put(control, "Task", Subject="To do")
        assert call in scanned(salesforce, "calls", "Subject")
        found = scanned(salesforce, "tasks", "Subject")
        assert task in found
        assert call not in found


class TestTwoOrgs:
    def test_each_has_its_own_records_and_users(self, salesforce_standin: dict[str, Any], control: Control) -> None:
        north, south = opened(salesforce_standin), opened(salesforce_standin, 1)
        assert north.identify() != south.identify()
        found = [scanned(each, "contacts", "Email") for each in (north, south)]
        assert not found[0].keys() & found[1].keys()
        addresses = [{record.values["Email"] for record in each.values()} - {None} for each in found]
        assert addresses[0] & addresses[1], "the same people are in both"


class TestChanges:
    def test_pages_that_are_smaller_than_asked_for_lose_nothing(self, salesforce: Salesforce, control: Control) -> None:
        cursor = start(salesforce, "contacts")
        control("settings", query_page=7)
        try:
            made = {put(control, "Contact", LastName=f"Lee {n}") for n in range(20)}
            pages = poll(salesforce, "contacts", cursor, "LastName")
            assert made <= {record.id for page in pages for record in page.records}
            assert made <= scanned(salesforce, "contacts", "LastName").keys()
            assert (
                len(salesforce.find("contacts", "LastName", [f"Lee {n}" for n in range(20)], fields=["LastName"])) == 20
            )
            assert len(salesforce.read("contacts", [Ref(id) for id in made], fields=["LastName"]).records) == 20
        finally:
            control("settings", query_page=2000)

    def test_a_merge_of_merges_is_followed(self, salesforce: Salesforce, control: Control) -> None:
        one, two, three = (put(control, "Account", Name=name) for name in ("One", "Two", "Three"))
        cursor = start(salesforce, "accounts")
        control("records", type="Account", merge=[[two, one]])
        control("records", type="Account", merge=[[three, two]])
        answer = salesforce.read("accounts", [Ref(one), Ref(two)], fields=["Name"])
        assert {record.id for record in answer.records.values()} == {three}
        [page] = poll(salesforce, "accounts", cursor, "Name")
        [survivor] = [record for record in page.records if record.id == three]
        assert {one, two} <= set(survivor.aliases)
        assert not {one, two} & set(page.gone)

    def test_what_is_in_no_bin_is_told_by_getdeleted_every_half_hour(self, server: Server) -> None:
        now = datetime.now(UTC)
        ago = [soql.literal(now - timedelta(minutes=n)) for n in range(40)]
        said = {"earliestDateAvailable": "2020-01-01T00:00:00.000+0000", "latestDateCovered": ago[1]}

        def answer(asked: Asked) -> Reply:
            if "/deleted/" in asked.path:
                return Reply(200, {"deletedRecords": [{"id": "0035A00000abcDE", "deletedDate": "…"}], **said})
            return Reply(200, {"totalSize": 0, "done": True, "records": []})

        server.answer = answer
        salesforce = Salesforce(
            ApiSession(server.url, fault=fault), stored_fields=lambda kind: [Field("Email", "Email", FieldType.EMAIL)]
        )
        [page] = poll(salesforce, "contacts", {"since": ago[2], "covered": ago[29]})
        assert (page.gone, page.cursor and page.cursor["covered"]) == ([], ago[29])
        [page] = poll(salesforce, "contacts", {"since": ago[2], "covered": ago[31]})
        assert page.gone == [long_id("0035A00000abcDE")]
        assert page.cursor
        assert page.cursor["covered"] == ago[1]

    def test_what_left_the_bin_is_gone_by_the_word_of_getdeleted(
        self, salesforce: Salesforce, control: Control
    ) -> None:
        id = put(control, "Contact", LastName="Lee")
        control("records", type="Contact", delete=[id])
        control("empty_bin")
        assert salesforce.read("contacts", [Ref(id)], fields=["LastName"]).gone == {id}

    def test_what_sharing_hides_is_not_gone(self, salesforce: Salesforce, control: Control) -> None:
        """A query says of it what it says of a row that is no more: nothing."""
        shown, hidden = put(control, "Contact", LastName="Lee"), put(control, "Contact", LastName="Kim")
        cursor = start(salesforce, "contacts")
        control("records", type="Contact", edit=[{"Id": hidden, "Title": "Boss"}], hide=[hidden])
        answer = salesforce.read("contacts", [Ref(shown), Ref(hidden)], fields=["LastName"])
        assert (set(answer.records), answer.gone, answer.left) == ({shown}, set(), set())
        [page] = poll(salesforce, "contacts", cursor, "LastName")
        assert ({record.id for record in page.records}, page.gone) == ({shown}, [])

    def test_more_deletions_than_salesforce_can_tell_start_anew(self, server: Server) -> None:
        """Else each poll would ask for them again, and get no further."""
        said = [{"errorCode": "EXCEEDED_ID_LIMIT", "message": "The number of IDs exceeds the limit of 600,000"}]
        empty = {"totalSize": 0, "done": True, "records": []}
        server.answer = lambda asked: Reply(400, said) if "/deleted/" in asked.path else Reply(200, empty)
        salesforce = Salesforce(ApiSession(server.url, fault=fault), stored_fields=lambda kind: [])
        salesforce._known = {"contacts": {}}
        ago = soql.literal(datetime.now(UTC) - timedelta(hours=1))
        with pytest.raises(errors.CursorExpired):
            poll(salesforce, "contacts", {"since": ago, "covered": ago})

    def test_a_restored_record_lives_again(self, salesforce: Salesforce, control: Control) -> None:
        id = put(control, "Contact", LastName="Back")
        control("records", type="Contact", delete=[id])
        cursor = start(salesforce, "contacts")
        control("records", type="Contact", undelete=[id])
        [page] = poll(salesforce, "contacts", cursor, "LastName")
        assert id in [record.id for record in page.records]
        assert id not in page.gone

    def test_a_cursor_older_than_the_log_of_deletions_starts_anew(
        self, salesforce: Salesforce, control: Control
    ) -> None:
        old = {"since": "2020-01-01T00:00:00Z", "covered": "2020-01-01T00:00:00Z"}
        with pytest.raises(errors.CursorExpired):
            poll(salesforce, "products", old, "Name")


class TestConversion:
    def test_a_converted_lead_has_left_and_was_not_deleted(self, salesforce: Salesforce, control: Control) -> None:
        lead = put(control, "Lead", LastName="New", Company="Acme", Email="new@example.com")
        cursor = start(salesforce, "leads")
        made = control("records", type="Lead", convert=[lead])["converted"][0]
        [page] = poll(salesforce, "leads", cursor, "Email")
        assert page.left == [lead]
        assert not page.gone
        assert lead not in [record.id for record in page.records]
        answer = salesforce.read("leads", [Ref(lead)], fields=["Email"])
        assert (answer.records, answer.gone, answer.left) == ({}, set(), {lead})
        assert lead not in scanned(salesforce, "leads", "Email")
        assert salesforce.find("leads", "Email", ["new@example.com"], fields=["Email"]) == []
        [contact] = salesforce.find("contacts", "Email", ["new@example.com"], fields=["Email"])
        assert contact.id == made["ContactId"]


class TestLongQueries:
    """What does not fit into an address."""

    def test_many_long_names_are_found(self, salesforce: Salesforce, control: Control) -> None:
        names = [f"株式会社{'東京' * 20}{number}" for number in range(100)]
        put(control, "Account", Name=names[99])
        [found] = salesforce.find("accounts", "Name", names, fields=["Name"])
        assert found.values == {"Name": names[99]}

    def test_an_object_of_many_fields_is_read_in_one_call(
        self, salesforce_standin: dict[str, Any], control: Control
    ) -> None:
        wide = [f"A_Field_With_A_Rather_Long_Name_{number:03}__c" for number in range(400)]
        control("fields", type="Contact", lines=[f"{name}|string|{name}|" for name in wide])
        id = put(control, "Contact", LastName="Lee", **{wide[399]: "here"})
        salesforce = opened(salesforce_standin)
        fields = salesforce.fields("contacts")
        salesforce._stored_fields = lambda kind: fields
        before = salesforce.calls
        assert read(salesforce, "contacts", id, *wide).values[wide[399]] == "here"
        assert salesforce.calls == before + 1

    def test_a_field_that_is_hidden_meanwhile_is_left_out(self, salesforce: Salesforce, control: Control) -> None:
        names = [f"株式会社{'東京' * 20}{number}" for number in range(100)]
        put(control, "Account", Name=names[0], Phone="1")
        control("settings", hidden="Account.Phone")
        try:
            [found] = salesforce.find("accounts", "Name", names, fields=["Name", "Phone"])
        finally:
            control("settings", hidden="")
        assert found.values == {"Name": names[0]}


class TestFinding:
    def test_accounts_are_told_apart_by_the_domain_of_their_website(
        self, salesforce: Salesforce, control: Control
    ) -> None:
        sites = [
            "https://www.Acme-Tools.example/contact?x",
            "acme-tools.example",
            "http://not-acme-tools.example",
            "none",
        ]
        ids = [put(control, "Account", Name="Acme", Website=site) for site in sites]
        names = ("Name", "Website.domain")
        found = salesforce.find("accounts", "Website.domain", ["ACME-tools.example"], fields=["Name"])
        assert sorted(record.id for record in found) == sorted(ids[:2])
        assert read(salesforce, "accounts", ids[0], *names).values["Website.domain"] == "acme-tools.example"
        assert read(salesforce, "accounts", ids[3], *names).values["Website.domain"] is None

    def test_text_that_looks_like_soql_is_text(self, salesforce: Salesforce, control: Control) -> None:
        name = "O'Brien \\' OR Name != '"
        id = put(control, "Contact", LastName=name)
        found = salesforce.find("contacts", "LastName", [name, "' OR '' = '"], fields=["LastName"])
        assert [record.id for record in found] == [id]

    def test_values_that_the_field_cannot_have_find_nothing(self, salesforce: Salesforce, control: Control) -> None:
        put(control, "Account", Name="Acme", NumberOfEmployees=12)
        assert (
            len(salesforce.find("accounts", "NumberOfEmployees", ["12", "a dozen", "1) OR (1"], fields=["Name"])) >= 1
        )
        assert salesforce.find("accounts", "Description", ["Acme"], fields=["Name"]) == []
        assert salesforce.find("accounts", "no_such_field", ["Acme"], fields=["Name"]) == []

    def test_an_owner_is_found_by_address(self, salesforce: Salesforce, control: Control) -> None:
        assert salesforce.find("contacts", "OwnerId", [DANA], fields=["OwnerId"])


class TestRefusals:
    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ({"statusCode": "REQUIRED_FIELD_MISSING", "message": "m", "fields": ["LastName"]}, "REQUIRED_VALUE_BLANK"),
            ({"statusCode": "STRING_TOO_LONG", "message": "m", "fields": ["Title"]}, "VALUE_TOO_LONG"),
            ({"statusCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "message": "m", "fields": ["X"]}, "OPTION_NOT_ALLOWED"),
            ({"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Ask Bob"}, "VALIDATION_RULE"),
            ({"statusCode": "FIELD_INTEGRITY_EXCEPTION", "message": "There's a problem with this state"}, "COUNTRY_STATE_INVALID"),
            ({"statusCode": "INACTIVE_OWNER_OR_USER", "message": "m"}, "OWNER_UNMAPPED"),
            ({"statusCode": "CANNOT_UPDATE_CONVERTED_LEAD", "message": "m"}, "CONVERTED_AWAY"),
            ({"statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?"}, "DUPLICATE_RULE_BLOCKED"),
            ({"statusCode": "UNABLE_TO_LOCK_ROW", "message": "m"}, "ROW_CONTENTION"),
            ({"statusCode": "CANNOT_EXECUTE_FLOW_TRIGGER", "message": "… UNABLE_TO_LOCK_ROW …"}, "ROW_CONTENTION"),
            ({"statusCode": "ENTITY_IS_DELETED", "message": "m"}, "RECORD_GONE"),
            ({"statusCode": "INVALID_CROSS_REFERENCE_KEY", "message": "m", "fields": ["AccountId"]}, "RECORD_NOT_VISIBLE"),
            ({"statusCode": "SERVER_UNAVAILABLE", "message": "m"}, "REMOTE_UNAVAILABLE"),
            ({"statusCode": "NEW_IN_V99", "message": "m"}, "VALIDATION_RULE"),
        ],
    )  # fmt: skip
    def test_what_a_refusal_of_a_record_means(self, said: dict[str, Any], code: str) -> None:
        error = item_error(said)
        assert error.code == code
        assert error.field == (said.get("fields") or [""])[0]

    def test_a_taken_unique_value_names_the_record_that_has_it(self) -> None:
        text = "duplicate value found: Ext__c duplicates value on record with id: 0015A00002abcDE"
        error = item_error({"statusCode": "DUPLICATE_VALUE", "message": text})
        assert isinstance(error, errors.AlreadyExists)
        assert error.existing_id == long_id("0015A00002abcDE") != "0015A00002abcDE"

    @pytest.mark.parametrize(
        ("status", "said", "kind"),
        [
            (401, "INVALID_SESSION_ID", errors.AuthExpired),
            (403, "REQUEST_LIMIT_EXCEEDED", errors.RateLimited),
            (403, "API_DISABLED_FOR_ORG", errors.ScopeMissing),
            (400, "INVALID_TYPE", errors.ScopeMissing),
            (400, "INVALID_REPLICATION_DATE", errors.CursorExpired),
            (400, "QUERY_TIMEOUT", errors.Unavailable),
            (400, "INVALID_QUERY_LOCATOR", errors.Unavailable),
            (404, "NOT_FOUND", errors.Gone),
            (500, "UNKNOWN_EXCEPTION", type(None)),
        ],
    )
    def test_what_a_refused_call_means(self, status: int, said: str, kind: type) -> None:
        body = f'[{{"errorCode": "{said}", "message": "…"}}]'.encode()
        assert type(fault(Answer(status, {}, body), wrote=False)) is kind

    @pytest.mark.parametrize(
        ("short", "long"), [("001D000000IqhSL", "001D000000IqhSLIAZ"), ("500D0000003s8nI", "500D0000003s8nIIAQ")]
    )
    def test_ids_of_both_lengths_are_one(self, short: str, long: str) -> None:
        assert long_id(short) == long_id(long) == long


class TestBulk:
    def test_a_large_first_read_is_a_bulk_job(
        self, salesforce_standin: dict[str, Any], control: Control, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bulk, "PAGE", 9)
        put(control, "Contact", LastName='Line\n"two", three', Email="odd@example.com", HasOptedOutOfEmail=True)
        names = ("LastName", "Email", "OwnerId", "AccountId", "HasOptedOutOfEmail", "Birthdate", "Score__c")
        control("stats", reset=True)
        in_bulk = scanned(opened(salesforce_standin, bulk_from=10), "contacts", *names)
        lines = control("stats")["by_path"]
        assert any("jobs/query" in line for line in lines)
        by_pages = scanned(opened(salesforce_standin), "contacts", *names)
        assert len(in_bulk) > 20
        assert {id: record.values for id, record in in_bulk.items()} == {id: r.values for id, r in by_pages.items()}

    def test_a_job_that_is_not_even_taken_is_read_another_way(
        self, salesforce_standin: dict[str, Any], control: Control
    ) -> None:
        """A field was hidden since the fields were read: queries leave it out, a job fails with it."""
        salesforce = opened(salesforce_standin, bulk_from=10)
        assert "Birthdate" in salesforce._fields_of(OBJECTS["contacts"])
        control("settings", hidden="Contact.Birthdate")
        try:
            found = scanned(salesforce, "contacts", "LastName", "Birthdate")
        finally:
            control("settings", hidden="")
        assert len(found) > 20
        assert all(record.values.keys() == {"LastName"} for record in found.values())

    def test_a_job_that_is_lost_is_read_another_way(self, salesforce: Salesforce, control: Control) -> None:
        page = salesforce.scan("contacts", fields=["Email"], position={"job": "7505A00000xxxxxQAA"}, scope={})
        assert (page.records, page.position) == ([], {"last": ""})


class TestOddTimes:
    def test_what_a_long_transaction_shows_late_is_found(self, salesforce: Salesforce, control: Control) -> None:
        """Its stamp is ten minutes older than the poll that did not see it: the longest that Salesforce lets one run."""
        cursor = poll(salesforce, "contacts", start(salesforce, "contacts"), "LastName")[-1].cursor
        assert cursor
        [late] = control("records", type="Contact", behind=600, create=[{"LastName": "Late"}])["created"]
        assert late in [
            record.id for page in poll(salesforce, "contacts", cursor, "LastName") for record in page.records
        ]

    def test_what_the_platform_does_is_nobodys_edit(self, salesforce: Salesforce, control: Control) -> None:
        """Else an older value would win as the more recent one, because the record was touched after it."""
        kept, lost = put(control, "Account", Name="Kept"), put(control, "Account", Name="Lost")
        row = {"LastName": "Lee", "AccountId": lost}
        [id] = control("records", type="Contact", behind=3600, create=[row])["created"]
        edited = read(salesforce, "contacts", id, "AccountId")
        control("records", type="Account", merge=[[kept, lost]])
        touched = read(salesforce, "contacts", id, "AccountId")
        assert touched.values == {"AccountId": [kept]}
        assert touched.modified_at == edited.modified_at
        assert touched.version > edited.version

    def test_an_archived_activity_is_not_taken_for_deleted(self, salesforce: Salesforce, control: Control) -> None:
        id = put(control, "Task", Subject="Last year's")
        control("records", type="Task", archive=[id])
        assert salesforce.read("tasks", [Ref(id)], fields=["Subject"]).gone == set()
        assert id in scanned(salesforce, "tasks", "Subject")
