"""Measure the engine beside a bare loop that does the same jobs; see ``portal/benchmark/__init__.py``."""

import json
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.benchmark import endless, report
from portal.benchmark.jobs import BARE
from portal.demo.install import DemoFailed, DemoInstall
from portal.env import BASE_DIR

# What can be asked for, and the process that measures it.
JOBS = {
    "initial copy": "sync", "no-change pass": "sync", "no-change full scan": "sync", "1 % changed": "sync",
    "first match": "match", "live latency": "latency", "memory": "memory",
}  # fmt: skip
JOBS_HELP = f"comma-separated, of: {', '.join(JOBS)}".replace("%", "%%")
FULL, QUICK = 100_000, 2_000
LEAST_LOAD = 5_000  # an initial sync that is over too soon would leave nothing to measure beside it
GROWTH = (1, 10)  # times so many links must not need more memory
# No limit but speed. The stand-in reads 0 as none, and then tells apps that no call is left.
UNLIMITED = [
    "hubspot.limit_oauth=1000000000",
    "hubspot.limit_search=0",
    "hubspot.token_seconds=1000000000",
    "hubspot.portals=4",
]


class Command(BaseCommand):
    help = "Measure speed, requests and memory on stand-ins, beside a bare loop; starts and stops all it needs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the rows again, as JSON in the last line")
        parser.add_argument("--quick", action="store_true", help="2,000 records instead of 100,000: under two minutes")
        parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
        parser.add_argument("--jobs", default="", metavar="NAMES", help=JOBS_HELP)
        parser.add_argument("--records", type=int, help="another number of records")
        parser.add_argument(
            "--profile", type=Path, help="a folder for cProfile's statistics of each job (slows it down)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = [name.strip() for name in options["jobs"].split(",") if name.strip()] or list(JOBS)
        if unknown := set(wanted) - JOBS.keys():
            raise CommandError(f"There is no job {', '.join(sorted(unknown))}; there are {', '.join(JOBS)}.")
        if not BARE.exists():
            self.stderr.write("Without tests/benchmarks/bare.py there is nothing to compare with: ratios are left out.")
        self.stdout.write(report.head())
        rows: list[dict[str, Any]] = []
        try:
            for database in ("sqlite", "postgres") if options["database"] == "both" else (options["database"],):
                rows += self._on(database, wanted, options)
        except DemoFailed as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"rows": rows}))

    def _on(self, database: str, wanted: list[str], options: dict[str, Any]) -> list[dict[str, Any]]:
        """All jobs on one database; without a server none, and it is said why."""
        try:
            with _server(database) as url:
                return self._measure(database, url, wanted, options)
        except NoServer as reason:
            self.stderr.write(f"PostgreSQL is left out: {reason}")
            return []

    def _measure(self, database: str, url: str, wanted: list[str], options: dict[str, Any]) -> list[dict[str, Any]]:
        records = options["records"] or (QUICK if options["quick"] else FULL)
        install = DemoInstall(
            Path(settings.VAR_DIR) / f"benchmark-{database}", port=0, database_url=url, schema="syncline_benchmark"
        )
        rows: list[dict[str, Any]] = []
        try:
            install.env["HUBSPOT_CALLS_PER_SECOND"] = "1000000"
            install.start_standins("--records", "0", *(part for limit in UNLIMITED for part in ("--set", limit)))
            install.make_database()
            for group in dict.fromkeys(JOBS[name] for name in wanted):
                if group == "latency":
                    install.start_web()
                    install.start_workers()
                for times in GROWTH if group == "memory" else (1,):
                    size = max(records, LEAST_LOAD) if group == "latency" else times * records
                    rows += self._run(install, group, size, wanted, options)
                if group == "latency":
                    install.stop(*(name for name in install.processes if name.startswith(("web", "workers"))))
        finally:
            install.stop()
        return rows

    def _run(
        self, install: DemoInstall, group: str, records: int, wanted: list[str], options: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """One process, which prints a row as soon as it has one."""
        command = [sys.executable, "manage.py", "benchmark_job", group, "--records", str(records)]
        command += [part for name in wanted for part in ("--only", name)]
        if options["profile"]:
            options["profile"].mkdir(parents=True, exist_ok=True)
            command += ["--profile", str(options["profile"].resolve())]
        with endless.serving() as server:
            env = dict(install.env)
            if group == "memory":
                env["HUBSPOT_API_URL"] = f"http://127.0.0.1:{server.server_port}"
            process = subprocess.Popen(command, cwd=BASE_DIR, env=env, stdout=subprocess.PIPE, text=True)
            assert process.stdout
            try:
                for line in process.stdout:
                    row = json.loads(line)
                    self.stdout.write(report.line(row))
                    self.stdout.flush()
                    yield row
                process.wait()
            finally:
                process.kill()
        if process.returncode:
            raise DemoFailed(f"benchmark_job {group} ended with {process.returncode}.")


class NoServer(Exception):
    """Why there is no PostgreSQL."""


@contextmanager
def _server(database: str) -> Any:
    """The database's URL; "" for SQLite. PostgreSQL comes from DATABASE_URL, else from where the tests take theirs."""
    if database == "sqlite":
        yield ""
    elif settings.DATABASE_URL.startswith("postgres"):
        yield settings.DATABASE_URL
    else:
        try:
            from tests import postgres
        except ImportError as error:
            raise NoServer("set DATABASE_URL (this install has no tests that could start a server)") from error
        try:
            with postgres.server() as url:
                yield url
        except postgres.NoPostgres as error:
            raise NoServer(str(error)) from error
