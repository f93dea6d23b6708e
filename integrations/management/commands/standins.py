"""Serve the stand-ins for the vendors' APIs on the loopback interface."""

import asyncio
import json
import os
import tempfile
import threading
import time
from argparse import ArgumentParser, ArgumentTypeError
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import standins
from integrations.standins.people import Shares
from integrations.standins.realservers import launch
from integrations.standins.server import attach, serve
from integrations.standins.vendor import ControlError, Vendor, World

VENDORS = tuple(each.name for each in iter_modules(standins.__path__) if each.ispkg and each.name != "realservers")


class Command(BaseCommand):
    help = "Serve local stand-ins for the vendors' APIs until stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        for key in VENDORS:
            parser.add_argument(f"--{key}-port", type=int, default=0, help="0 picks a free port")
        parser.add_argument("--only", choices=VENDORS, help="serve just this one")
        parser.add_argument(
            "--with",
            type=_names,
            default=[],
            metavar="SERVER,…",
            help=f"real servers beside them: {', '.join(launch.SERVERS)}",
        )
        parser.add_argument("--records", type=int, default=200, help="how many people exist")
        parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same people")
        parser.add_argument("--split", default="", help="where people are: both=0.6,hub=0.25,app=0.15,differing=0.1 …")
        parser.add_argument("--json", action="store_true", help="first line: addresses and credentials as JSON")
        parser.add_argument("--faults", default="", help="probabilities: lost=0.01,502=0.02,429=0.01,slow=0.05,…")
        parser.add_argument(
            "--set", action="append", default=[], metavar="VENDOR.NAME=VALUE", help="a vendor's setting"
        )
        parser.add_argument("--snovio-calls-per-minute", type=int, help="Snov.io's limit, 60 unless told; 0 = none")
        parser.add_argument("--hubspot-webhook-url", default="", help="where HubSpot's notifications go")
        parser.add_argument("--exit-with-parent", action="store_true", help="stop when the starting process is gone")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["exit_with_parent"]:
            threading.Thread(target=_watch_parent, args=(os.getppid(),), daemon=True).start()
        try:
            # Started here, by the main thread: the kernel ends them with the thread that made them.
            with (
                tempfile.TemporaryDirectory(prefix="syncline-servers-") as folder,
                launch.running(options["with"], Path(folder)) as servers,
            ):
                asyncio.run(self.run(options, servers))
        except (ControlError, ValueError, OSError, RuntimeError) as error:
            raise CommandError(str(error)) from error

    async def run(self, options: dict[str, Any], servers: dict[str, launch.Facts]) -> None:
        world = World(options["seed"], options["records"], Shares.parse(options["split"]))
        settings = _settings(options)
        sockets = {}
        for key in VENDORS:
            if options["only"] in (None, key):
                package = import_module(f"integrations.standins.{key}")
                vendor: Vendor = package.create(world, settings.get(key, {}))
                vendor.faults.configure(options["faults"])
                sockets[vendor] = attach(vendor, options[f"{key}_port"])
        described = {vendor.key: vendor.describe() for vendor in sockets} | servers

        def ready() -> None:
            self.stdout.write(json.dumps(described) if options["json"] else _readable(described))
            self.stdout.flush()

        await serve(sockets, ready)


def _names(text: str) -> list[str]:
    """Of real servers, comma separated."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := set(names) - launch.SERVERS.keys():
        raise ArgumentTypeError(f"no such server: {', '.join(sorted(unknown))}")
    return names


def _settings(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """``--set hubspot.search_lag=3`` → ``{"hubspot": {"search_lag": 3}}``; values are JSON where they parse as such."""
    found: dict[str, dict[str, Any]] = {}
    for text in options["set"]:
        name, sign, value = text.partition("=")
        key, dot, setting = name.partition(".")
        if not sign or not dot or key not in VENDORS:
            raise CommandError(f"--set takes VENDOR.NAME=VALUE, not {text}")
        try:
            found.setdefault(key, {})[setting] = json.loads(value)
        except ValueError:
            found[key][setting] = value
    if options["snovio_calls_per_minute"] is not None:
        found.setdefault("snovio", {})["rate_limit"] = options["snovio_calls_per_minute"]
    if options["hubspot_webhook_url"]:
        found.setdefault("hubspot", {})["webhook_url"] = options["hubspot_webhook_url"]
    return found


def _readable(described: dict[str, dict[str, Any]]) -> str:
    lines = []
    for key, facts in described.items():
        lines.append(key)
        lines += [f"  {name:<16}{value}" for name, value in facts.items()]
    return "\n".join(lines)


def _watch_parent(parent: int) -> None:
    """End this process once its parent is gone (it then has another one)."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)
