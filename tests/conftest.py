"""What every test may ask for: a fixed cast of people, a mail server, a PostgreSQL server, a whole running install.

The cast: ``account`` has a super ``admin``, an integrations ``manager`` and a ``viewer``; the ``stranger`` owns another
account. ``as_<name>`` is a browser (Django's test client) in which that person is signed in.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.test import Client

from portal.accounts.models import Account, Membership, Role
from tests import postgres
from tests.install import ROOT, Install, drop_template
from tests.processes import free_port

PASSWORD = "correct horse battery"
# Pages ask nothing of a database that the two answer differently: on PostgreSQL these wait for --all.
# What behaves differently on another database: bulk SQL, leases, locks, shared budgets. The rest runs there with --all.
ON_BOTH_DATABASES = (
    "tests/syncjobs/runner/",
    "tests/syncjobs/exports/",
    "tests/integrations/test_budget.py",
    "tests/integrations/test_credentials.py",
    "tests/portal/test_secrets.py",
    "tests/portal/test_tenants.py",
)
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_serialized_rollback", "live_server", "live_install"}


# -- what runs when ---------------------------------------------------------------------------------------------------
def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="slow tests too, browser tests on PostgreSQL too")


def on_postgres() -> bool:
    return postgres.is_postgres(os.environ.get("DATABASE_URL", ""))


def pytest_report_header() -> str:
    if reason := os.environ.get("NO_POSTGRES"):
        return f"database: SQLite. Tests on PostgreSQL are skipped: {reason}"
    return f"database: {'PostgreSQL' if on_postgres() else 'SQLite'}"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """On PostgreSQL, do not even import what would be left out: that takes longer than many a test."""
    if not on_postgres() or config.getoption("--all") or _names_a_test(config):
        return None
    path = collection_path.relative_to(ROOT).as_posix() + "/" * collection_path.is_dir()
    return None if any(each.startswith(path) or path.startswith(each) for each in ON_BOTH_DATABASES) else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this run is not for. A test that was asked for by its own name or marker always runs."""
    asked = config.getoption("markexpr")
    dropped = []
    for item in items:
        if config.getoption("--all") or _names_a_test(config):
            left_out = on_postgres() and not _uses_database(item)
        else:
            left_out = ("slow" in item.keywords and "slow" not in asked) or (
                on_postgres() and not (_uses_database(item) and _differs_by_database(item))
            )
        if left_out:
            dropped.append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]
    items.sort(key=lambda item: "live_install" not in getattr(item, "fixturenames", ()))  # the longest first


def _names_a_test(config: pytest.Config) -> bool:
    return any("::" in argument for argument in config.args)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if on_postgres() and not hasattr(session.config, "workerinput"):  # once, after the processes of pytest-xdist
        drop_template(os.environ["DATABASE_URL"])


def _differs_by_database(item: pytest.Item) -> bool:
    return item.path.relative_to(ROOT).as_posix().startswith(ON_BOTH_DATABASES)


def _uses_database(item: pytest.Item) -> bool:
    return item.get_closest_marker("django_db") is not None or bool(
        DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    )


# -- the cast ---------------------------------------------------------------------------------------------------------
def person(account: Account, name: str, role: Role) -> User:
    """A user with a verified address and a membership of ``account``."""
    user = get_user_model().objects.create_user(name, f"{name}@example.com", PASSWORD, first_name=name.title())
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)  # type: ignore[attr-defined]
    Membership.objects.create(user=user, account=account, role=role)
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def account(db: None) -> Account:
    return Account.objects.create(name="Acme")


@pytest.fixture
def other_account(db: None) -> Account:
    """The stranger's."""
    return Account.objects.create(name="Elsewhere")


@pytest.fixture
def admin(account: Account) -> User:
    return person(account, "ada", Role.SUPER_ADMIN)


@pytest.fixture
def manager(account: Account) -> User:
    return person(account, "mia", Role.INTEGRATIONS_MANAGER)


@pytest.fixture
def viewer(account: Account) -> User:
    return person(account, "vic", Role.VIEWER)


@pytest.fixture
def stranger(other_account: Account) -> User:
    return person(other_account, "sam", Role.SUPER_ADMIN)


@pytest.fixture
def as_admin(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def as_manager(manager: User) -> Client:
    return signed_in(manager)


@pytest.fixture
def as_viewer(viewer: User) -> Client:
    return signed_in(viewer)


@pytest.fixture
def as_stranger(stranger: User) -> Client:
    return signed_in(stranger)


# -- the world outside ------------------------------------------------------------------------------------------------
@pytest.fixture
def smtp(settings: Any) -> Iterator[SimpleNamespace]:
    """A real SMTP server on the loopback interface, Django set to send there; ``smtp.received``: messages."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Message

    received: list[Any] = []

    class Keep(Message):
        def handle_message(self, message: Any) -> None:
            received.append(message)

    port = free_port()
    server = Controller(Keep(), hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield SimpleNamespace(host="127.0.0.1", port=port, received=received)
    server.stop()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server's maintenance database, for tests that start processes on PostgreSQL themselves."""
    if given := os.environ.get("POSTGRES_URL"):  # started once by ``python -m tests``
        yield given
        return
    try:
        with postgres.server() as url:
            yield url
    except postgres.NoPostgres as reason:
        pytest.skip(f"no PostgreSQL: {reason}")


@pytest.fixture
def live_install(tmp_path: Path, request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[Install]:
    """A whole install with real processes, on the database of this run; see tests/install.py."""
    server_url = request.getfixturevalue("postgres_url") if on_postgres() else ""
    install = Install(tmp_path / "var", server_url)
    try:
        with django_db_blocker.unblock():
            yield install
    finally:
        install.close()
