"""HubSpot's stand-in and two orgs of Salesforce, set up as the wizard does it and run by the real runner."""

from collections import Counter
from typing import Any

import pytest
from django.contrib.auth.models import User

from integrations import registry
from integrations.connectors.salesforce.allocation import SHARE
from integrations.models import RateBucket
from integrations.records import FieldType
from portal.accounts.models import Account
from syncjobs.models import RecordLink, RunKind, Sync, SyncState
from syncjobs.services import drafts, mappings, runs, value_maps
from tests.contract.conftest import Control
from tests.contract.salesforce import control_of, salesforce_standin
from tests.integrations.test_salesforce_connect import connected
from tests.syncjobs.apps.conftest import Instances, Rows, Start, addresses, connected_hub, listed
from tests.syncjobs.runner.world import World

__all__ = ["salesforce_standin"]
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(180)]


@pytest.fixture
def control(salesforce_standin: dict[str, Any]) -> Control:
    return control_of(salesforce_standin)


@pytest.fixture
def instances(
    account: Account, manager: User, hubspot_standin: dict[str, Any], hubspot_control: Control, salesforce_standin: Any,
    control: Control, settings: Any,
) -> Instances:  # fmt: skip
    """HubSpot as the hub, and both orgs."""
    hub = connected_hub(account, manager, hubspot_standin, salesforce_standin, settings)
    return hub, [connected(account, manager, n) for n in (0, 1)]


def salesforce_rows(control: Control, kind: str, organisation: int = 0) -> Rows:
    return listed(control, kind, organisation=organisation)


def twins(sync: Sync) -> dict[str, str]:
    links = RecordLink.objects.filter(sync=sync, app_id__isnull=False, hub_id__isnull=False, status="insync")
    return dict(links.values_list("hub_id", "app_id"))


def troubles(world: World) -> Counter[tuple[str, str, str]]:
    """Why records are not in sync: (status, code, field)."""
    links = RecordLink.objects.filter(sync=world.sync).exclude(status="insync")
    return Counter(links.values_list("status", "code", "field"))


def writes(*controls: Control) -> int:
    """Calls that wrote, since the statistics were last read."""
    lines = [line for control in controls for line in control("stats", reset=True)["by_path"].items()]
    return sum(n for line, n in lines if line.split()[0] in ("POST", "PATCH", "DELETE", "PUT") and not _reads(line))


def _reads(line: str) -> bool:
    return any(word in line for word in ("search", "batch/read", "token", "_control", "composite/sobjects/"))


def test_two_orgs_and_one_hub_hold_everybody_once(start: Start, control: Control, hubspot_control: Control) -> None:
    before = [set(addresses(salesforce_rows(control, "Contact", n), "Email")) for n in (0, 1)]
    doubled_at_start = {
        address for address, n in Counter(addresses(salesforce_rows(control, "Contact"), "Email")).items() if n > 1
    }
    assert before[0] & before[1]
    worlds = [start("contacts", "contacts", organisation=n) for n in (0, 1)]
    for _round in range(2):  # what came to the hub from one goes on to the other
        for world in worlds:
            world.poll()
    for found in (
        addresses(listed(hubspot_control, "contacts"), "email"),
        *(addresses(salesforce_rows(control, "Contact", n), "Email") for n in (0, 1)),
    ):
        assert before[0] | before[1] <= set(found)
        assert {address for address, n in Counter(found).items() if n > 1} <= doubled_at_start
    control("stats", reset=True)
    hubspot_control("stats", reset=True)
    for world in worlds:
        world.poll()
    assert writes(control, hubspot_control) == 0
    assert [troubles(world) for world in worlds] == [Counter(), Counter()]


def test_companies_people_and_deals_come_with_their_ties(
    start: Start, control: Control, hubspot_control: Control
) -> None:
    companies, people, deals = (
        start("companies", "accounts"),
        start("contacts", "contacts"),
        start("deals", "opportunities"),
    )
    for world in (companies, people, deals):
        world._finish(runs.start(sync=world.sync, kind=RunKind.FULL_SCAN))
        world.poll()
    assert [troubles(world) for world in (companies, people, deals)] == [Counter()] * 3
    firms, persons, sales = twins(companies.sync), twins(people.sync), twins(deals.sync)
    tied = Counter[str]()
    for kind, name, known in (("contacts", "Contact", persons), ("deals", "Opportunity", sales)):
        rows = salesforce_rows(control, name)
        for row in hubspot_control("list", type=kind)["results"]:
            near = [one["id"] for one in row.get("associations", {}).get("companies", []) if "Primary" in one["labels"]]
            if near and row["id"] in known and near[0] in firms:
                assert rows[known[row["id"]]]["AccountId"] == firms[near[0]]
                tied[kind] += 1
    assert min(tied["contacts"], tied["deals"]) > 2
    writes(control, hubspot_control)
    for world in (companies, people, deals):
        world.poll()
    assert writes(control, hubspot_control) == 0


def test_every_choice_has_a_partner_or_a_stand_in(account: Account, manager: User, instances: Instances) -> None:
    """Else a default mapping would let records fail."""
    hub, [app, _south] = instances
    found = []
    for hub_kind, app_kind in registry.pairs(hub.app, app.app):
        draft = drafts.new(account=account, by=manager, app_instance=app)
        drafts.choose_pair(
            draft=draft, app_instance=app, hub_instance=hub, hub_kind=hub_kind.key, app_kind=app_kind.key
        )
        schemas = mappings.schemas_of(draft)
        for row in draft.mappings.filter(on=True):
            field = schemas.app[row.app_field]
            if field.type is not FieldType.USER and value_maps.lonely(row, schemas):
                found.append((app_kind.key, row.app_field, row.hub_field, value_maps.lonely(row, schemas)))
    assert found == []


@pytest.mark.parametrize(
    ("hub_kind", "app_kind"),
    [("products", "products"), ("tickets", "cases"), ("tasks", "tasks"), ("calls", "calls"), ("meetings", "meetings")],
)
def test_defaults_let_no_record_fail(
    start: Start, control: Control, hubspot_control: Control, hub_kind: str, app_kind: str
) -> None:
    world = start(hub_kind, app_kind)
    world.poll()
    assert not [key for key in troubles(world) if key[1] != "WEAK_MATCH"], "two products of one name are for a person"
    assert world.counts()["insync"] > 2
    writes(control, hubspot_control)
    world.poll()
    assert writes(control, hubspot_control) == 0


def test_a_lead_that_is_converted_hands_over_to_its_contact(
    start: Start, control: Control, hubspot_control: Control
) -> None:
    """One person all the time: never two contacts in the hub, and never a contact in Salesforce beside the lead."""
    address = "new.lead@example.com"
    [lead] = control(
        "records", type="Lead", create=[{"LastName": "New", "Company": "Acme", "Email": address, "Title": "Buyer"}]
    )["created"]
    leads = start("contacts", "leads")
    people = start("contacts", "contacts")
    hub_id = RecordLink.objects.get(sync=leads.sync, app_id=lead).hub_id
    assert listed(hubspot_control, "contacts")[hub_id]["lifecyclestage"] == "lead"
    assert address not in addresses(salesforce_rows(control, "Contact"), "Email")
    Sync.objects.filter(pk__in=[leads.sync.pk, people.sync.pk]).update(when_deleted_in_app="delete")
    [made] = control("records", type="Lead", convert=[lead])["converted"]
    for world in (leads, people, leads, people):
        world.poll()
    assert RecordLink.objects.get(sync=leads.sync, app_id=lead).code == "CONVERTED_AWAY"
    link = RecordLink.objects.get(sync=people.sync, app_id=made["ContactId"])
    assert (link.hub_id, link.status) == (hub_id, "insync")
    assert listed(hubspot_control, "contacts")[hub_id]["lifecyclestage"] == "salesqualifiedlead"
    assert addresses(listed(hubspot_control, "contacts"), "email").count(address) == 1
    assert addresses(salesforce_rows(control, "Contact"), "Email").count(address) == 1
    hubspot_control("records", type="contacts", edit=[{"id": int(hub_id or 0), "jobtitle": "Chief buyer"}])
    people.poll()
    assert salesforce_rows(control, "Contact")[made["ContactId"]]["Title"] == "Chief buyer"


def test_deletions_and_merges_reach_the_hub(start: Start, control: Control, hubspot_control: Control) -> None:
    people = start("contacts", "contacts")
    Sync.objects.filter(pk=people.sync.pk).update(when_deleted_in_app="delete")
    with_cases = {row["ContactId"] for row in salesforce_rows(control, "Case").values()}  # Salesforce keeps those
    deletable = [pair for pair in twins(people.sync).items() if pair[1] not in with_cases]
    (gone_hub, gone), (_kept_hub, kept), (lost_hub, lost) = deletable[:3]
    control("records", type="Contact", delete=[gone])
    control("records", type="Contact", merge=[[kept, lost]])
    people.poll()
    rows = listed(hubspot_control, "contacts")
    assert gone_hub not in rows
    assert lost_hub in rows, "merged is not deleted"
    assert RecordLink.objects.get(sync=people.sync, hub_id=lost_hub).code == "MERGED_AWAY"


def test_what_sharing_hides_is_deleted_nowhere_and_told(
    start: Start, control: Control, hubspot_control: Control
) -> None:
    """Somebody else owns the contact now: a full scan misses it, and so does every read."""
    people = start("contacts", "contacts")
    Sync.objects.filter(pk=people.sync.pk).update(when_deleted_in_app="delete")
    hub_id, app_id = next(iter(twins(people.sync).items()))
    control("records", type="Contact", hide=[app_id])
    people._finish(runs.start(sync=people.sync, kind=RunKind.FULL_SCAN))
    people.poll()
    assert hub_id in listed(hubspot_control, "contacts")
    hubspot_control("records", type="contacts", edit=[{"id": hub_id, "jobtitle": "Boss"}])
    people.poll()
    link = RecordLink.objects.get(sync=people.sync, hub_id=hub_id)
    assert (link.status, link.code, link.dirty) == ("failed", "RECORD_NOT_VISIBLE", 0)


def test_a_quiet_minute_is_one_call(start: Start, control: Control) -> None:
    world = start("contacts", "contacts")
    world.poll()
    control("stats", reset=True)
    world.poll()
    assert sum(n for line, n in control("stats")["by_path"].items() if "/services/data/" in line) == 1


def test_a_contact_that_moves_to_another_account_moves_in_the_hub(
    start: Start, control: Control, hubspot_control: Control
) -> None:
    companies, people = start("companies", "accounts"), start("contacts", "contacts")
    people.poll()
    rows = salesforce_rows(control, "Contact")
    hub_id, app_id = next((h, a) for h, a in twins(people.sync).items() if rows[a]["AccountId"])
    firm, account = next((h, a) for h, a in twins(companies.sync).items() if a != rows[app_id]["AccountId"])
    control("records", type="Contact", edit=[{"Id": app_id, "AccountId": account}])
    people.poll()
    [row] = [row for row in hubspot_control("list", type="contacts")["results"] if row["id"] == hub_id]
    assert [one["id"] for one in row["associations"]["companies"] if "Primary" in one["labels"]] == [firm]


def test_a_promoted_contact_goes_on_syncing(start: Start, control: Control, hubspot_control: Control) -> None:
    address = "both@example.com"
    [hub_id] = hubspot_control("records", type="contacts", create=[{"email": address, "lastname": "Both"}])["created"]
    [app_id] = control("records", type="Contact", create=[{"Email": address, "LastName": "Both"}])["created"]
    people = start("contacts", "contacts")
    assert listed(hubspot_control, "contacts")[str(hub_id)]["lifecyclestage"] == "salesqualifiedlead"
    control("records", type="Contact", edit=[{"Id": app_id, "Title": "Boss"}])
    people.poll()
    assert listed(hubspot_control, "contacts")[str(hub_id)]["jobtitle"] == "Boss"


def test_a_share_that_is_used_up_is_waited_for_and_harms_nothing(
    start: Start, control: Control, hubspot_control: Control
) -> None:
    people = start("contacts", "contacts")
    [app_id] = control("records", type="Contact", create=[{"LastName": "Later", "Email": "later@example.com"}])[
        "created"
    ]
    share = RateBucket.objects.filter(instance=people.sync.app_instance, name=SHARE)
    burst = share.get().burst
    share.update(tokens=0, rate=0.0001, burst=1)
    people.poll()
    run = people.sync.runs.active().get()
    assert (run.waiting_for, run.waiting_side) == ("QUOTA_ALLOCATION_REACHED", "app")
    people.sync.refresh_from_db()
    assert people.sync.state == SyncState.ACTIVE
    share.update(tokens=burst, burst=burst)
    people.poll()
    assert not people.sync.runs.active().exists()
    assert RecordLink.objects.get(sync=people.sync, app_id=app_id).status == "insync"


def test_what_somebody_types_right_after_our_write_comes_to_the_hub(
    start: Start, control: Control, hubspot_control: Control
) -> None:
    """It is there by the time that we look at what became of the write, and no result of it."""
    world = start("contacts", "contacts")
    hub_id, app_id = next(iter(twins(world.sync).items()))
    hubspot_control("records", type="contacts", edit=[{"id": hub_id, "jobtitle": "Ours", "phone": "+66 2 555 0101"}])
    control("meanwhile", type="Contact", edit={"Title": "Theirs"})
    for _round in range(3):
        world.poll()
    assert salesforce_rows(control, "Contact")[app_id]["Title"] == "Theirs"
    assert listed(hubspot_control, "contacts")[hub_id]["jobtitle"] == "Theirs"
    assert salesforce_rows(control, "Contact")[app_id]["Phone"] == "+66 2 555 0101"
    assert troubles(world) == Counter()
