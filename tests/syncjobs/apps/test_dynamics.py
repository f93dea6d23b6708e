"""HubSpot's stand-in and two organisations of Dynamics, set up as the wizard does it and run by the real runner."""

from collections import Counter
from typing import Any

import pytest
from django.contrib.auth.models import User

from integrations import registry
from integrations.records import Side
from integrations.registry import app
from portal.accounts.models import Account
from syncjobs.models import RecordLink, RunKind, Sync
from syncjobs.services import drafts, runs, value_maps
from syncjobs.services.mappings import schemas_of
from tests.contract.conftest import Control
from tests.contract.dynamics import control_of, dynamics_standin
from tests.integrations.test_dynamics_connect import connected
from tests.syncjobs.apps.conftest import Instances, Rows, Start, addresses, connected_hub, listed

__all__ = ["dynamics_standin"]
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(180)]


@pytest.fixture
def control(dynamics_standin: dict[str, Any]) -> Control:
    return control_of(dynamics_standin)


@pytest.fixture
def instances(
    account: Account, manager: User, hubspot_standin: dict[str, Any], hubspot_control: Control, dynamics_standin: Any,
    control: Control, settings: Any,
) -> Instances:  # fmt: skip
    """HubSpot as the hub, and both organisations."""
    settings.DYNAMICS_CALLS_PER_SECOND = 1000
    hub = connected_hub(account, manager, hubspot_standin, dynamics_standin, settings)
    return hub, [connected(account, manager, each["url"]) for each in dynamics_standin["organisations"]]


@pytest.mark.parametrize(
    ("hub_kind", "app_kind"), [(h.key, a.key) for h, a in registry.pairs(*map(app, ("hubspot", "dynamics")))]
)
def test_every_value_of_a_default_mapping_has_a_partner(
    account: Account, manager: User, instances: Instances, hub_kind: str, app_kind: str
) -> None:
    hub, apps = instances
    draft = drafts.new(account=account, by=manager, app_instance=apps[0])
    drafts.choose_pair(draft=draft, app_instance=apps[0], hub_instance=hub, hub_kind=hub_kind, app_kind=app_kind)
    schemas = schemas_of(draft)
    lonely = {
        f"{row.app_field} = {row.hub_field}": [
            (str(pair.side), pair.option.label) for pair in value_maps.pairs(row, schemas) if not pair.partner
        ]
        for row in draft.mappings.filter(on=True)
        if value_maps.lonely(row, schemas)
    }
    # Colleagues and currencies that one app does not have are told, and not guessed.
    assert not {name: labels for name, labels in lonely.items() if "owner" not in name and "currency" not in name}


def dynamics_rows(control: Control, kind: str, organisation: int = 0) -> Rows:
    return listed(control, kind, organisation=organisation)


def twins(sync: Sync) -> dict[str, str]:
    links = RecordLink.objects.filter(sync=sync, app_id__isnull=False, hub_id__isnull=False)
    return dict(links.values_list("hub_id", "app_id"))


def test_two_organisations_and_one_hub_hold_everybody_once(
    start: Start, control: Control, hubspot_control: Control
) -> None:
    before = [set(addresses(dynamics_rows(control, "contacts", n), "emailaddress1")) for n in (0, 1)]
    assert before[0] & before[1]
    worlds = [start("contacts", "contacts", organisation=n) for n in (0, 1)]
    for _round in range(2):  # what came to the hub from one goes on to the other
        for world in worlds:
            world.poll()
    for found in (
        addresses(listed(hubspot_control, "contacts"), "email"),
        *(addresses(dynamics_rows(control, "contacts", n), "emailaddress1") for n in (0, 1)),
    ):
        assert before[0] | before[1] <= set(found)
        doubled = {address for address, n in Counter(found).items() if n > 1}
        assert doubled <= {address for address, n in Counter(addresses_at_start(control)).items() if n > 1}


def addresses_at_start(control: Control) -> list[str]:
    """The first organisation begins with a few people who are in it twice."""
    return addresses(dynamics_rows(control, "contacts"), "emailaddress1")


def test_an_edit_in_one_organisation_reaches_the_other(
    start: Start, control: Control, hubspot_control: Control
) -> None:
    worlds = [start("contacts", "contacts", organisation=n) for n in (0, 1)]
    known = [twins(world.sync) for world in worlds]
    hub_id = next(iter(known[0].keys() & known[1].keys()))
    control("records", type="contacts", edit=[{"id": known[0][hub_id], "jobtitle": "Astronaut"}])
    worlds[0].poll()
    assert listed(hubspot_control, "contacts")[hub_id]["jobtitle"] == "Astronaut"
    worlds[1].poll()
    assert dynamics_rows(control, "contacts", 1)[known[1][hub_id]]["jobtitle"] == "Astronaut"


def test_companies_and_people_come_with_their_ties(start: Start, control: Control, hubspot_control: Control) -> None:
    companies, people = start("companies", "accounts"), start("contacts", "contacts")
    for world in (companies, people):
        world._finish(runs.start(sync=world.sync, kind=RunKind.FULL_SCAN))
        world.poll()
    firms, persons = twins(companies.sync), twins(people.sync)
    rows = dynamics_rows(control, "contacts")
    tied = 0
    for row in hubspot_control("list", type="contacts")["results"]:
        near = [one["id"] for one in row.get("associations", {}).get("companies", []) if "Primary" in one["labels"]]
        if near and row["id"] in persons and near[0] in firms:
            assert rows[persons[row["id"]]]["_parentcustomerid_value"] == firms[near[0]]
            tied += 1
    assert tied > 5


def test_leads_become_contacts_of_the_hub_and_are_not_written_back(
    start: Start, control: Control, hubspot_control: Control
) -> None:
    control(
        "records", type="leads", create=[{"lastname": "New", "subject": "Hi", "emailaddress1": "new.lead@example.com"}]
    )
    before = dynamics_rows(control, "leads")
    world = start("contacts", "leads")
    [made] = [row for row in listed(hubspot_control, "contacts").values() if row.get("email") == "new.lead@example.com"]
    assert made["lifecyclestage"] == "lead"
    hub_id = next(iter(twins(world.sync)))
    hubspot_control("records", type="contacts", edit=[{"id": int(hub_id), "jobtitle": "Changed"}])
    world.poll()
    assert dynamics_rows(control, "leads") == before


def test_a_deletion_in_dynamics_reaches_the_hub(start: Start, control: Control, hubspot_control: Control) -> None:
    world = start("contacts", "contacts")
    Sync.objects.filter(pk=world.sync.pk).update(when_deleted_in_app="delete")
    hub_id, app_id = next(iter(twins(world.sync).items()))
    control("records", type="contacts", delete=[app_id])
    world.poll()
    assert hub_id not in listed(hubspot_control, "contacts")
    assert world.sync.app_kind == "contacts"
    assert world.counts() == {"insync": len(twins(world.sync)) - 1, "deleted_app": 1}


def test_a_quiet_minute_is_two_calls(start: Start, control: Control, hubspot_control: Control) -> None:
    """One for the delta link; the token may be looked at, too."""
    world = start("contacts", "contacts")
    world.poll()
    control("stats", reset=True)
    world.poll()
    lines = control("stats")["by_path"]
    assert sum(n for line, n in lines.items() if "/api/data/" in line) <= 2, lines
    assert Side.APP.value == "app"


def test_a_ticket_waits_for_its_customer_and_one_without_says_so(
    start: Start, control: Control, hubspot_control: Control
) -> None:
    companies, tickets = start("companies", "accounts"), start("tickets", "incidents")

    def made(kind: str, **values: Any) -> str:
        return str(hubspot_control("records", type=kind, create=[values])["created"][0])

    firm = made("companies", name="Latecomer Ltd")
    lonely, tied = (made("tickets", subject=subject, hs_pipeline_stage="1") for subject in ("Lonely", "Tied"))
    hubspot_control("records", type="tickets", associate=[[tied, "companies", firm, "primary"]])
    tickets.poll()
    links = RecordLink.objects.filter(sync=tickets.sync)
    assert links.get(hub_id=tied).code == "PARENT_NOT_SYNCED_YET"
    refused = links.get(hub_id=lonely)
    assert (refused.status, refused.code, refused.field) == ("failed", "REQUIRED_VALUE_BLANK", "customerid:account")
    assert "associate the record with a company or a contact" in refused.detail
    companies.poll()
    tickets.poll()
    case = dynamics_rows(control, "incidents")[twins(tickets.sync)[tied]]
    assert case["_customerid_value"] == twins(companies.sync)[firm]
    hubspot_control("records", type="tickets", associate=[[lonely, "companies", firm, "primary"]])
    tickets._finish(runs.start(sync=tickets.sync, kind=RunKind.FULL_SCAN))
    assert lonely in twins(tickets.sync)


def test_an_account_brings_its_domain_to_the_hub(start: Start, control: Control, hubspot_control: Control) -> None:
    """Else the next organisation with this account would not find it there."""
    control("records", type="accounts", create=[{"name": "Acme", "websiteurl": "https://www.acme.example/about"}])
    start("companies", "accounts")
    [made] = [row for row in listed(hubspot_control, "companies").values() if row.get("name") == "Acme"]
    assert (made["domain"], made["website"]) == ("acme.example", "https://www.acme.example/about")


IDENTITY = {
    "accounts": ("websiteurl", "domain"),
    "contacts": ("emailaddress1", "email"),
    "products": ("productnumber", "hs_sku"),
}
HUB_KINDS = {"accounts": "companies", "contacts": "contacts", "products": "products"}


def test_two_organisations_of_one_hub_double_nothing_and_fall_silent(
    start: Start, control: Control, hubspot_control: Control
) -> None:
    """People, their companies and products that overlap; what one brings to the hub goes on to the other, and then all is quiet."""
    doubled_before = doubled(control, hubspot_control)
    for number in (0, 1):
        firm = {"name": "Overlap Ltd", "websiteurl": "https://overlap.example"}
        control("records", organisation=number, type="accounts", create=[firm])
    worlds = [start(HUB_KINDS[kind], kind, organisation=number) for kind in IDENTITY for number in (0, 1)]
    for number, address in ((0, "met@overlap.example"), (1, "Met@Overlap.example")):  # both meet somebody new
        person = {"lastname": "Met", "emailaddress1": address}
        control("records", organisation=number, type="contacts", create=[person])
    for _round in range(4):
        for world in worlds:
            world.poll()
    assert doubled(control, hubspot_control) <= doubled_before
    for kind in IDENTITY:
        first, second = (twins(world.sync) for world in worlds if world.sync.app_kind == kind)
        assert first.keys() == second.keys(), f"{kind} of both organisations meet in the hub"
        assert first
    writes_before = writes(control, hubspot_control)
    for world in worlds:
        world.poll()
    assert writes(control, hubspot_control) == writes_before


def doubled(control: Control, hubspot_control: Control) -> set[tuple[str, str, str]]:
    """(where, kind, identity) of what is there more than once."""
    found = set()
    for kind, (own, theirs) in IDENTITY.items():
        places = {f"organisation {n}": addresses(dynamics_rows(control, kind, n), own) for n in (0, 1)}
        places["hub"] = addresses(listed(hubspot_control, HUB_KINDS[kind]), theirs)
        for place, values in places.items():
            found |= {(place, kind, value) for value, n in Counter(values).items() if n > 1}
    return found


def writes(control: Control, hubspot_control: Control) -> tuple[Any, Any, int]:
    lines = hubspot_control("stats")["by_path"].items()
    to_hub = sum(
        n for line, n in lines if not line.startswith("GET") and "/batch/read" not in line and "search" not in line
    )
    return control("writes", organisation=0), control("writes", organisation=1), to_hub


def test_what_a_task_cannot_name_is_told_and_milliseconds_are_not(start: Start, hubspot_control: Control) -> None:
    companies, people = start("companies", "accounts"), start("contacts", "contacts")
    firm, person = (next(iter(twins(world.sync))) for world in (companies, people))
    both, one = (
        str(hubspot_control("records", type="tasks", create=[
            {"hs_task_subject": subject, "hs_timestamp": "2026-05-01T08:30:00.759Z"}
        ])["created"][0])
        for subject in ("Of both", "Of one")
    )  # fmt: skip
    ties = [[both, "companies", firm], [both, "contacts", person], [one, "contacts", person]]
    hubspot_control("records", type="tasks", associate=ties)
    links = RecordLink.objects.filter(sync=start("tasks", "tasks").sync)
    assert [links.get(hub_id=id).code for id in (both, one)] == ["ASSOCIATION_LIMIT", ""]
    assert links.get(hub_id=one).status == "insync"
