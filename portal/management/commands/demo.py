"""``make demo``: everything on one machine, with stand-ins for the apps. See ``portal/demo``."""

import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from integrations.registry import app
from portal.demo.install import DemoFailed, DemoInstall
from portal.env import BASE_DIR

USER, PASSWORD = "demo@syncline.example", "syncline-demo"


class Command(BaseCommand):
    help = "Run the whole product with stand-ins for the vendors; --once does the whole job without a person."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--records", type=int, default=500, help="how many people exist")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--once", action="store_true", help="no person: sync, change, compare, print JSON, exit")
        parser.add_argument(
            "--changes", type=int, default=50, help="with --once: records edited and created at each side"
        )
        parser.add_argument(
            "--kill-workers", action="store_true", help="with --once: SIGKILL the workers in the middle"
        )
        parser.add_argument(
            "--with", default="", metavar="SERVER,…", help="real servers to connect, too: radicale, tryton"
        )
        parser.add_argument("--real-limits", action="store_true", help="Snov.io's real 60 calls a minute")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        folder = Path(settings.VAR_DIR) / ("demo-once" if options["once"] else "demo")
        install = None
        try:
            install = DemoInstall(folder, port=options["port"], database_url=settings.DATABASE_URL)
            self._start(install, options)
            code = self._drive(install, options) if options["once"] else self._stay(install)
        except DemoFailed as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            code = 0
        finally:
            if install is not None:
                self.stderr.write("Stopping …")
                install.stop()
        sys.exit(code)

    def _start(self, install: DemoInstall, options: dict[str, Any]) -> None:
        say = self.stderr.write
        say("Starting the stand-ins …")
        limits = [] if options["real_limits"] else ["--set", "snovio.rate_limit=0"]
        if "tryton" in options["with"]:
            say("Installing Tryton, if it is not there yet (once, half a minute) …")
        servers = ["--with", options["with"]] if options["with"] else []
        install.start_standins("--records", str(options["records"]), "--seed", str(options["seed"]), *limits, *servers)
        if not options["real_limits"]:
            install.env["SNOVIO_CALLS_PER_MINUTE"] = "30000"
        say("Making the database …")
        install.make_database()
        install.manage("demo_user", USER, PASSWORD)
        say("Starting web and workers …")
        install.start_web()
        install.start_workers()

    def _stay(self, install: DemoInstall) -> int:
        self.stdout.write(f"""
Syncline             {install.url}
Sign in as           {USER}   password   {PASSWORD}

The other side, to play with:
{_others(install.standins)}
More                 make demo ARGS="--with radicale,tryton" starts real servers, too
Mail and logs        {os.path.relpath(install.folder, BASE_DIR)}

Everything starts afresh each time. Ctrl-C stops it.
""")
        self.stdout.flush()
        while True:
            for name, process in install.processes.items():
                if process.poll() is not None:
                    raise DemoFailed(f"{name} ended with {process.returncode}:\n{install.log(name)}")
            time.sleep(1)

    def _drive(self, install: DemoInstall, options: dict[str, Any]) -> int:
        """The job runs in a process that has the install's settings; workers are killed from here."""
        command = [sys.executable, "manage.py", "demo_job", "--changes", str(options["changes"])]
        job = subprocess.Popen([*command, "--user", USER], cwd=BASE_DIR, env=install.env, start_new_session=True)
        install.processes["job"] = job
        if options["kill_workers"]:
            self._kill_workers(install, job)
        return job.wait()

    def _kill_workers(self, install: DemoInstall, job: "subprocess.Popen[bytes]") -> None:
        """SIGKILL whole clusters, guards and workers alike, in the middle of the initial sync; then start them again."""
        marker = install.folder / "writing"
        while not marker.exists() and job.poll() is None:
            time.sleep(0.05)
        for name in [name for name in install.processes if name.startswith("workers-")]:
            install.kill_tree(name)
        self.stderr.write("Workers killed with SIGKILL; starting them again.")
        install.start_workers()


def _others(standins: dict[str, Any]) -> str:
    """Per app: where a person looks at it, and what to type to connect it."""
    lines = []
    for key, facts in standins.items():
        lines.append(f"{facts.get('name') or app(key).name:<20} {facts['page_url']}")
        lines += [f"{'':<20} {label}: {value}" for label, value in facts.get("to_connect", {}).items()]
    return "\n".join(lines)
