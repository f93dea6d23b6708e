"""A group of jobs of ``manage.py benchmark``, in one process that has the benchmark install's settings."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from portal.benchmark import latency, memory, report
from portal.benchmark.jobs import Bench
from portal.demo.install import DemoFailed

GROUPS = ("sync", "match", "latency", "memory")


class Command(BaseCommand):
    help = "Used by the benchmark command: prints one JSON object a row."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("group", choices=GROUPS)
        parser.add_argument("--records", type=int, required=True)
        parser.add_argument("--profile", type=Path)
        parser.add_argument("--only", action="append", default=[])

    def handle(self, *args: Any, **options: Any) -> None:
        database = "postgres" if connection.vendor == "postgresql" else "sqlite"
        try:
            for job, ours, bare, *more in self._rows(options):
                self._say(report.row(job, database, ours, bare, **(more[0] if more else {})))
        except DemoFailed as error:
            raise CommandError(str(error)) from error

    def _rows(self, options: dict[str, Any]) -> Iterator[Any]:
        if options["group"] == "memory":
            return memory.jobs(options["records"])
        bench = Bench(options["records"], options["profile"], options["only"])
        return {"sync": bench.sync_jobs, "match": bench.match_jobs, "latency": lambda: latency.jobs(bench)}[
            options["group"]
        ]()

    def _say(self, row: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(row))
        self.stdout.flush()
