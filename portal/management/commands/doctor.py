"""Look at everything an install stands on and say in one line each whether it works."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.core.mail import get_connection
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from portal.crypto import cipher


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return connection.vendor


def migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise RuntimeError(f"{len(missing)} not applied: run manage.py migrate")
    return "all applied"


def broker() -> str:
    from django_q.brokers import get_broker

    found = get_broker()
    if found.ping() is False:
        raise RuntimeError("no answer")
    return f"{type(found).__module__.rpartition('.')[2]}, {found.queue_size()} waiting"


def mail() -> str:
    opened = get_connection()
    opened.open()
    opened.close()
    return settings.EMAIL_HOST or f"written to {settings.EMAIL_FILE_PATH}"


def keys() -> str:
    if cipher().decrypt(cipher().encrypt(b"well")) != b"well":
        raise RuntimeError("a secret does not come back as it was")
    count = len(settings.FIELD_ENCRYPTION_KEYS)
    return f"{count} in FIELD_ENCRYPTION_KEYS" if count else "derived from SECRET_KEY (for demos only)"


def cached() -> str:
    key, value = f"doctor-{uuid4()}", str(uuid4())
    cache.set(key, value, 10)
    if cache.get(key) != value:
        raise RuntimeError("a value that was stored does not come back")
    cache.delete(key)
    return type(cache._connections[cache._alias]).__name__  # type: ignore[attr-defined]


CHECKS: dict[str, Callable[[], str]] = {
    "database": database,
    "migrations": migrations,
    "broker": broker,
    "mail": mail,
    "keys": keys,
    "cache": cached,
}


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        for name, check in CHECKS.items():
            try:
                self.stdout.write(f"ok      {name:<11} {check()}")
            except Exception as error:  # whatever is wrong is the answer, and the other checks still run
                failed += 1
                self.stdout.write(f"FAILED  {name:<11} {error or type(error).__name__}")
        if failed:
            raise CommandError(f"{failed} of {len(CHECKS)} checks failed.")
