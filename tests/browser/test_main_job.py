"""The main job as a person does it, with a real web server, real workers and stand-ins that speak the vendors' APIs.

Pictures of all pages stay in ``var/screenshots/``, in the order of the walk.
"""

import re
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from playwright.sync_api import Page, expect

from portal.accounts.models import Account, Role
from tests.browser.walker import Walker
from tests.conftest import PASSWORD, person
from tests.install import Install

RECORDS = 200
ALL_DONE = 90_000  # ms for the checks, the preview and the initial sync of so few records


@pytest.mark.browser
@pytest.mark.timeout(240)
def test_from_signing_in_to_a_record_that_is_in_sync(live_install: Install, walker: Walker) -> None:
    with live_install.orm():
        ada = person(Account.objects.create(name="Northwind"), "ada", Role.SUPER_ADMIN)
        ada.password = make_password(PASSWORD, hasher=PBKDF2PasswordHasher())  # the tests' own is refused out there
        ada.save()
    standins = live_install.start_standins("--records", str(RECORDS))
    live_install.start_workers()
    live_install.start_web()
    walker.page.goto(live_install.url)

    sign_in(walker)
    connect_hubspot(walker)
    connect_snovio(walker, standins["snovio"])
    walk_the_wizard(walker)
    watch_the_initial_sync(walker)
    look_at_the_numbers(walker)
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
    walker.look("04-connect-hubspot")
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
        if step == "limits":
            page.get_by_label("New records in Snov.io go to").select_option(label="Website sign-ups")
        walker.look(f"{number:02}-wizard-{step}", dark=step in ("mappings", "review"), narrow=True)
        if step != "review":
            page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Save and sync").click()


def watch_the_initial_sync(walker: Walker) -> None:
    page = walker.page
    page.wait_for_url("**/progress/")
    walker.look("14-progress", dark=True, narrow=True)


def look_at_the_numbers(walker: Walker) -> None:
    pass
