"""Snov.io's connector where the vendor is odd: two ids, no update by id, lists that move, 60 calls a minute. Over HTTP."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from integrations import errors
from integrations.connectors.snovio.client import Client
from integrations.connectors.snovio.connector import Snovio as Connector
from integrations.connectors.snovio.countries import country_name
from integrations.connectors.snovio.faults import fault
from integrations.http import ApiSession
from integrations.models import AppInstance
from integrations.records import Create, Page, Ref, Update, Verdict
from integrations.services import credentials
from integrations.services.connections import open_connector
from integrations.standins.snovio import edits
from integrations.standins.snovio.server import Snovio
from portal.accounts.models import Account
from tests.integrations.server import Asked, Reply, Server
from tests.standins import snovio_account

KIND = "prospects"
FAIRS, SIGN_UPS, PARTNERS, DELETED = "1250344", "1250345", "1250346", "1250347"
FIELDS = ["email", "first_name", "last_name", "phone", "country", "job_title"]


@pytest.fixture(scope="module")
def server() -> Iterator[Snovio]:
    with snovio_account.running() as account:
        yield account


@pytest.fixture
def app(server: Snovio) -> Snovio:
    """An empty account with three lists."""
    server.faults.clear()
    server.limiter.clear()
    server.settings.update(server.initial)
    server.reset()
    return server


@pytest.fixture
def connector(app: Snovio, settings: Any) -> Connector:
    return snovio_account.connector(app, settings, page_size=20)


def put(app: Snovio, name: str, list_id: str = FAIRS, **values: Any) -> str:
    """A person adds a prospect; the short id."""
    given = {"email": f"{name}@example.com", "firstName": name.title(), "listId": list_id, **values}
    return edits.create(app.store, given).short


def create(connector: Connector, *people: dict[str, Any], target: str = FAIRS) -> list[Verdict]:
    items = [Create(values, key=str(number)) for number, values in enumerate(people)]
    return connector.create(KIND, items, scope={"target_list": target})


def update(connector: Connector, id: str, known_email: str, **values: Any) -> Verdict:
    return connector.update(KIND, [Update(id, values, known={"email": known_email})])[0]


def pages(connector: Connector, **scope: Any) -> Iterator[Page]:
    position: dict[str, Any] | None = None
    while True:
        page = connector.scan(KIND, fields=FIELDS, position=position, scope=scope)
        yield page
        position = page.position
        if position is None:
            return


def emails(found: list[Page]) -> set[str]:
    return {str(record.values["email"]) for page in found for record in page.records}


# -- two ids ----------------------------------------------------------------------------------------------------------
def test_a_listing_row_is_read_into_the_short_id_with_the_long_one_as_alias(app: Snovio, connector: Connector) -> None:
    short = put(app, "ann")
    row = next(pages(connector, lists=[FAIRS])).records[0]
    record = connector.read(KIND, [Ref(row.id, row.values)], fields=FIELDS).records[row.id]
    assert row.partial
    assert (record.id, record.aliases) == (short, (row.id,))


def test_an_account_that_takes_no_long_ids_is_read_by_email(app: Snovio, connector: Connector) -> None:
    put(app, "twin", SIGN_UPS, firstName="Other")
    wanted = put(app, "twin")
    app.settings["refuse_long_ids"] = True
    row = next(pages(connector, lists=[FAIRS])).records[0]
    answer = connector.read(KIND, [Ref(row.id, row.values)], fields=FIELDS)
    assert answer.records[row.id].id == wanted


def test_a_deleted_prospect_is_gone_although_another_has_its_email(app: Snovio, connector: Connector) -> None:
    first = put(app, "twin")
    put(app, "twin", SIGN_UPS)
    edits.delete(app.store, first)
    assert connector.read(KIND, [Ref(first, {"email": "twin@example.com"})], fields=FIELDS).gone == {first}


def test_calls_that_are_withdrawn_do_not_say_that_prospects_are_gone(app: Snovio, connector: Connector) -> None:
    """A prospect that is not there is told with status 200; 404 is what an address answers that has ended."""
    id = put(app, "ann")
    app.faults.add(fault="status", status=404, match="get-prospect")
    with pytest.raises(errors.Unavailable):
        connector.read(KIND, [Ref(id, {"email": "ann@example.com"})], fields=FIELDS)
    with pytest.raises(errors.Unavailable):
        update(connector, id, "ann@example.com", first_name="Anna")
    with pytest.raises(errors.Unavailable):
        connector.find(KIND, "email", ["ann@example.com"], fields=FIELDS)


@pytest.mark.parametrize("body", [{"message": "We are back soon"}, {}, []])
def test_an_answer_of_another_shape_says_nothing_of_prospects(body: Any) -> None:
    with Server().running() as server:
        server.replies(Reply(200, body))
        lone = Connector(Client(ApiSession(server.url, fault=fault)))
        for known in ({"email": "ann@example.com"}, {}):
            with pytest.raises(errors.Unavailable):
                lone.read(KIND, [Ref("A==", known)], fields=FIELDS)
        with pytest.raises(errors.Unavailable):
            lone.find(KIND, "email", ["ann@example.com"], fields=FIELDS)


@pytest.mark.parametrize("contacts", [None, []])
def test_a_list_that_does_not_tell_its_length_is_read(contacts: Any) -> None:
    """Counts of nothing may come as an empty array."""
    page = {"list": {"contacts": contacts}, "prospects": []}
    with Server().running() as server:
        server.replies(Reply(200, [{"id": 1, "name": "New", "contacts": contacts}]), Reply(200, page))
        lone = Connector(Client(ApiSession(server.url, fault=fault)))
        assert lone.scan(KIND, fields=FIELDS, position=None, scope={}).records == []


def test_one_prospect_that_cannot_be_looked_at_costs_only_itself(app: Snovio, connector: Connector) -> None:
    """It is looked for by its address; where that is refused, too, it is neither gone nor known."""
    ids = {name: put(app, name) for name in ("ann", "bob", "cid")}
    refs = [Ref(id, {"email": f"{name}@example.com"}) for name, id in ids.items()]
    app.faults.add(fault="status", status=422, match="by-id", next=1)
    assert connector.read(KIND, refs, fields=FIELDS).records.keys() == set(ids.values())
    app.faults.add(fault="status", status=422, match="by-id", next=1)
    app.faults.add(fault="status", status=400, match="by-email", next=1)
    answer = connector.read(KIND, refs, fields=FIELDS)
    assert (len(answer.records), answer.gone) == (2, set())


def test_an_address_that_is_refused_does_not_keep_others_from_being_found() -> None:
    """Any other refusal is raised: taken for "nobody has this address", it would let a create write over somebody."""
    words = {"ann@@example": "We cannot process this email: ann@@example", "cid@example.com": "Something is wrong"}

    def answer(asked: Asked) -> Reply:
        email = json.loads(asked.body)["email"]
        if email in words:
            return Reply(400, {"success": False, "message": words[email]})
        return Reply(200, {"success": True, "data": [{"id": "B==", "firstName": "Bob"}]})

    with Server().running() as server:
        server.answer = answer
        lone = Connector(Client(ApiSession(server.url, fault=fault)))
        found = lone.find(KIND, "email", ["ann@@example", "bob@example.com"], fields=FIELDS)
        assert [record.values["email"] for record in found] == ["bob@example.com"]
        with pytest.raises(errors.Refused):
            lone.find(KIND, "email", ["cid@example.com"], fields=FIELDS)


# -- listing ----------------------------------------------------------------------------------------------------------
def test_all_lists_are_scanned_when_none_is_chosen_and_deleted_ones_are_not(app: Snovio, connector: Connector) -> None:
    for name, where in (("a", FAIRS), ("b", SIGN_UPS), ("c", PARTNERS)):
        put(app, name, where)
    assert emails(list(pages(connector))) == {"a@example.com", "b@example.com", "c@example.com"}
    assert emails(list(pages(connector, lists=[SIGN_UPS]))) == {"b@example.com"}


@pytest.mark.parametrize("list_id", [DELETED, "999"])
def test_a_chosen_list_that_is_gone_stops_the_scan(app: Snovio, connector: Connector, list_id: str) -> None:
    put(app, "ann")
    with pytest.raises(errors.ContainerMissing):
        list(pages(connector, lists=[FAIRS, list_id]))


def test_a_list_deleted_while_it_is_read_stops_the_scan(app: Snovio, connector: Connector) -> None:
    for number in range(50):
        put(app, f"p{number}")
    scan = pages(connector, lists=[FAIRS])
    next(scan)
    edits.delete_list(app.store, FAIRS)
    with pytest.raises(errors.ContainerMissing):
        list(scan)


def test_a_prospect_that_leaves_while_paging_hides_no_other(app: Snovio, connector: Connector) -> None:
    ids = [put(app, f"p{number}") for number in range(50)]
    scan = pages(connector, lists=[FAIRS])
    found = [next(scan)]
    edits.delete(app.store, ids[0])  # row 21 moves to the page that was read already
    found += scan
    assert {f"p{number}@example.com" for number in range(1, 50)} <= emails(found)


def test_one_that_leaves_and_one_that_enters_while_paging_hide_no_other(app: Snovio, connector: Connector) -> None:
    ids = [put(app, f"p{number}") for number in range(50)]
    scan = pages(connector, lists=[FAIRS])
    found = [next(scan)]
    edits.delete(app.store, ids[0])
    put(app, "late")  # the number of prospects is what it was
    found += scan
    assert {f"p{number}@example.com" for number in range(1, 50)} <= emails(found)


def test_a_page_that_drops_a_row_is_read_again(app: Snovio, connector: Connector) -> None:
    for number in range(30):
        put(app, f"p{number}")
    app.dropped_rows = 1
    assert len(emails(list(pages(connector, lists=[FAIRS])))) == 30


def test_a_list_that_never_holds_still_ends(app: Snovio, connector: Connector) -> None:
    for number in range(30):
        put(app, f"p{number}")
    app.repeated_rows = app.dropped_rows = 1000
    assert len(list(pages(connector, lists=[FAIRS]))) < 20


def test_a_quiet_pass_costs_one_call_and_one_per_list(app: Snovio, connector: Connector) -> None:
    put(app, "ann")
    list(pages(connector))
    before = connector.calls
    list(pages(connector, lists=[FAIRS, SIGN_UPS]))
    assert connector.calls - before == 3


# -- writing: the cases of the vendor's page --------------------------------------------------------------------------
def test_a_prospect_of_another_list_is_updated_where_it_is(app: Snovio, connector: Connector) -> None:
    id = put(app, "ann", SIGN_UPS)
    verdict = create(connector, {"email": "Ann@example.com", "job_title": "CEO"})[0]
    assert verdict.record
    assert (verdict.existed, verdict.note, verdict.record.id) == (True, "STAYED_IN_OTHER_LIST", id)
    assert verdict.record.values["job_title"] == "CEO"
    assert len(app.store.prospects) == 1


def test_the_same_contact_written_twice_after_a_lost_answer_is_one_profile(app: Snovio, connector: Connector) -> None:
    person = {"email": "ann@example.com", "first_name": "Ann"}
    app.faults.add(fault="lost", match="add-prospect", next=1)
    assert isinstance(create(connector, person)[0].error, errors.NoAnswer)
    again = create(connector, person)[0]
    assert (again.existed, again.note, len(app.store.prospects)) == (True, "", 1)


def test_a_create_in_an_account_that_always_answers_422_finds_what_is_there(app: Snovio, connector: Connector) -> None:
    id = put(app, "ann")
    app.settings["same_list_always_422"] = True
    verdict = create(connector, {"email": "ann@example.com"})[0]
    assert verdict.record
    assert (verdict.existed, verdict.record.id) == (True, id)


def test_of_two_profiles_with_one_address_only_ours_is_written(app: Snovio, connector: Connector) -> None:
    both = put(app, "ann", FAIRS)
    edits.move(app.store, both, [FAIRS, SIGN_UPS])
    other = put(app, "ann", FAIRS, position="CEO")
    assert update(connector, both, "ann@example.com", job_title="Buyer").error is None
    assert [edits.by_id(app.store, id).position for id in (both, other)] == ["Buyer", "CEO"]
    refused = update(connector, other, "ann@example.com", job_title="Chair").error
    assert isinstance(refused, errors.Refused)
    assert refused.code == "AMBIGUOUS_MATCH"
    assert [edits.by_id(app.store, id).position for id in (both, other)] == ["Buyer", "CEO"], "nothing was sent"


def test_an_update_through_a_list_that_is_gone_does_not_take_the_prospect_for_gone(
    app: Snovio, connector: Connector
) -> None:
    id = put(app, "ann", FAIRS)
    app.store.lists[int(FAIRS)].deleted_at = app.store.now()  # the prospect goes on naming it
    assert isinstance(update(connector, id, "ann@example.com", first_name="Anna").error, errors.CannotDo)
    app.store.enter(edits.by_id(app.store, id), int(SIGN_UPS))
    assert update(connector, id, "ann@example.com", first_name="Anna").error is None
    assert edits.by_id(app.store, id).first_name == "Anna"


def test_a_changed_email_is_refused_and_makes_no_new_profile(app: Snovio, connector: Connector) -> None:
    id = put(app, "ann")
    before = connector.calls
    verdict = update(connector, id, "ann@example.com", email="anna@example.com", first_name="Anna")
    assert isinstance(verdict.error, errors.CannotDo)
    assert "anna@example.com" in verdict.error.message
    assert (connector.calls, len(app.store.prospects)) == (before, 1)


def test_an_update_never_brings_back_a_deleted_prospect(app: Snovio, connector: Connector) -> None:
    id = put(app, "ann")
    edits.delete(app.store, id)
    assert isinstance(update(connector, id, "ann@example.com", first_name="Anna").error, errors.Gone)
    assert not app.store.prospects


def test_an_update_meets_an_email_that_was_changed_in_the_app(app: Snovio, connector: Connector) -> None:
    id = put(app, "ann")
    edits.edit(app.store, {"id": id, "email": "other@example.com"})
    assert isinstance(update(connector, id, "ann@example.com", first_name="Anna").error, errors.StaleVersion)
    assert len(app.store.prospects) == 1


def test_clearing_is_left_out_and_the_rest_is_written(app: Snovio, connector: Connector) -> None:
    id = put(app, "ann", position="CEO")
    verdict = update(connector, id, "ann@example.com", job_title=None, last_name="Lee")
    assert verdict.record
    assert (verdict.note, verdict.record.values["job_title"], verdict.record.values["last_name"]) == (
        "CANNOT_CLEAR",
        "CEO",
        "Lee",
    )


def test_an_unknown_country_is_left_out_and_said(app: Snovio, connector: Connector) -> None:
    verdict = create(connector, {"email": "ann@example.com", "country": "Narnia", "first_name": "Ann"})[0]
    assert verdict.record
    assert (verdict.note, verdict.record.values["country"]) == ("COUNTRY_STATE_INVALID", None)


@pytest.mark.parametrize(
    ("text", "name"),
    [("de", "Germany"), ("USA", "United States"), ("Vietnam", "Viet Nam"), ("south korea", "Korea, Republic of"),
     ("España", "Spain"), ("Côte d’Ivoire", "Côte d'Ivoire"), ("United Kingdom", "United Kingdom"), ("Narnia", None), ("", None)],
)  # fmt: skip
def test_countries_are_known_by_code_name_and_alias(text: str, name: str | None) -> None:
    assert country_name(text) == name


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"email": "nonsense"}, "EMAIL_INVALID", "email"),
        ({"first_name": "Ann"}, "REQUIRED_VALUE_BLANK", "email"),
        ({"email": "a@example.com", "custom:Nope": "x"}, "FIELD_MISSING", "custom:Nope"),
        ({"email": "a@example.com", "custom:Budget": "much"}, "NUMBER_INVALID", "custom:Budget"),
        ({"email": "a@example.com", "custom:First met": "soon"}, "DATE_INVALID", "custom:First met"),
        ({"email": "a@example.com", "industry": "Toys"}, "FIELD_READ_ONLY", "industry"),
    ],
)
def test_a_refusal_has_its_catalogue_code_and_field(
    app: Snovio, connector: Connector, values: dict[str, Any], code: str, field: str
) -> None:
    error = create(connector, values)[0].error
    assert isinstance(error, errors.Refused)
    assert (error.code, error.field) == (code, field)


def test_a_renamed_custom_field_stops_only_its_own_mapping(app: Snovio, connector: Connector) -> None:
    id = put(app, "ann")
    edits.rename_field(app.store, "Source", "Origin")
    names = {field.name for field in connector.fields(KIND)}
    assert "custom:Origin" in names
    assert "custom:Source" not in names
    assert update(connector, id, "ann@example.com", **{"custom:Source": "Fair"}).error.code == "FIELD_MISSING"
    assert update(connector, id, "ann@example.com", **{"custom:Budget": "7"}).error is None


# -- what is not shown is not blank -----------------------------------------------------------------------------------
def test_strict_accounts_never_say_that_a_phone_is_blank(app: Snovio, connector: Connector) -> None:
    app.settings["mode"] = "strict"
    id = put(app, "ann", phone="+1 5")
    refs = [Ref(id, {"email": "ann@example.com"})]
    record = connector.read(KIND, refs, fields=FIELDS).records[id]
    assert "phone" not in record.values
    assert not [name for name in record.values if name.startswith("custom:")]
    assert record.values["email"] == "ann@example.com"
    verdict = update(connector, id, "ann@example.com", phone="+1 6")
    assert verdict.record
    assert verdict.record.values["phone"] == "+1 6"


@pytest.mark.parametrize(("mode", "readable"), [("strict", False), ("rich", True)])
def test_fields_say_what_this_account_shows(app: Snovio, connector: Connector, mode: str, readable: bool) -> None:
    app.settings["mode"] = mode
    put(app, "ann")
    fields = {field.name: field for field in connector.fields(KIND)}
    assert {fields[name].readable for name in ("phone", "custom:Source")} == {readable}
    assert not fields["industry"].writable


def test_a_thin_profile_leaves_company_and_links_unknown(app: Snovio, connector: Connector) -> None:
    id = put(app, "ann")
    values = connector.read(KIND, [Ref(id, {})], fields=FIELDS).records[id].values
    assert not {"company_name", "job_title", "linkedin"} & set(values)


# -- limits, tokens, trouble ------------------------------------------------------------------------------------------
def test_the_plain_text_429_stops_everything_for_a_minute(app: Snovio, connector: Connector) -> None:
    app.settings["rate_limit"] = 2
    connector.identify()  # a token and a call
    with pytest.raises(errors.RateLimited) as caught:
        connector.identify()
    assert caught.value.retry_after == 60


def test_verdicts_before_a_limit_are_kept(app: Snovio, connector: Connector) -> None:
    put(app, "ann")
    connector.identify()
    app.faults.add(fault="status", status=429, match="add-prospect", skip=1, next=1)
    people = [{"email": f"p{number}@example.com"} for number in range(3)]
    verdicts = create(connector, *people)
    assert [bool(verdict.record) for verdict in verdicts] == [True, False, False]
    assert all(isinstance(verdict.error, errors.RateLimited) for verdict in verdicts[1:])


def test_an_expired_token_is_replaced_once_and_the_call_succeeds(app: Snovio, connector: Connector) -> None:
    first = connector.identify()
    app.forget_tokens()
    before = connector.calls
    assert connector.identify() == first
    assert connector.calls - before == 2


def test_html_from_a_gateway_is_an_outage(app: Snovio, connector: Connector) -> None:
    app.faults.add(fault="status", status=502)
    with pytest.raises(errors.Unavailable):
        connector.containers(KIND)


def test_a_list_of_a_running_campaign_carries_a_warning(app: Snovio, connector: Connector) -> None:
    warnings = {found.id: found.warning for found in connector.containers(KIND)}
    assert "Partner welcome" in warnings[PARTNERS]
    assert warnings[FAIRS] == ""
    assert DELETED not in warnings


def test_live_checks_name_the_pace_that_the_install_was_told(app: Snovio, connector: Connector, settings: Any) -> None:
    settings.SNOVIO_CALLS_PER_MINUTE = 30000
    words = " ".join(each.detail for each in connector.preflight([KIND]))
    assert "told to use 30,000 calls a minute" in words
    assert "allows 60 calls" not in words


def test_live_checks_tell_what_cannot_be_done(app: Snovio, connector: Connector) -> None:
    put(app, "ann", PARTNERS)
    results = list(connector.preflight([KIND]))
    words = " ".join(f"{each.detail} {each.fix}" for each in results)
    assert {"passed", "warning"} == {each.state for each in results}
    for expected in (
        "25,000 credits",
        "3 lists",
        "1 prospect",
        "60 calls a minute",
        "cannot delete",
        "cannot empty",
        "Partner welcome",
    ):
        assert expected in words


@pytest.fixture
def instance(app: Snovio, account: Account, settings: Any) -> AppInstance:
    settings.SNOVIO_API_URL = app.base
    made = AppInstance.objects.create(account=account, app_key="snovio", label="Sales", way_in="keys")
    credentials.store(made, snovio_account.keys(app))
    return made


def test_all_workers_share_one_token(app: Snovio, instance: AppInstance) -> None:
    open_connector(instance).identify()
    app.revoked = True  # nobody gets another token
    assert open_connector(instance).identify().id == "9001"


def test_120_records_pass_the_limiter_without_a_429_and_in_the_estimated_time(
    app: Snovio, instance: AppInstance, settings: Any
) -> None:
    """A minute of 1.5 seconds: the same ratios, forty times as fast."""
    speed_up = 40
    settings.SNOVIO_CALLS_PER_MINUTE = 50 * speed_up
    app.settings.update(rate_limit=60, rate_window=60 / speed_up)
    connector = open_connector(instance)
    connector.identify()
    before, started, verdicts = connector.calls, time.monotonic(), []
    size = connector.abilities(KIND).write_batch
    people = [{"email": f"p{number}@example.com", "first_name": "P"} for number in range(120)]
    for start in range(0, 120, size):
        verdicts += create(connector, *people[start : start + size])
    took, calls = time.monotonic() - started, connector.calls - before
    assert [verdict.error for verdict in verdicts] == [None] * 120
    assert len(app.store.prospects) == 120
    assert calls == 240
    assert took == pytest.approx(60 * calls / (50 * speed_up), rel=0.1)
