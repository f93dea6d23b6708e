"""One pair of apps of ``manage.py matrix``, in a process that has the install's settings."""

import json
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.matrix import compare
from portal.matrix.apps import ADAPTORS, Adaptor, NoServer
from portal.matrix.play import Play

TOLD = 5  # of what is wrong with an object, in words


class Command(BaseCommand):
    help = "Used by the matrix command: prints one JSON object a row."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("hub")
        parser.add_argument("apps", nargs="+")
        parser.add_argument("--records", type=int, required=True)
        parser.add_argument("--objects", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        standins = json.loads(Path(str(settings.STANDINS_FILE)).read_text())
        with ExitStack() as stack:
            try:
                names = [options["hub"], *options["apps"]]
                hub, *apps = (
                    self._open(name, standins, stack, second=name in names[:place]) for place, name in enumerate(names)
                )
            except (NoServer, RuntimeError) as reason:  # also of a real server that cannot be started here
                raise CommandError(str(reason)) from reason
            play = Play(hub, apps, options["records"], options["objects"].split(",") if options["objects"] else ())
            play.set_up()
            play.fill()
            play.start()
            play.edit()
            play.delete()
            play.merge()
            play.quiet()
            for row, wrong in compare.rows(play):
                told = wrong[:TOLD] + ([f"… and {len(wrong) - TOLD} more"] if len(wrong) > TOLD else [])
                self.stdout.write(json.dumps({**row, "wrong": told}))
                self.stdout.flush()

    def _open(self, key: str, standins: dict[str, Any], stack: ExitStack, *, second: bool = False) -> Adaptor:
        adaptor = ADAPTORS[key](standins.get(ADAPTORS[key].standin, {}), second=second)
        adaptor.open(stack, Path(settings.VAR_DIR) / key)
        return adaptor
