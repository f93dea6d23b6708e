"""``make chaos ARGS="--records N --json"``: the whole product while processes are killed, apps fail and people type at both sides.

Then quiet; both sides are read over their public APIs. Exit code 1 if a record was doubled, a typed value was lost, the sides
differ, or a pass over unchanged sides still writes. See README.md here.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from portal.demo.install import DemoInstall
from tests import postgres

USER, PASSWORD = "chaos@syncline.example", "syncline-chaos"
MUST_BE_ZERO = ("duplicates", "lost", "mismatches", "quiet_writes")
KNOWN_PAIRS = ("snovio", "carddav")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--records", type=int, default=20_000, help="how many people exist at the start")
    parser.add_argument(
        "--minutes", type=float, default=2.0, help="how long the storm lasts at least; never less than the initial sync"
    )
    parser.add_argument(
        "--pairs", default=",".join(KNOWN_PAIRS), help=f"apps to pair with HubSpot, of {', '.join(KNOWN_PAIRS)}"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--database", choices=["sqlite", "postgres"], help="postgres: DATABASE_URL's server, else one of its own"
    )
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--clusters", type=int, default=1, help="clusters of workers on one database")
    parser.add_argument("--restart-database", action="store_true", help="PostgreSQL is killed, too, and recovers")
    parser.add_argument(
        "--pace", type=float, help="how many things people do in a second; by default one for 600 records, at most 10"
    )
    parser.add_argument(
        "--keep", type=Path, help="a folder for logs and the SQLite database, left behind for looking at"
    )
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    options = parser.parse_args()
    options.pairs = options.pairs.split(",")
    if options.restart_database and options.database != "postgres":
        parser.error("--restart-database goes with --database postgres")
    if unknown := set(options.pairs) - set(KNOWN_PAIRS):
        parser.error(f"no such pair: {', '.join(sorted(unknown))}")
    return options


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    total: dict[str, float] = {}
    with ExitStack() as stack:
        url = os.environ.get("DATABASE_URL", "") if options.database != "sqlite" else ""
        if options.database == "postgres" and not postgres.is_postgres(url):
            url = stack.enter_context(postgres.server())
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="syncline-chaos-")))
        for pair in options.pairs:
            figures = in_a_process_of_its_own(pair, folder / pair, url, options)
            total = {name: total.get(name, 0) + figures[name] for name in figures}
    if options.json:
        say(json.dumps(total))
    return 1 if any(total[name] for name in MUST_BE_ZERO) else 0


def in_a_process_of_its_own(pair: str, folder: Path, url: str, options: argparse.Namespace) -> dict[str, float]:
    """Play one pair. Django reads its settings once a process: a second pair would talk to the first one's stopped install."""
    context = multiprocessing.get_context("fork")  # this process has neither threads nor Django
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_play, args=(there, pair, folder, url, options), daemon=True)
    process.start()
    there.close()  # so that the pipe ends with the process, however that ends
    try:
        return dict(here.recv())
    except EOFError:
        raise SystemExit(f"The pair with {pair} came to no end: see above.") from None
    finally:
        process.join()


def _play(there: Connection, *what: Any) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    there.send(one_pair(*what))


def one_pair(pair: str, folder: Path, url: str, options: argparse.Namespace) -> dict[str, float]:
    """Each pair in an install of its own. The environment of this process becomes that of the install."""
    say(f"HubSpot ↔ {pair} on {'PostgreSQL' if url else 'SQLite'}, {options.records} records, seed {options.seed}")
    shutil.rmtree(folder, ignore_errors=True)
    install = DemoInstall(folder, port=0, database_url=url)
    install.env |= {"WORKERS": str(options.workers), "SNOVIO_CALLS_PER_MINUTE": "30000", "PYTHONPATH": "."}
    stack = ExitStack()
    try:
        install.start_standins(
            "--records",
            str(options.records),
            "--seed",
            str(options.seed),
            "--split",
            "doubled=0",
            "--set",
            "snovio.rate_limit=0",
        )
        install.make_database()
        install.manage("demo_user", USER, PASSWORD)
        install.start_web()
        os.environ.update(install.env, DJANGO_SETTINGS_MODULE="portal.settings")
        import django

        django.setup()
        from tests.chaos.run import Run

        return Run(pair, install, options, USER, say, stack).play()
    finally:
        install.stop()
        stack.close()


if __name__ == "__main__":
    sys.exit(main())
