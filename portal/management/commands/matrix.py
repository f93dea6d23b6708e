"""Sync every pair of objects that the catalogue claims, and compare both sides; see ``portal/matrix/__init__.py``."""

import json
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.demo.install import DemoFailed, DemoInstall
from portal.env import BASE_DIR
from portal.matrix import report
from portal.matrix.apps import ADAPTORS, PAIRS


class Command(BaseCommand):
    help = "Sync every (hub, app, object) of the catalogue with stand-ins and real servers, and compare both sides."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--records", type=int, default=200, help="of each object")
        parser.add_argument(
            "--only", default="", metavar="HUB,APP", help="one pair of apps; HUB,APP,APP plays two accounts of the app"
        )
        parser.add_argument("--objects", default="", metavar="KIND,…", help="only these of the app's")
        parser.add_argument("--json", action="store_true", help="the rows again, as JSON in the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        rows: list[dict[str, Any]] = []
        broken = False
        self.stdout.write(report.head())
        for names in self._pairs(options["only"]):
            with tempfile.TemporaryDirectory(prefix="syncline-matrix-") as folder:
                try:
                    rows += self._play(names, options, Path(folder))
                except DemoFailed as error:
                    self.stderr.write(str(error))
                    broken = True  # the other pairs are played all the same
        if options["json"]:
            self.stdout.write(json.dumps({"rows": [report.bare(row) for row in rows]}))
        if broken or not rows or not all(report.is_good(row) for row in rows):
            sys.exit(1)

    def _pairs(self, only: str) -> list[tuple[str, ...]]:
        if only:
            names = tuple(only.split(","))
            if len(names) not in (2, 3) or set(names) - ADAPTORS.keys() or len({*names[1:]}) != 1:
                raise CommandError(f"--only takes HUB,APP of {', '.join(ADAPTORS)}.")
            return [names]
        for names in PAIRS:
            if missing := set(names) - ADAPTORS.keys():
                self.stderr.write(f"{' and '.join(names)} are left out: no adaptor for {', '.join(sorted(missing))}.")
        return [pair for pair in PAIRS if not set(pair) - ADAPTORS.keys()]

    def _play(self, names: tuple[str, ...], options: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
        """One pair: an install and its stand-ins, and the process that plays."""
        install = DemoInstall(folder / "install", port=0)
        try:
            settings = [f"{ADAPTORS[key].standin}.{option}" for key in set(names) for option in ADAPTORS[key].options]
            install.start_standins("--records", "0", *(part for one in settings for part in ("--set", one)))
            for key in set(names):
                install.env |= ADAPTORS[key].environment(install.standins.get(ADAPTORS[key].standin, {}))
            install.make_database()
            return list(self._job(install, names, options))
        finally:
            install.stop()

    def _job(self, install: DemoInstall, names: tuple[str, ...], options: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Rows as soon as there are any."""
        narrowed = ["--records", str(options["records"]), "--objects", options["objects"]]
        command = [sys.executable, "manage.py", "matrix_job", *names, *narrowed]
        process = subprocess.Popen(command, cwd=BASE_DIR, env=install.env, stdout=subprocess.PIPE, text=True)
        install.processes["job"] = process
        assert process.stdout
        for line in process.stdout:
            row = json.loads(line)
            self.stdout.write(report.line(row))
            for words in row.pop("wrong"):
                self.stderr.write(f"    {words}")
            self.stdout.flush()
            yield row
        if process.wait():
            raise DemoFailed(f"matrix_job {' '.join(names)} ended with {process.returncode}.")
