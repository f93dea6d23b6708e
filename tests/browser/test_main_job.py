"""The main job as a person does it, with a real web server, real workers and stand-ins that speak the vendors' APIs."""

import pytest

from portal.accounts.models import Account, Role
from tests.browser.walker import Walker
from tests.conftest import PASSWORD, person
from tests.install import Install


@pytest.mark.browser
def test_a_super_admin_signs_in(live_install: Install, walker: Walker) -> None:
    with live_install.orm():
        person(Account.objects.create(name="Acme"), "ada", Role.SUPER_ADMIN)
    walker.page.goto(live_install.start_web() + "/accounts/login/")
    walker.look("01-sign-in", dark=True, narrow=True)
    walker.page.get_by_label("Email").fill("ada@example.com")
    walker.page.get_by_label("Password").fill(PASSWORD)
    walker.page.get_by_role("button", name="Sign in").click()
    walker.look("02-home")
    assert walker.problems == []
