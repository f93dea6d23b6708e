"""The main job as a person does it, with a real web server, real workers and stand-ins that speak the vendors' APIs.

Pictures of all pages stay in ``var/screenshots/``, in the order of the walk.
"""

import re
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from playwright.sync_api import Page, expect

from integrations.models import AppInstance
from portal.accounts.models import Account, Role
from syncjobs.models import RecordLink, SyncCount
from tests.browser.walker import Walker
from tests.conftest import PASSWORD, person
from tests.install import Install

RECORDS = 200
PEOPLE = "no_email=0.2,doubled=0.1"  # so that some are excluded, for two reasons
ALL_DONE = 90_000  # ms for the checks, the preview and the initial sync of so few records


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_from_signing_in_to_a_record_that_is_in_sync(live_install: Install, walker: Walker) -> None:
    with live_install.orm():
        ada = person(Account.objects.create(name="Northwind Trading and Daughters"), "ada", Role.SUPER_ADMIN)
        ada.password = make_password(PASSWORD, hasher=PBKDF2PasswordHasher())  # the tests' own is refused out there
        ada.save()
    standins = live_install.start_standins("--records", str(RECORDS), "--split", PEOPLE)
    live_install.start_workers()
    live_install.start_web()
    walker.page.goto(live_install.url)

    sign_in(walker)
    connect_hubspot(walker)
    connect_snovio(walker, standins["snovio"])
    walk_the_wizard(walker)
    watch_the_initial_sync(walker)
    look_at_the_numbers(walker, live_install)
    look_around(walker)
    look_at_trouble(walker, live_install)
    assert walker.problems == []


def sign_in(walker: Walker) -> None:
    page = walker.look("01-sign-in", dark=True, narrow=True)
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Integrations")
    walker.look("02-integrations-empty", narrow=True)


def connect_hubspot(walker: Walker) -> None:
    page = walker.page
    page.get_by_role("link", name="App directory").first.click()
    walker.look("03-directory", dark=True, narrow=True)
    page.get_by_role("link", name="Connect HubSpot").first.click()
    walker.look("04-connect-hubspot", narrow=True)
    page.get_by_role("button", name="Continue to HubSpot").click()
    walker.look("05-consent")
    page.get_by_role("button", name=re.compile("Connect|Allow|Choose")).click()
    wait_for_checks(page)
    walker.look("06-checks-hubspot", narrow=True)


def connect_snovio(walker: Walker, keys: dict[str, Any]) -> None:
    page = walker.page
    page.get_by_role("link", name="Connect an app").click()
    page.get_by_role("link", name="Connect Snov.io").click()
    page.get_by_label("API User ID").fill(keys["client_id"])
    page.get_by_label("API Secret").fill(keys["client_secret"])
    walker.look("07-connect-snovio", dark=True, narrow=True)
    page.get_by_role("button", name="Connect", exact=True).click()
    wait_for_checks(page)
    walker.look("08-checks-snovio")
    page.get_by_role("button", name="Set up your sync").click()


def wait_for_checks(page: Page) -> None:
    expect(page.get_by_role("button", name="Check again")).to_be_visible(timeout=ALL_DONE)


def walk_the_wizard(walker: Walker) -> None:
    page = walker.page
    for number, step in enumerate(["connect", "direction", "limits", "mappings", "review"], 9):
        page.wait_for_url(f"**/setup/{step}/")
        if step == "connect":
            page.get_by_role("radio", name="Prospects").check()
        if step == "direction":
            choose_twice_in_a_moment(page)
        if step == "limits":
            page.get_by_label("New records in Snov.io go to").select_option(label="Website sign-ups")
        walker.look(f"{number:02}-wizard-{step}", dark=step in ("mappings", "review"), narrow=True)
        if step != "review":
            page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Save and sync").click()


def choose_twice_in_a_moment(page: Page) -> None:
    """The answer to the first choice, which redraws the step, must not take the second one back."""
    page.locator("[name=duplicates]").select_option("oldest")
    page.locator("[name=winner]").select_option("hub")
    words = page.get_by_role("complementary")
    expect(words).to_contain_text("the oldest syncs")
    expect(words).to_contain_text("HubSpot wins")


def watch_the_initial_sync(walker: Walker) -> None:
    page = walker.page
    page.wait_for_url("**/progress/")
    walker.look("14-progress", dark=True, narrow=True)
    expect(page.get_by_text("The initial sync is done.").first).to_be_visible(timeout=ALL_DONE)
    walker.look("15-progress-done", narrow=True)
    page.get_by_role("link", name="Open the sync").click()


def look_at_the_numbers(walker: Walker, install: Install) -> None:
    page = walker.page
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Prospects.*Contacts"))
    with install.orm():
        counts = dict(SyncCount.objects.exclude(n=0).values_list("status", "n"))
    assert counts.get("insync", 0) > RECORDS / 2
    walker.look("16-sync", dark=True, narrow=True)

    page.get_by_role("link", name=f"{counts['insync']} in sync").first.click()
    expect(page.get_by_role("dialog")).to_contain_text(f"{counts['insync']} in sync")
    walker.look("17-panel", dark=True, narrow=True)
    page.get_by_role("dialog").get_by_role("row").nth(1).get_by_role("link").click()
    page.wait_for_url("**/records/*/")
    walker.look("18-record", dark=True, narrow=True)
    page.go_back()

    page.get_by_role("link", name=f"{counts['excluded']} excluded").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Grouped by cause")
    walker.look("19-panel-excluded")
    page.goto(page.url.rstrip("/") + "/records/excluded/")
    walker.look("20-list-excluded", narrow=True)
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=ALL_DONE)
    walker.look("21-exports", narrow=True)


def look_around(walker: Walker) -> None:
    page = walker.page
    page.get_by_role("link", name="Integrations").first.click()
    walker.look("22-integrations", dark=True, narrow=True)
    # By now the first polls have run: what the initial sync wrote must not look like anything that needs a person.
    expect(page.get_by_role("row", name="Snov.io")).to_contain_text("Active")
    page.get_by_role("main").get_by_role("link", name="Snov.io").first.click()
    walker.look("23-app", dark=True, narrow=True)
    page.get_by_role("main").get_by_role("link", name="Prospects").first.click()
    page.goto(page.url + "delete/")
    walker.look("24-delete", dark=True, narrow=True)
    for number, name in enumerate(["Members", "Audit", "Account"], 25):
        page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
        walker.look(f"{number}-{name.lower()}", narrow=True)


def look_at_trouble(walker: Walker, install: Install) -> None:
    with install.orm():
        link = RecordLink.objects.filter(status="insync").earliest("pk")
        RecordLink.objects.filter(pk=link.pk).update(
            status="failed", code="UNIQUE_VALUE_TAKEN", field="email", side="hub"
        )
        AppInstance.objects.filter(app_key="snovio").update(state="needs_reauth", state_code="AUTH_REVOKED")
    walker.page.get_by_role("link", name="Integrations").first.click()
    expect(walker.page.get_by_role("row", name="Snov.io says that access was withdrawn")).to_be_visible()
    walker.look("28-trouble", dark=True, narrow=True)
    walker.page.get_by_role("link", name="Reconnect").click()
    walker.look("29-reconnect", narrow=True)
    walker.page.goto(f"{install.url}/syncs/{link.sync_id}/records/failed/")
    walker.look("30-list-failed", dark=True, narrow=True)
    walker.page.goto(f"{install.url}/records/{link.pk}/")
    walker.look("31-record-failed", dark=True, narrow=True)
