"""What is particular to Dynamics: columns, owners, batches, versions, and what its answers mean."""

import uuid
from typing import Any

import pytest

from integrations import errors
from integrations.connectors.dynamics import kinds, schema
from integrations.connectors.dynamics.client import fault
from integrations.connectors.dynamics.connector import Dynamics
from integrations.http import ApiSession
from integrations.records import Count, Create, Field, FieldType, Ref, Update, Values
from tests.contract.conftest import Control
from tests.contract.dynamics import (
    control,
    create,
    dynamics,
    dynamics_standin,
    opened,
    put,
    read,
    row,
    shown,
    update,
)
from tests.integrations.server import Reply, Server

__all__ = ["control", "dynamics", "dynamics_standin"]


DANA = "dana.reyes@syncline.example"


class TestFields:
    @pytest.mark.parametrize("kind", [kind.key for kind in kinds.ALL])
    def test_every_default_mapping_names_a_field(self, dynamics: Dynamics, kind: str) -> None:
        fields = {field.name: field for field in dynamics.fields(kind)}
        listed = next(each for each in kinds.ALL if each.key == kind)
        wanted = {
            *(preset.field for preset in listed.presets),
            *listed.label_fields,
            *listed.label_else,
            *listed.filter_fields,
        }
        assert wanted <= fields.keys()
        assert all(field.refers_to for field in fields.values() if field.type == "reference")

    def test_notes_and_the_text_of_emails_are_formatted(self, dynamics: Dynamics) -> None:
        assert {field.name: field for field in dynamics.fields("annotations")}["notetext"].type == "rich_text"
        assert {field.name: field for field in dynamics.fields("emails")}["description"].type == "rich_text"
        assert {field.name: field for field in dynamics.fields("tasks")}["description"].type == "long_text"
        assert schema.to_canonical("<div class='ck-content'><p>&nbsp;</p></div>", FieldType.RICH_TEXT) is None

    def test_a_column_that_a_maker_added_is_a_field_of_its_type(self, dynamics: Dynamics, control: Control) -> None:
        lines = ["new_score|Integer|Score|", "new_colours|MultiSelectPicklist|Colours|options=1/Red,2/Green,3/Blue"]
        control(
            "columns",
            type="contacts",
            lines=[*lines, "new_Sponsor|Lookup|Sponsor|to=account"],
            schema_name="new_Sponsor",
        )
        fields = {field.name: field for field in dynamics.fields("contacts")}
        assert [fields[name].type for name in ("new_score", "new_colours", "new_Sponsor")] == [
            "number",
            "multi",
            "reference",
        ]
        assert fields["new_score"].custom
        fresh = Dynamics(dynamics._session)
        account = put(control, "accounts", name="Acme")
        values: Values = {"lastname": "Lee", "new_score": "7", "new_colours": ["1", "3"], "new_Sponsor": [account]}
        verdict = create(fresh, "contacts", values)
        assert shown(verdict, values) == values

    @pytest.mark.parametrize("zone", ["T10:00:00Z", "T00:00:00Z", "T05:00:00Z"], ids=["Honolulu", "London", "New York"])
    def test_a_day_is_the_day_that_somebody_typed_wherever_they_are(
        self, dynamics: Dynamics, control: Control, zone: str
    ) -> None:
        """A column of the behaviour *user local* keeps the moment at which the day began there."""
        control("columns", type="contacts", lines=["new_since|LocalDate|Customer since|"])
        fresh = Dynamics(dynamics._session)
        west = put(control, "contacts", lastname="Lee", new_since=f"2026-03-01{zone}")
        assert read(fresh, "contacts", west, "new_since").values == {"new_since": "2026-03-01"}
        for east in ("T22:00:00Z", "T11:00:00Z"):  # midnight in Berlin in summer, in Auckland in summer
            id = put(control, "contacts", lastname="Kim", new_since=f"2026-02-28{east}")
            assert read(fresh, "contacts", id, "new_since").values == {"new_since": "2026-03-01"}
        assert shown(update(fresh, "contacts", west, {"new_since": "2026-03-02", "birthdate": "2001-02-03"}), {
            "new_since": None, "birthdate": None,
        }) == {"new_since": "2026-03-02", "birthdate": "2001-02-03"}  # fmt: skip
        assert update(fresh, "contacts", west, {"new_since": None}).error is None

    @pytest.mark.parametrize("kind", ["phonecalls", "emails", "appointments"])
    def test_lists_of_participants_are_no_columns(self, dynamics: Dynamics, kind: str) -> None:
        """Nothing of theirs can be selected: one that was mapped would spoil every read of the table."""
        fields = {field.name for field in dynamics.fields(kind)}
        assert fields.isdisjoint({"from", "to", "cc", "bcc", "organizer", "requiredattendees", "optionalattendees"})
        assert dynamics.scan(kind, fields=sorted(fields), position=None, scope={}).records

    def test_no_choice_at_all_is_a_blank(self) -> None:
        """An empty text is no list of numbers."""
        assert schema.to_wire([], Field("new_colours", "Colours", FieldType.MULTI)) is None

    @pytest.mark.parametrize("during_a_scan", [False, True])
    def test_a_column_that_was_deleted_is_left_out(
        self, dynamics_standin: dict[str, Any], control: Control, during_a_scan: bool
    ) -> None:
        control("columns", type="contacts", lines=["new_size|String|Size|max=10"])
        id = put(control, "contacts", lastname="Lee", new_size="42")
        control("records", type="contacts", create=[{"lastname": str(n)} for n in range(520)])
        fresh = Dynamics(opened(dynamics_standin)._session)
        wanted = ["lastname", "new_size"]
        first = fresh.scan("contacts", fields=wanted, position=None, scope={})
        cursor = fresh.changes("contacts", fields=wanted, cursor=None, position=None, scope={}).cursor
        control("columns", type="contacts", drop=["new_size"])
        control("records", type="contacts", edit=[{"id": id, "lastname": "Leigh"}])
        position = first.position if during_a_scan else None
        page = fresh.scan("contacts", fields=wanted, position=position, scope={})
        assert page.records
        assert all(record.values.keys() == {"lastname"} for record in page.records)
        changed = fresh.changes("contacts", fields=wanted, cursor=cursor, position=None, scope={}).records
        assert [record.values for record in changed] == [{"lastname": "Leigh"}]

    def test_state_and_status_reason_are_a_field_each(self, dynamics: Dynamics) -> None:
        fields = {field.name: field for field in dynamics.fields("opportunities")}
        assert [option.label for option in fields["statecode"].options] == ["Open", "Won", "Lost"]
        assert fields["statecode"].writable
        assert [option.label for option in fields["statuscode"].options] == [
            "In Progress", "On Hold", "Won", "Canceled", "Out-Sold"
        ]  # fmt: skip


class TestBatches:
    def test_each_part_of_a_batch_has_a_verdict_of_its_own(self, dynamics: Dynamics, control: Control) -> None:
        bad: list[Values] = [
            {"firstname": "x" * 51}, {"gendercode": "99"}, {"annualincome": "much"}, {"no_such_field": "x"},
            {"parentcustomerid:account": [str(uuid.uuid4())]}, {"ownerid": "nobody@example.com"}, {"birthdate": "soon"},
        ]  # fmt: skip
        good: Values = {"lastname": "Good", "emailaddress1": "good@example.com"}
        items = [Create(values, key=str(uuid.uuid4())) for values in [good, *bad, {**good, "lastname": "Also"}]]
        before = dynamics.calls
        verdicts = dynamics.create("contacts", items, scope={})
        codes = [getattr(verdict.error, "code", "") for verdict in verdicts]
        assert codes == [
            "", "VALUE_TOO_LONG", "OPTION_NOT_ALLOWED", "NUMBER_INVALID", "FIELD_MISSING", "PARENT_FAILED", "OWNER_UNMAPPED",
            "TYPE_INCOMPATIBLE", "",
        ]  # fmt: skip
        assert verdicts[1].error.field == "firstname"  # type: ignore[union-attr]
        made = {row["properties"]["lastname"] for row in control("list", type="contacts")["results"]}
        assert {"Good", "Also"} <= made
        assert dynamics.calls - before <= 4  # the batch, and once: users, names of lookups

    def test_a_full_batch_is_one_call(self, dynamics: Dynamics, control: Control) -> None:
        people = [
            Create({"lastname": f"Many {number}"}, key=str(uuid.uuid4()))
            for number in range(dynamics.abilities("contacts").write_batch)
        ]
        create(dynamics, "contacts", {"lastname": "First"})  # users are known now
        before = dynamics.calls
        verdicts = dynamics.create("contacts", people, scope={})
        assert dynamics.calls - before == 1
        assert all(verdict.record and verdict.record.version for verdict in verdicts)

    def test_a_create_that_was_not_answered_is_found_by_its_key(self, dynamics: Dynamics, control: Control) -> None:
        item = Create({"subject": "Call back"}, key=str(uuid.uuid4()))  # a task has nothing else to be found by
        dynamics.scan(
            "tasks", fields=["subject"], position=None, scope={}
        )  # columns are known: the next batch is the write
        control("faults", fault="lost", next=1, match="batch")
        with pytest.raises(errors.NoAnswer):
            dynamics.create("tasks", [item], scope={})
        again = dynamics.create("tasks", [item], scope={})[0]
        assert again.existed
        assert again.record
        assert [r["id"] for r in control("list", type="tasks")["results"]].count(again.record.id) == 1

    def test_what_somebody_changed_of_a_create_without_an_answer_is_their_edit(
        self, dynamics: Dynamics, control: Control
    ) -> None:
        """The engine takes what the verdict shows for what its write has made, and syncs nothing of that."""
        item = Create({"subject": "Call back", "description": "Soon", "prioritycode": "2"}, key=str(uuid.uuid4()))
        [made] = dynamics.create("tasks", [item], scope={})
        assert made.record
        control("records", type="tasks", edit=[{"id": made.record.id, "subject": "Call Eve back", "prioritycode": 0}])
        [again] = dynamics.create("tasks", [item], scope={})
        assert again.existed
        assert again.record
        assert again.record.values == {"description": "Soon"}
        assert again.record.version == ""

    def test_a_taken_id_is_known_by_its_status_alone(self, dynamics: Dynamics, server: Server) -> None:
        """Older versions of the platform give no code. To take it for a changed record would end in a second record."""
        item = Create({"subject": "Call back"}, key=str(uuid.uuid4()))
        part = (
            "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 412 Precondition Failed\r\n\r\n"
            '{"error":{"code":""}}\r\n--b--\r\n'
        )
        found = {"value": [{"activityid": item.key, "subject": "Call back", "@odata.etag": 'W/"7"'}]}
        server.replies(Reply(200, part, {"Content-Type": "multipart/mixed; boundary=b"}), Reply(200, found))
        lone = Dynamics(ApiSession(server.url, fault=fault), stored_fields=dynamics.fields)
        [verdict] = lone.create("tasks", [item], scope={})
        assert verdict.existed
        assert verdict.record
        assert verdict.record.id == item.key

    def test_a_part_on_which_the_answer_is_silent_may_have_happened(self, dynamics: Dynamics, server: Server) -> None:
        part = "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\nOData-Version: 4.0\r\n\r\n\r\n"
        server.replies(Reply(200, part + "--b--\r\n", {"Content-Type": "multipart/mixed; boundary=b"}))
        lone = Dynamics(ApiSession(server.url, fault=fault), stored_fields=dynamics.fields)
        verdicts = lone.delete("contacts", [str(uuid.uuid4()), str(uuid.uuid4())])
        assert verdicts[0].error is None
        assert isinstance(verdicts[1].error, errors.NoAnswer)

    def test_a_limit_inside_a_batch_concerns_that_part_alone(self, dynamics: Dynamics, server: Server) -> None:
        said = '{"error":{"code":"0x80072321","message":"Combined execution time"}}'
        parts = (
            "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n"
            f"--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 429 Too Many\r\nRetry-After: 12\r\n\r\n{said}\r\n--b--\r\n"
        )
        server.replies(Reply(200, parts, {"Content-Type": "multipart/mixed; boundary=b"}))
        lone = Dynamics(ApiSession(server.url, fault=fault), stored_fields=dynamics.fields)
        verdicts = lone.delete("contacts", [str(uuid.uuid4()), str(uuid.uuid4())])
        assert verdicts[0].error is None
        assert isinstance(verdicts[1].error, errors.RateLimited)
        assert verdicts[1].error.retry_after == 12


class TestVersions:
    def test_a_record_that_changed_since_it_was_read_is_not_overwritten(
        self, dynamics: Dynamics, control: Control
    ) -> None:
        first, second = put(control, "contacts", lastname="Lee"), put(control, "contacts", lastname="Kim")
        seen = [read(dynamics, "contacts", id, "lastname").version for id in (first, second)]
        control("records", type="contacts", edit=[{"id": first, "lastname": "By hand"}])
        items = [Update(id, {"lastname": "Ours"}, version=v) for id, v in zip((first, second), seen, strict=True)]
        verdicts = dynamics.update("contacts", items)
        assert isinstance(verdicts[0].error, errors.StaleVersion)
        assert verdicts[1].error is None
        assert [row(control, "contacts", id)["lastname"] for id in (first, second)] == ["By hand", "Ours"]

    def test_the_answer_of_an_update_has_the_version_for_the_next(self, dynamics: Dynamics, control: Control) -> None:
        id = put(control, "contacts", lastname="Lee")
        done = update(dynamics, "contacts", id, {"lastname": "One"}).record
        assert done
        assert update(dynamics, "contacts", id, {"lastname": "Two"}, version=done.version).error is None

    def test_a_table_that_keeps_no_versions_is_written_without(self, dynamics: Dynamics, control: Control) -> None:
        ids = [put(control, "contacts", lastname=name) for name in ("One", "Two")]
        seen = [read(dynamics, "contacts", id, "lastname").version for id in ids]
        control("settings", unversioned="contact")
        items = [Update(id, {"lastname": "Ours"}, version=v) for id, v in zip(ids, seen, strict=True)]
        done = dynamics.update("contacts", items)
        assert [verdict.error for verdict in done] == [None, None]
        control("records", type="contacts", edit=[{"id": ids[1], "lastname": "By hand"}])
        items = [Update(v.record.id, {"lastname": "More"}, version=v.record.version) for v in done if v.record]
        before = dynamics.calls
        first, second = dynamics.update("contacts", items)
        assert dynamics.calls - before == 2, "a look, and no try with a version"
        assert first.error is None
        assert isinstance(second.error, errors.StaleVersion)

    def test_a_table_that_keeps_no_versions_is_deleted_from_without(self, dynamics: Dynamics, control: Control) -> None:
        ids = [put(control, "contacts", lastname=name) for name in ("One", "Two")]
        versions = {id: read(dynamics, "contacts", id, "lastname").version for id in ids}
        control("settings", unversioned="contact")
        assert dynamics.delete("contacts", [ids[0]], versions=versions)[0].error is None
        before = dynamics.calls
        assert dynamics.delete("contacts", [ids[1]], versions=versions)[0].error is None
        assert dynamics.calls - before == 1, "no try with a version"
        assert dynamics.read("contacts", [Ref(id) for id in ids], fields=["lastname"]).gone == set(ids)

    def test_what_succeeded_is_not_sent_again_where_others_must_go_without_a_version(
        self, dynamics: Dynamics, control: Control
    ) -> None:
        ids = [put(control, "contacts", lastname=name) for name in ("One", "Two")]
        control("settings", unversioned="contact")
        before, seen = control("writes").get("contacts", 0), read(dynamics, "contacts", ids[1], "lastname").version
        items = [Update(id, {"lastname": "Ours"}, version=v) for id, v in zip(ids, ("", seen), strict=True)]
        assert [verdict.error for verdict in dynamics.update("contacts", items)] == [None, None]
        assert control("writes")["contacts"] - before == 3

    def test_a_record_that_we_may_not_read_any_more_is_not_gone(self, dynamics: Dynamics, control: Control) -> None:
        """Another business unit, a narrower role: lists leave the row out just as if it had been deleted."""
        hidden, deleted = [put(control, "contacts", lastname=name) for name in ("Hidden", "Deleted")]
        control("records", type="contacts", hide=[hidden], delete=[deleted])
        answer = dynamics.read("contacts", [Ref(hidden), Ref(deleted)], fields=["lastname"])
        assert (answer.records, answer.gone) == ({}, {deleted})

    @pytest.mark.parametrize("value", ["1 or lastname ne null", "n/a", ""])
    def test_a_value_that_no_such_column_can_hold_finds_nothing(
        self, dynamics: Dynamics, control: Control, value: str
    ) -> None:
        put(control, "contacts", lastname="Lee", numberofchildren=2)
        found = dynamics.find("contacts", "numberofchildren", [value, "2"], fields=["lastname"])
        assert [record.values["lastname"] for record in found] == ["Lee"]

    def test_a_parent_that_is_gone_is_not_the_records_own_end(self, dynamics: Dynamics, control: Control) -> None:
        """Dynamics says of either that it does not exist, and the engine deletes what is gone at the other side, too."""
        id, lost = put(control, "contacts", lastname="Lee"), str(uuid.uuid4())
        deleted = put(control, "contacts", lastname="Kim")
        control("records", type="contacts", delete=[deleted])
        items = [Update(each, {"parentcustomerid:account": [lost]}) for each in (id, deleted)]
        ours, theirs = dynamics.update("contacts", items)
        assert isinstance(ours.error, errors.Refused)
        assert ours.error.code == "PARENT_FAILED"
        assert isinstance(theirs.error, errors.Gone)

    def test_an_update_of_a_record_that_we_may_not_read_is_not_its_end(
        self, dynamics: Dynamics, control: Control
    ) -> None:
        id, account = put(control, "contacts", lastname="Hidden"), put(control, "accounts", name="Acme")
        control("records", type="contacts", hide=[id])
        verdict = update(dynamics, "contacts", id, {"parentcustomerid:account": [account]})
        assert isinstance(verdict.error, errors.NotVisible)

    def test_a_record_that_was_merged_into_another_is_not_written(self, dynamics: Dynamics, control: Control) -> None:
        kept, lost, account = (
            put(control, "contacts", lastname="Kept"),
            put(control, "contacts", lastname="Lost"),
            put(control, "accounts", name="Acme"),
        )
        control("records", type="contacts", merge=[[kept, lost]])
        for values in ({"parentcustomerid:account": [account]}, {"lastname": "Ours"}):
            verdict = update(dynamics, "contacts", lost, values, {"lastname": "Lost"})
            assert isinstance(verdict.error, errors.StaleVersion)
        assert row(control, "contacts", lost)["lastname"] == "Lost"

    def test_an_update_never_makes_a_record(self, dynamics: Dynamics, control: Control) -> None:
        before = len(control("list", type="contacts")["results"])
        assert isinstance(update(dynamics, "contacts", str(uuid.uuid4()), {"lastname": "Nobody"}).error, errors.Gone)
        assert len(control("list", type="contacts")["results"]) == before


class TestOwners:
    def test_a_new_record_shows_the_owner_that_nobody_chose(self, dynamics: Dynamics, control: Control) -> None:
        """Else it would look like an edit a moment later, and go to the other side."""
        verdict = create(dynamics, "contacts", {"lastname": "Lee"})
        assert verdict.record
        assert verdict.record.values["ownerid"] == "integration@syncline.example"
        assert verdict.record.values["statuscode"] == "1"

    def test_owners_are_people_with_an_address(self, dynamics: Dynamics, control: Control) -> None:
        verdict = create(dynamics, "contacts", {"lastname": "Lee", "ownerid": DANA.upper()})
        assert verdict.record
        assert verdict.record.values["ownerid"] == DANA

    def test_an_activity_has_a_name_of_its_own_for_its_owner(self, dynamics: Dynamics, control: Control) -> None:
        """``ownerid_phonecall``, of the table *owner*: users and teams are its rows."""
        verdict = create(dynamics, "phonecalls", {"subject": "Hi", "ownerid": DANA})
        assert verdict.record
        assert verdict.record.values["ownerid"] == DANA

    def test_an_address_of_two_active_users_names_nobody(self, dynamics: Dynamics, control: Control) -> None:
        """Whichever was taken, it could be the wrong one."""
        twin = put(control, "systemusers", fullname="Dana's other user", internalemailaddress=DANA, isdisabled=False)
        fresh = Dynamics(dynamics._session)
        refused = create(fresh, "contacts", {"lastname": "Lee", "ownerid": DANA}).error
        assert isinstance(refused, errors.Refused)
        assert (refused.code, refused.field) == ("OWNER_UNMAPPED", "ownerid")
        assert "Several" in refused.message
        offered = {field.name: field for field in fresh.fields("contacts")}["ownerid"].options
        assert DANA not in {option.value for option in offered}
        control("records", type="systemusers", edit=[{"id": twin, "isdisabled": True}])
        assert create(Dynamics(dynamics._session), "contacts", {"lastname": "Lee", "ownerid": DANA}).error is None

    def test_another_user_than_the_owner_can_be_taken_away(self, dynamics: Dynamics, control: Control) -> None:
        control("columns", type="contacts", lines=["new_coach|Lookup|Coach|to=systemuser"])
        fresh = Dynamics(dynamics._session)
        id = put(control, "contacts", lastname="Lee")
        for value in (DANA, None):
            assert update(fresh, "contacts", id, {"new_coach": value}).error is None
            assert read(fresh, "contacts", id, "new_coach").values == {"new_coach": value}
        assert isinstance(update(fresh, "contacts", id, {"ownerid": None}).error, errors.CannotDo)

    @pytest.mark.parametrize("address", ["nobody@example.com", "former.colleague@syncline.example"])
    def test_an_address_without_an_active_user_is_refused_for_that_record(
        self, dynamics: Dynamics, control: Control, address: str
    ) -> None:
        items = [
            Create({"lastname": str(n), "ownerid": owner}, key=str(uuid.uuid4()))
            for n, owner in enumerate((DANA, address))
        ]
        verdicts = dynamics.create("contacts", items, scope={})
        assert verdicts[0].error is None
        assert isinstance(verdicts[1].error, errors.Refused)
        assert (verdicts[1].error.code, verdicts[1].error.field) == ("OWNER_UNMAPPED", "ownerid")

    def test_an_owner_is_chosen_among_the_active_users(self, dynamics: Dynamics, control: Control) -> None:
        fields = {field.name: field for field in dynamics.fields("contacts")}
        offered = {option.value: option.label for option in fields["ownerid"].options}
        assert offered[DANA] == "Dana Reyes"
        assert "former.colleague@syncline.example" not in offered
        assert all("@" in address and address == address.lower() for address in offered)

    def test_a_team_stays_an_id(self, dynamics: Dynamics, control: Control) -> None:
        team = control("list", type="teams")["results"][0]["id"]
        id = put(control, "contacts", lastname="Lee", **{"ownerid@odata.bind": f"/teams({team})"})
        assert read(dynamics, "contacts", id, "ownerid").values == {"ownerid": team}


class TestCounts:
    def test_a_merged_row_does_not_count(self, dynamics: Dynamics, control: Control) -> None:
        before = dynamics.count("contacts", scope={})
        kept, other = put(control, "contacts", lastname="Kept"), put(control, "contacts", lastname="Other")
        control("records", type="contacts", merge=[[kept, other]])
        assert dynamics.count("contacts", scope={}) == Count(before.n + 1)

    def test_of_more_than_dataverse_counts_it_tells_about_how_many(self, dynamics: Dynamics, control: Control) -> None:
        control("records", type="accounts", create=[{"name": f"Firm {n}"} for n in range(5_010)])
        found, calls = dynamics.count("accounts", scope={}), dynamics.calls
        assert found.n > 5_010
        assert found.sure == "about"
        assert calls <= 2


def test_a_link_to_another_organisation_is_not_followed(server: Server, dynamics: Dynamics) -> None:
    elsewhere = {"value": [], "@odata.nextLink": "https://elsewhere.example/api/data/v9.2/contacts?$skiptoken=x"}
    server.replies(Reply(200, elsewhere))
    lone = Dynamics(ApiSession(server.url, fault=fault), stored_fields=dynamics.fields)
    with pytest.raises(errors.Unavailable):
        lone.scan("contacts", fields=["lastname"], position=None, scope={})


@pytest.mark.parametrize("said", ["<html>Sign in</html>", {"error": "none"}, {"value": "odd"}])
def test_an_answer_that_is_none_of_dynamics_is_an_outage(server: Server, dynamics: Dynamics, said: Any) -> None:
    """A proxy's page with status 200, for one."""
    lone = Dynamics(ApiSession(server.url, fault=fault), stored_fields=dynamics.fields)
    calls: list[Any] = [
        lambda: lone.scan("contacts", fields=["lastname"], position=None, scope={}),
        lambda: lone.read("contacts", [Ref(str(uuid.uuid4()))], fields=["lastname"]),
        lambda: lone.changes("contacts", fields=["lastname"], cursor=None, position=None, scope={}),
        lambda: lone.find("contacts", "emailaddress1", ["a@example.com"], fields=["lastname"]),
        lone.identify,
    ]
    server.replies(*[Reply(200, said)] * len(calls))
    for call in calls:
        with pytest.raises(errors.Unavailable):
            call()


def test_a_database_that_was_busy_is_asked_again(server: Server, dynamics: Dynamics) -> None:
    server.replies(Reply(500, {"error": {"code": "0x80044151", "message": "Generic SQL error."}}))
    lone = Dynamics(ApiSession(server.url, fault=fault), stored_fields=dynamics.fields)
    with pytest.raises(errors.Locked) as caught:
        lone.delete("contacts", [str(uuid.uuid4())])
    assert caught.value.retry == "T"


def test_two_organisations_are_two_accounts_with_overlapping_people(
    dynamics_standin: dict[str, Any], control: Control
) -> None:
    north, south = opened(dynamics_standin, 0), opened(dynamics_standin, 1)
    assert north.identify().id != south.identify().id
    people = [
        {
            record.values["emailaddress1"]
            for record in each.scan("contacts", fields=["emailaddress1"], position=None, scope={}).records
        }
        for each in (north, south)
    ]  # fmt: skip
    assert len(people[0] & people[1]) > len(people[1]) / 2


def test_a_plugin_that_refuses_is_no_outage(server: Server, dynamics: Dynamics) -> None:
    said = {"error": {"code": "0x80040265", "message": "Credit limit exceeded"}}
    server.replies(Reply(500, said))
    lone = Dynamics(ApiSession(server.url, fault=fault), stored_fields=dynamics.fields)
    with pytest.raises(errors.Refused, match="Credit limit exceeded"):
        lone.delete("contacts", [str(uuid.uuid4())])
