"""Connecting to Tryton: the address, the key, and what the groups of the key's user let it do."""

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from integrations import errors, registry
from integrations.connectors.base import Connector
from integrations.records import CheckResult, Ref
from integrations.services.connections import ConnectRefused, connect_with_keys, open_connector
from integrations.standins.realservers.proxy import Proxy
from integrations.standins.realservers.tryton import COMPANY, TrytonServer
from portal.accounts.models import Account
from tests.realservers import erp
from tests.realservers.erp import Person
from tests.realservers.erp_connector import connector, create, made, now, person, poll, proxy, update

__all__ = ["connector", "person", "proxy"]
pytestmark = erp.MARKS
PARTY = "party.party"


@pytest.mark.django_db
def test_it_connects_as_a_hub_with_an_address_and_a_key(account: Account, admin: User, tryton: TrytonServer) -> None:
    values = {"base_url": f"{tryton.url}/", "access_token": tryton.key}
    instance = connect_with_keys(
        account=account, user=admin, app=registry.app("tryton"), way_in="keys", values=values, label="ERP", as_hub=True
    )
    assert (instance.is_hub, instance.base_url, instance.remote_account_name) == (True, tryton.url, COMPANY)
    kinds = [kind.key for kind in instance.app.kinds]
    states = {check.state for check in open_connector(instance).preflight(kinds)}
    assert states <= {"passed", "warning"}, "there is no category of people yet"


# -- what the key's user may ---------------------------------------------------------------------------------------------------
def checks(connector: Connector) -> dict[str, CheckResult]:
    found = list(connector.preflight(["people", "organisations", "products", "opportunities", "notes"]))
    names = [check.name for check in found]
    assert len(names) == len(set(names)), "each model is told once"
    return {check.name: check for check in found}


@pytest.fixture
def colleague(tryton: TrytonServer, person: Person, proxy: Proxy) -> Callable[..., Connector]:
    """Connects with the key of a user who is no administrator, in the groups of these names, and in one that grants nothing here:
    the server has kept the groups of the user with this id from before its database was set back, until a group is added."""

    def connected(*groups: str) -> Connector:
        ids = [
            row["id"]
            for row in person.look("res.group", [["name", "in", ["Currency Administration", *groups]]], "name")
        ]
        assert len(ids) == len(groups) + 1
        work = {"companies": [["add", [1]]], "company": 1, "groups": [["add", ids]]}
        (user,) = person.make("res.user", {"name": "Sync", "login": uuid.uuid4().hex, **work})
        (application,) = person.make("res.user.application", {"user": user, "application": "rest"})
        return erp.connector(f"{proxy.url}/crm", person.one("res.user.application", application, "key")["key"])

    return connected


def test_each_model_is_checked_once_and_the_administrator_may_do_all(connector: Connector) -> None:
    found = checks(connector)
    assert {check.state for name, check in found.items() if name.startswith("Read")} == {"passed"}
    assert sum("party.party" in name for name in found) == 1


def test_the_checks_say_what_the_keys_user_may_not_do_and_what_to_grant(colleague: Callable[..., Connector]) -> None:
    found = checks(colleague())
    assert found["Read and change party.party"].state == "passed"
    products = found["Read and change product.template"]
    assert products.state == "warning"
    assert "change, create" in products.detail
    assert "Product Administration" in products.fix
    opportunities = found["Read and change sale.opportunity"]
    assert opportunities.state == "failed"
    assert "sale.opportunity" in opportunities.detail
    assert "Sale Opportunity" in opportunities.fix
    people = found["People and organisations"]
    assert people.state == "warning"
    assert "no person can be written" in people.fix


def test_the_groups_that_are_named_suffice_for_all_but_notes(colleague: Callable[..., Connector]) -> None:
    connector = colleague("Product Administration", "Sale Opportunity", "Party Administration")
    found = checks(connector)
    assert [name for name, check in found.items() if check.state != "passed"] == [
        "Read and change ir.note",
        "People and organisations",  # there is no category yet, which may be made
    ]
    ann = made(connector, "people", first_name="Ann", last_name="Lee", email="ann@example.com")
    acme = made(connector, "organisations", name="ACME", city="Rome")
    assert update(connector, "people", ann, organisation=[acme]).error is None
    made(connector, "products", name="Chair", list_price="5")
    chairs = made(connector, "opportunities", description="Chairs", organisation=[acme])
    assert connector.delete("opportunities", [chairs])[0].error is None
    assert connector.delete("people", [ann])[0].error is None


def test_what_the_user_may_not_read_is_refused_before_a_sync_of_it_can_be_set_up(
    colleague: Callable[..., Connector],
) -> None:
    """Tryton lets no group search all notes, only administrators."""
    connector = colleague("Party Administration")
    check = checks(connector)["Read and change ir.note"]
    assert check.state == "warning", "all else works"
    assert "only administrators" in check.detail
    assert "Administrator" in check.fix
    with pytest.raises(errors.ScopeMissing, match="only administrators"):
        connector.fields("notes")
    with pytest.raises(errors.ScopeMissing, match=r"sale\.opportunity"):
        connector.fields("opportunities")
    assert connector.fields("organisations")


def test_a_mark_that_may_not_be_made_is_a_matter_of_that_record(
    colleague: Callable[..., Connector], person: Person
) -> None:
    """Organisations go on, and people do once somebody has made it."""
    connector = colleague()
    (verdict,) = create(connector, "people", {"last_name": "Lee"})
    assert isinstance(verdict.error, errors.Refused)
    assert "Party Administration" in verdict.error.message
    made(connector, "organisations", name="ACME")
    person.category("Person")
    made(connector, "people", last_name="Lee")


def test_an_outage_is_not_taken_for_a_module_that_is_missing(connector: Connector, proxy: Proxy) -> None:
    proxy.answer_with = 503
    with pytest.raises(errors.Unavailable):
        connector.fields("products")


@pytest.mark.parametrize("kind", ["organisations", "notes"])
def test_a_server_that_lost_its_database_has_deleted_nothing(connector: Connector, proxy: Proxy, kind: str) -> None:
    acme = made(connector, "organisations", name="ACME")
    id = acme if kind == "organisations" else made(connector, "notes", message="Hi", organisation=[acme])
    proxy.answer_with = 404
    with pytest.raises(errors.AddressRefused):
        connector.delete(kind, [id])
    proxy.answer_with = None
    assert id in connector.read(kind, [Ref(id)], fields=[]).records
    assert [verdict.error for verdict in connector.delete(kind, [id, id])] == [None, None]


# -- the address ---------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("", "The database's name is missing"),
        ("/", "The database's name is missing"),
        ("/crn", "no Tryton database “crn”"),
        ("/crm/rest", "no Tryton database “rest”"),
    ],
)
def test_an_address_without_its_database_says_what_is_missing(
    account: Account, admin: User, tryton: TrytonServer, path: str, missing: str
) -> None:
    values = {"base_url": tryton.url.rpartition("/")[0] + path, "access_token": tryton.key}
    with pytest.raises(ConnectRefused, match=missing) as caught:
        connect_with_keys(
            account=account, user=admin, app=registry.app("tryton"), way_in="keys", values=values, label=""
        )
    assert "https://erp.example.com/acme" in caught.value.message
    assert "address" in caught.value.next_step


def test_a_user_who_turns_to_another_company_stops_what_belongs_to_the_first(
    tryton: TrytonServer, person: Person, account: Account, admin: User
) -> None:
    """Else every opportunity would count as deleted, and every price as changed."""
    values = {"base_url": tryton.url, "access_token": tryton.key}
    instance = connect_with_keys(
        account=account, user=admin, app=registry.app("tryton"), way_in="keys", values=values, label="ERP"
    )
    before = open_connector(instance)
    made(before, "opportunities", description="Chairs")
    cursors = {kind: now(before, kind) for kind in ("people", "opportunities", "products")}
    (party,) = person.make(PARTY, {"name": "Daughter"})
    (daughter,) = person.make("company.company", {"party": party, "currency": 1})
    try:
        person.change("res.user", 1, companies=[["add", [daughter]]])
        person.change("res.user", 1, company=daughter, employee=None)
        for kind in ("opportunities", "products"):
            with pytest.raises(errors.AccountChanged):
                poll(open_connector(instance), kind, cursors[kind])
        poll(open_connector(instance), "people", cursors["people"])  # are everybody's
    finally:
        person.change("res.user", 1, company=1, employee=1)  # the server remembers it beyond a reset
    assert poll(open_connector(instance), "opportunities", cursors["opportunities"])[1] == set()


def test_a_wrong_database_is_told_from_a_wrong_key(tryton: TrytonServer, proxy: Proxy) -> None:
    for address in (f"{proxy.url}/nosuch", proxy.url):
        with pytest.raises(errors.AddressRefused):
            erp.connector(address, tryton.key).identify()
    with pytest.raises(errors.AuthExpired):
        erp.connector(f"{proxy.url}/crm", "0" * 128).identify()


def test_it_says_whose_books_it_opens(connector: Connector) -> None:
    account = connector.identify()
    assert account.name == "Acme Home"
    assert "/crm" in account.id
