"""HubSpot answers the contract, and a few questions of its own."""

import json
from typing import Any

import pytest

from integrations import errors
from integrations.connectors.hubspot import feed
from integrations.connectors.hubspot.client import fault, item_error
from integrations.connectors.hubspot.connector import HubSpot
from integrations.connectors.hubspot.objects import OBJECTS
from integrations.connectors.hubspot.schema import field_of, to_canonical, to_wire
from integrations.http import Answer, ApiSession
from integrations.records import Create, Field, FieldType, Option, Ref, Update, Value, Values
from tests.contract.conftest import Control
from tests.contract.hubspot import SHOWN, HubSpotPeer, opened, wire
from tests.contract.suite import ConnectorContract, Names
from tests.integrations.server import Reply, Server


@pytest.fixture
def connector(hubspot_standin: dict[str, Any]) -> HubSpot:
    return opened(hubspot_standin)


@pytest.fixture
def peer(hubspot_control: Control) -> HubSpotPeer:
    return HubSpotPeer(hubspot_control)


class TestHubSpot(ConnectorContract):
    names = Names(email="email", text="firstname", other="lastname")
    values: dict[FieldType, tuple[str, Value, Value]] = {
        FieldType.TEXT: ("jobtitle", "Head of Ops", "Zoë 漢字"),
        FieldType.PHONE: ("phone", "+31 20 123 4567", "020-1234567"),
        FieldType.URL: ("website", "https://example.com", "http://example.org/a?b=c"),
        FieldType.OPTION: ("hs_lead_status", "NEW", "CONNECTED"),
    }


class TestFieldsWeMake:
    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            (FieldType.NUMBER, ["1250.5", "-3", "0"]),
            (FieldType.DATE, ["2026-05-01", "1969-07-20"]),
            (FieldType.DATETIME, ["2026-05-01T08:30:00.000Z", "2026-05-01T08:30:00.250Z"]),
            (FieldType.BOOL, [True, False]),
            (FieldType.OPTION, ["a", "b"]),
            (FieldType.MULTI, [["a", "b"], ["b"]]),
            (FieldType.LONG_TEXT, ["two\nlines"]),
        ],
    )
    def test_a_made_field_keeps_values_of_its_type(
        self, connector: HubSpot, peer: HubSpotPeer, kind: FieldType, values: list[Value]
    ) -> None:
        options = (Option("a", "A"), Option("b", "B")) if kind in (FieldType.OPTION, FieldType.MULTI) else ()
        made = connector.create_field("contacts", Field(f"Our {kind}", f"Our {kind}", kind, options=options))
        assert (made.type, made.custom, made.writable) == (kind, True, True)
        id = peer.put({"email": "made@example.com"})
        for value in [*values, None]:
            verdict = connector.update("contacts", [Update(id, {made.name: value})])[0]
            assert verdict.error is None
            assert verdict.record
            assert verdict.record.values[made.name] == value
            assert connector.read("contacts", [Ref(id)], fields=[made.name]).records[id].values[made.name] == value


def test_one_bad_value_in_a_batch_of_updates_costs_only_itself(connector: HubSpot, peer: HubSpotPeer) -> None:
    ids = peer.put_many(20)
    items = [Update(id, {"firstname": "New"}) for id in ids]
    items[13] = Update(ids[13], {"hs_lead_status": "NO_SUCH"})
    before = connector.calls
    verdicts = connector.update("contacts", items)
    refused = [place for place, verdict in enumerate(verdicts) if verdict.error]
    assert refused == [13]
    error = verdicts[13].error
    assert isinstance(error, errors.Refused)
    assert (error.code, error.field) == ("OPTION_NOT_ALLOWED", "hs_lead_status")
    assert all(peer.values(id)["firstname"] == "New" for id in ids[:13] + ids[14:])
    assert connector.calls - before <= 12


def test_a_choice_with_a_semicolon_is_not_taken_for_two(connector: HubSpot, peer: HubSpotPeer) -> None:
    options = (Option("a", "A"), Option("b", "B"))
    field = connector.create_field("contacts", Field("letters", "Letters", FieldType.MULTI, options=options))
    id = peer.put({"email": "ann@example.com"})
    error = connector.update("contacts", [Update(id, {field.name: ["a;b"]})])[0].error
    assert isinstance(error, errors.Refused)
    assert (error.code, error.field) == ("OPTION_NOT_ALLOWED", field.name)


def test_a_hidden_choice_keeps_its_label_for_the_records_that_hold_it() -> None:
    """Without it they would be written as the internal value elsewhere, over the label that stands there."""
    options = [{"value": "NEW", "label": "New"}, {"value": "OLD", "label": "Used to be", "hidden": True}]
    field = field_of({"name": "x", "type": "enumeration", "fieldType": "select", "options": options}, "contacts")
    assert field
    assert field.options == (Option("NEW", "New"), Option("OLD", "Used to be", writable=False))


def test_a_limit_amid_a_halved_batch_does_not_forget_what_was_done(connector: HubSpot, peer: HubSpotPeer) -> None:
    """The batch is refused as a whole, its first half goes through, then a 429: only the second half comes back as limited."""
    ids = peer.put_many(4)
    items = [Update(id, {"firstname": "New"}) for id in ids[:3]] + [Update(ids[3], {"hs_lead_status": "NO_SUCH"})]
    connector.fields("contacts")
    peer.control("faults", fault="status", status=429, match="batch/update", skip=2, next=1)
    verdicts = connector.update("contacts", items)
    assert [type(verdict.error) for verdict in verdicts] == [type(None)] * 2 + [errors.RateLimited] * 2
    assert [peer.values(id)["firstname"] for id in ids] == ["New", "New", "Many", "Many"]


def test_a_lost_answer_amid_a_halved_batch_is_no_answer_only_for_what_was_sent(
    connector: HubSpot, peer: HubSpotPeer
) -> None:
    ids = peer.put_many(8)
    items = [Update(id, {"firstname": "New"}) for id in ids[:7]] + [Update(ids[7], {"hs_lead_status": "NO_SUCH"})]
    connector.fields("contacts")
    peer.control("faults", fault="lost", match="batch/update", skip=3, next=1)  # 8 refused, 4 done, 4 refused, 2 lost
    kinds = [type(verdict.error) for verdict in connector.update("contacts", items)]
    assert kinds == [type(None)] * 4 + [errors.NoAnswer] * 2 + [errors.RateLimited] * 2


def test_a_login_that_ends_amid_a_batch_is_no_failure_of_its_records(connector: HubSpot, peer: HubSpotPeer) -> None:
    """What was done counts, the rest comes again; then nothing is settled yet, and the error is raised."""
    ids = peer.put_many(4)
    items = [Update(id, {"firstname": "New"}) for id in ids[:3]] + [Update(ids[3], {"hs_lead_status": "NO_SUCH"})]
    connector.fields("contacts")
    peer.control("faults", fault="status", status=401, match="batch/update", skip=2)
    verdicts = connector.update("contacts", items)
    assert [getattr(verdict.error, "retry", "") for verdict in verdicts] == ["", "", "L", "L"]
    with pytest.raises(errors.AuthExpired):
        connector.update("contacts", items[2:])


def test_an_answer_without_trace_ids_is_matched_by_what_it_carries(
    connector: HubSpot, peer: HubSpotPeer, server: Server
) -> None:
    """HubSpot does not promise to repeat our trace ids, nor an order."""
    people: list[Values] = [
        {"email": "a@example.com"},
        {"firstname": "Bo"},
        {"email": "c@example.com", "firstname": "Bo"},
    ]
    stored = [{"id": str(number), "properties": wire(values)} for number, values in enumerate(people)]
    server.replies(Reply(201, {"results": [stored[2], stored[0], stored[1]]}))
    lone = HubSpot(ApiSession(server.url, fault=fault), stored_fields=lambda kind: connector.fields(kind))
    verdicts = lone.create("contacts", [Create(values, key=str(n)) for n, values in enumerate(people)], scope={})
    assert [verdict.record.id for verdict in verdicts if verdict.record] == ["0", "1", "2"]
    server.replies(Reply(201, {"results": stored[:1]}))
    silent = lone.create("contacts", [Create(values, key=str(n)) for n, values in enumerate(people)], scope={})[1:]
    assert all(isinstance(verdict.error, errors.NoAnswer) for verdict in silent)


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"email": "nonsense"}, "EMAIL_INVALID", "email"),
        ({"email": "a@example.com", "nothing_like_it": "x"}, "FIELD_MISSING", "nothing_like_it"),
        ({"email": "a@example.com", "createdate": "2026-01-01T00:00:00Z"}, "FIELD_READ_ONLY", "createdate"),
        ({"email": "a@example.com", "hs_lead_status": "Open"}, "OPTION_NOT_ALLOWED", "hs_lead_status"),
        ({"email": "a@example.com", "firstname": "x" * 70_000}, "VALUE_TOO_LONG", "firstname"),
    ],
)
def test_what_hubspot_refuses_has_a_code_and_a_field(
    connector: HubSpot, peer: HubSpotPeer, values: Values, code: str, field: str
) -> None:
    error = connector.create("contacts", [Create(values, key="k")], scope={})[0].error
    assert isinstance(error, errors.Refused)
    assert (error.code, error.field) == (code, field)
    assert field in error.message


def test_an_address_that_is_taken_names_its_holder(connector: HubSpot, peer: HubSpotPeer) -> None:
    holder = peer.put({"email": "ann@example.com"})
    error = connector.create("contacts", [Create({"email": "Ann@Example.com"}, key="k")], scope={})[0].error
    assert isinstance(error, errors.AlreadyExists)
    assert error.existing_id == holder
    other = peer.put({"email": "bob@example.com"})
    error = connector.update("contacts", [Update(other, {"email": "ann@example.com"})])[0].error
    assert isinstance(error, errors.AlreadyExists)
    assert error.existing_id == holder


def test_a_unique_value_that_is_taken_is_no_bad_value(connector: HubSpot, peer: HubSpotPeer) -> None:
    """Of properties other than the e-mail address HubSpot says so with a 400, and names nobody."""
    field = connector.create_field("contacts", Field("erp_number", "ERP number", FieldType.TEXT, unique=True))
    peer.put({"email": "ann@example.com", field.name: "7"})
    new = Create({"email": "bob@example.com", field.name: "7"}, key="k")
    other = Create({"email": "cy@example.com", field.name: "8"}, key="l")
    taken, made = connector.create("contacts", [new, other], scope={})
    assert isinstance(taken.error, errors.AlreadyExists)
    assert (taken.error.existing_id, taken.error.field) == ("", field.name)
    assert made.record


def test_a_record_with_which_hubspot_had_trouble_may_have_been_written(connector: HubSpot, server: Server) -> None:
    """It was refused by nobody: the engine looks for it, and sends it again."""
    trouble = {"category": "INTERNAL_ERROR", "message": "internal error", "context": {"objectWriteTraceId": ["b"]}}
    stored = {"id": "1", "properties": {"email": "a@example.com"}, "objectWriteTraceId": "a"}
    server.replies(Reply(207, {"results": [stored], "errors": [trouble]}))
    lone = HubSpot(ApiSession(server.url, fault=fault), stored_fields=connector.fields)
    items = [Create({"email": f"{key}@example.com"}, key=key) for key in "ab"]
    verdicts = lone.create("contacts", items, scope={})
    assert [type(verdict.error) for verdict in verdicts] == [type(None), errors.NoAnswer]


@pytest.mark.parametrize("creating", [True, False])
def test_an_error_that_names_no_record_is_of_the_one_that_is_left(
    connector: HubSpot, server: Server, creating: bool
) -> None:
    """Without it, the record would be tried again for ever, and nobody would learn why."""
    words = '[{"isValid":false,"error":"INVALID_OPTION","name":"hs_lead_status"}]'
    error = {"category": "VALIDATION_ERROR", "message": f"Property values were not valid: {words}"}
    done = {"id": "1", "properties": {"firstname": "New"}, "objectWriteTraceId": "1"}
    server.replies(Reply(207, {"results": [done], "errors": [error]}))
    lone = HubSpot(ApiSession(server.url, fault=fault), stored_fields=connector.fields)
    values: dict[str, Values] = {"1": {"firstname": "New"}, "2": {"hs_lead_status": "NO_SUCH"}}
    verdicts = (
        lone.create("contacts", [Create(values[id], key=id) for id in values], scope={})
        if creating
        else lone.update("contacts", [Update(id, values[id]) for id in values])
    )
    assert verdicts[0].record
    assert isinstance(verdicts[1].error, errors.Refused)
    assert verdicts[1].error.code == "OPTION_NOT_ALLOWED"


def test_an_answer_that_cannot_be_read_is_none(connector: HubSpot, server: Server) -> None:
    """A proxy's page with status 200: a create may have happened, a read shows nothing, and nothing is gone."""
    server.replies(Reply(200, "<html>Please sign in to the network</html>"))
    lone = HubSpot(ApiSession(server.url, fault=fault), stored_fields=connector.fields)
    with pytest.raises(errors.NoAnswer):
        lone.create("contacts", [Create({"email": "a@example.com"}, key="k")], scope={})
    with pytest.raises(errors.Unavailable):
        lone.read("contacts", [Ref("1")], fields=SHOWN)


def test_an_answer_of_another_shape_says_nothing_of_records(connector: HubSpot, server: Server) -> None:
    """Taken for an empty list, it would take from records what they are associated with."""
    odd = Reply(200, {"status": "error", "message": "We are back soon"})
    ann = Reply(200, {"results": [{"id": "1", "properties": {}}]})
    lone = HubSpot(ApiSession(server.url, fault=fault), stored_fields=connector.fields)
    server.answer = lambda asked: odd if "associations" in asked.path else ann
    with pytest.raises(errors.Unavailable):
        lone.read("contacts", [Ref("1")], fields=["associations.companies"])
    server.replies(odd)
    for call in (
        lambda: lone.read("contacts", [Ref("1")], fields=SHOWN),
        lambda: lone.scan("contacts", fields=SHOWN, position=None, scope={}),
        lambda: lone.find("companies", "domain", ["a.example"], fields=["domain"]),
        lambda: lone.find("contacts", "email", ["a@example.com"], fields=SHOWN),
        lambda: lone.count("contacts", scope={}),
        lone.identify,
    ):
        with pytest.raises(errors.Unavailable):
            call()
    assert [result.state for result in lone.preflight([])][:1] == ["failed"]


def test_a_call_that_hubspot_does_not_have_says_nothing_of_records(connector: HubSpot, server: Server) -> None:
    """When a version of the API ends, its addresses answer 404."""
    server.replies(Reply(404, "<html>Not found</html>"))
    lone = HubSpot(ApiSession(server.url, fault=fault), stored_fields=connector.fields)
    for call in (
        lambda: lone.read("contacts", [Ref("1")], fields=SHOWN),
        lambda: lone.scan("contacts", fields=SHOWN, position=None, scope={}),
        lambda: lone.changes("contacts", fields=SHOWN, cursor=None, position=None, scope={}),
        lambda: lone.find("contacts", "email", ["a@example.com"], fields=SHOWN),
        lambda: lone.fields("contacts"),
        lone.identify,
    ):
        with pytest.raises(errors.Unavailable):
            call()


def test_a_write_that_hubspot_does_not_have_says_nothing_of_records(connector: HubSpot, server: Server) -> None:
    """Only HubSpot's own words say that a record is gone: else its twin in the other app would be deleted, too."""
    lone = HubSpot(ApiSession(server.url, fault=fault), stored_fields=connector.fields)
    server.replies(Reply(404, "<html>Not found</html>"))
    for call in (
        lambda: lone.update("contacts", [Update(id, {"firstname": "New"}) for id in "12"]),
        lambda: lone.delete("contacts", ["1", "2"]),
        lambda: lone.create("contacts", [Create({"email": "a@example.com"}, key="k")], scope={}),
    ):
        with pytest.raises(errors.Unavailable):
            call()
    server.replies(Reply(404, {"category": "OBJECT_NOT_FOUND", "message": "no such contact"}))
    [verdict] = lone.update("contacts", [Update("1", {"firstname": "New"})])
    assert isinstance(verdict.error, errors.Gone)


@pytest.mark.parametrize("partly", [True, False])
def test_a_create_is_refused_and_not_gone_where_something_is_not_found(
    connector: HubSpot, server: Server, partly: bool
) -> None:
    """It would be forgotten: a link whose record is gone before it was made has no reason to exist."""
    missing = {"category": "OBJECT_NOT_FOUND", "message": "no such company", "context": {"objectWriteTraceId": ["k"]}}
    server.replies(Reply(207, {"results": [], "errors": [missing]}) if partly else Reply(404, missing))
    lone = HubSpot(ApiSession(server.url, fault=fault), stored_fields=connector.fields)
    [verdict] = lone.create("contacts", [Create({"email": "a@example.com"}, key="k")], scope={})
    assert isinstance(verdict.error, errors.Refused)


def test_a_conflict_is_known_by_either_of_its_names() -> None:
    said = {"category": "OBJECT_ALREADY_EXISTS", "message": "Contact already exists. Existing ID: 2926551"}
    error = item_error(said)
    assert isinstance(error, errors.AlreadyExists)
    assert error.existing_id == "2926551"


def test_an_update_of_a_merged_record_reaches_the_one_that_took_over(connector: HubSpot, peer: HubSpotPeer) -> None:
    one, two = peer.put({"email": "one@example.com"}), peer.put({"email": "two@example.com"})
    left = peer.merge(one, two)
    verdict = connector.update("contacts", [Update(two, {"firstname": "Both"})])[0]
    assert verdict.record
    assert verdict.record.id == left
    assert two in verdict.record.aliases
    assert peer.values(left)["firstname"] == "Both"


def test_archived_records_are_found_a_page_at_a_time(connector: HubSpot, peer: HubSpotPeer) -> None:
    """250 old deletions make three pages: a new one among them is found after three polls, each of which stays cheap."""
    peer.control("records", delete=[int(id) for id in peer.put_many(250)])
    fresh = peer.put({"email": "fresh@example.com"})
    cursor = connector.changes("contacts", fields=SHOWN, cursor=None, position=None, scope={}).cursor
    assert cursor
    told_before = cursor["lo"] + feed.OVERLAP + 2000  # those 250 were told by an earlier pass
    cursor["archived"] |= {"lap": told_before, "since": told_before}
    peer.control("clock", advance=600)
    peer.remove(fresh)
    gone, calls = [], []
    for _poll in range(3):
        before = connector.calls
        page = connector.changes("contacts", fields=SHOWN, cursor=cursor, position=None, scope={})
        cursor, gone = page.cursor, gone + page.gone
        calls.append(connector.calls - before)
    assert gone == [fresh]
    assert calls[1:] == [2, 3], "search and one page of archived records; one more to make sure of the one found"


def test_a_poll_after_a_mass_deletion_catches_up_at_once(connector: HubSpot, peer: HubSpotPeer) -> None:
    ids = peer.put_many(250)
    cursor = connector.changes("contacts", fields=SHOWN, cursor=None, position=None, scope={}).cursor
    peer.control("records", delete=[int(id) for id in ids])
    gone: set[str] = set()
    position = None
    while True:
        page = connector.changes("contacts", fields=SHOWN, cursor=cursor, position=position, scope={})
        gone |= set(page.gone)
        position = page.position
        if position is None:
            break
    assert gone == set(ids)


def test_more_properties_than_a_search_body_holds(connector: HubSpot, peer: HubSpotPeer) -> None:
    """HubSpot refuses bodies over 3,000 characters; names of fields count."""
    fields = ["firstname", *(f"a_field_that_has_quite_a_long_name_{number:03d}" for number in range(250))]
    cursor = connector.changes("contacts", fields=fields, cursor=None, position=None, scope={}).cursor
    ids = peer.put_many(450)
    shown: dict[str, Values] = {}
    position = None
    while True:
        page = connector.changes("contacts", fields=fields, cursor=cursor, position=position, scope={})
        shown |= {record.id: record.values for record in page.records}
        position = page.position
        if position is None:
            break
    assert {id: shown[id] for id in ids} == {id: {"firstname": "Many"} for id in ids}
    scanned = connector.scan("contacts", fields=fields, position=None, scope={}).records
    assert len(scanned) == 100
    assert scanned[0].values.keys() == {"firstname"}


def test_a_restored_record_is_not_gone(connector: HubSpot, peer: HubSpotPeer) -> None:
    id = peer.put({"email": "back@example.com"})
    cursor = connector.changes("contacts", fields=SHOWN, cursor=None, position=None, scope={}).cursor
    peer.remove(id)
    peer.control("records", restore=[int(id)])
    page = connector.changes("contacts", fields=SHOWN, cursor=cursor, position=None, scope={})
    assert id not in page.gone
    assert id in {record.id for record in page.records}


def test_the_search_index_may_lag(connector: HubSpot, peer: HubSpotPeer) -> None:
    """A change that a poll cannot see yet is seen by a later one, however long after: the overlap reaches back."""
    cursor = connector.changes("contacts", fields=SHOWN, cursor=None, position=None, scope={}).cursor
    peer.control("settings", search_lag=30)
    try:
        id = peer.put({"email": "late@example.com"})
        early = connector.changes("contacts", fields=SHOWN, cursor=cursor, position=None, scope={})
        assert id not in {record.id for record in early.records}
        peer.control("clock", advance=31)
        late = connector.changes("contacts", fields=SHOWN, cursor=early.cursor, position=None, scope={})
        assert id in {record.id for record in late.records}
    finally:
        peer.control("settings", search_lag=0)


def test_a_page_that_holds_all_records_tells_how_many(connector: HubSpot, peer: HubSpotPeer) -> None:
    page = connector.scan("contacts", fields=SHOWN, position=None, scope={})
    assert (page.total, page.position) == (len(peer.ids()), None)
    peer.put_many(150)
    page = connector.scan("contacts", fields=SHOWN, position=None, scope={})
    assert page.total is None
    assert connector.scan("contacts", fields=SHOWN, position=page.position, scope={}).total is None


def test_one_record_that_cannot_be_read_costs_only_itself(connector: HubSpot, server: Server) -> None:
    """414: more than 250 merges stand behind it. Neither read nor gone: the engine says that the app does not show it."""
    shown = {"id": "1", "properties": {"email": "ann@example.com"}}
    server.replies(Reply(207, {"results": [shown], "errors": []}), Reply(414, ""))
    lone = HubSpot(ApiSession(server.url, fault=fault), stored_fields=connector.fields)
    answer = lone.read("contacts", [Ref("1"), Ref("2")], fields=["email"])
    assert (set(answer.records), answer.gone) == ({"1"}, set())


@pytest.mark.parametrize("kind", sorted(OBJECTS.keys() - {"contacts"}))
def test_a_create_without_an_answer_is_looked_for_as_long_as_polls_reach_back(connector: HubSpot, kind: str) -> None:
    """Were it sent again before searches show the first one, there would be two records."""
    assert 2 * connector.abilities(kind).visibility_lag * 1000 >= feed.OVERLAP


def test_a_short_page_of_a_search_is_not_the_last(connector: HubSpot, server: Server) -> None:
    """Records that were archived since the index was made are missing from their page, sometimes all of a page."""

    def searched(ids: range, following: str = "") -> Reply:
        found = [{"id": str(id), "properties": {"firstname": "Ann"}} for id in ids]
        more = {"paging": {"next": {"after": following}}} if following else {}
        return Reply(200, {"total": 500, "results": found, **more})

    archived = Reply(200, {"results": []})
    pages = [searched(range(0), "200"), searched(range(901, 1080), "400"), searched(range(1101, 1103))]
    server.replies(*pages, archived)
    lone = HubSpot(ApiSession(server.url, fault=fault), stored_fields=connector.fields)
    cursor = {"lo": 1, "archived": {"after": None, "lap": 1, "since": 1}}
    first = lone.changes("contacts", fields=SHOWN, cursor=cursor, position=None, scope={})
    assert (len(first.records), first.cursor) == (179, None)
    rest = lone.changes("contacts", fields=SHOWN, cursor=cursor, position=first.position, scope={})
    assert len(rest.records) == 2
    assert rest.cursor


@pytest.mark.parametrize(
    ("body", "kind", "wait"),
    [
        ({"policyName": "TEN_SECONDLY_ROLLING"}, errors.RateLimited, 10),
        ({"message": "You have reached your ten_secondly_rolling limit."}, errors.RateLimited, 10),
        ({"policyName": "SECONDLY"}, errors.RateLimited, 1),
        ({"message": "You have reached your secondly limit."}, errors.RateLimited, 1),
        ({"policyName": "DAILY"}, errors.DailyQuotaUsed, 3600),
        ({}, errors.RateLimited, 10),
    ],
)
def test_a_429_without_retry_after_waits_as_its_policy_says(
    body: dict[str, str], kind: type[errors.RateLimited], wait: float
) -> None:
    error = fault(Answer(429, {}, json.dumps(body).encode()), wrote=False)
    assert type(error) is kind
    assert error.retry_after == wait


def test_a_missing_scope_is_named(connector: HubSpot, peer: HubSpotPeer) -> None:
    peer.control("settings", static_scopes="oauth,crm.objects.contacts.read")
    try:
        with pytest.raises(errors.ScopeMissing) as caught:
            connector.create("contacts", [Create({"email": "a@example.com"}, key="k")], scope={})
        assert "crm.objects.contacts.write" in caught.value.message
    finally:
        peer.control("settings", static_scopes="*")


def test_a_moving_account_pauses_everything(connector: HubSpot, peer: HubSpotPeer) -> None:
    peer.control("faults", fault="status", status=477, next=1, retry_after=3600)
    with pytest.raises(errors.RateLimited) as caught:
        connector.identify()
    assert caught.value.retry_after == 3600


def test_a_record_opens_in_hubspot(connector: HubSpot, hubspot_standin: dict[str, Any]) -> None:
    assert connector.record_url("contacts", "12") == f"{hubspot_standin['app_url']}/contacts/4242/record/0-1/12"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("", FieldType.TEXT, None),
        (None, FieldType.NUMBER, None),
        ("1250.50", FieldType.NUMBER, "1250.5"),
        ("1e3", FieldType.NUMBER, "1000"),
        ("0.0", FieldType.NUMBER, "0"),
        ("twelve", FieldType.NUMBER, "twelve"),
        ("1777593600000", FieldType.DATE, "2026-05-01"),
        ("2026-05-01", FieldType.DATE, "2026-05-01"),
        ("2026-05-01T08:30:00Z", FieldType.DATETIME, "2026-05-01T08:30:00.000Z"),
        ("1777624200000", FieldType.DATETIME, "2026-05-01T08:30:00.000Z"),
        ("b;a", FieldType.MULTI, ["a", "b"]),
        ("TRUE", FieldType.BOOL, True),
        ("", FieldType.BOOL, None),
    ],
)
def test_values_from_the_wire(text: str | None, kind: FieldType, value: Value) -> None:
    assert to_canonical(text, kind) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (False, "false"), (["", "a", "b"], "a;b"), ([], ""), ("1250.5", "1250.5")],
)
def test_values_to_the_wire(value: Value, text: str) -> None:
    assert to_wire(value) == text
