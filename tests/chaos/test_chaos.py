"""``make chaos`` in short, on the database of this run."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.__main__ import MUST_BE_ZERO
from tests.install import ROOT


def chaos(folder: Path, *arguments: str, seconds: int) -> dict[str, Any]:
    """The figures of a run that must end well. It brings its own database server."""
    environment = os.environ | {"DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "portal.settings"}
    command = [sys.executable, "-m", "tests.chaos", "--json", "--keep", str(folder), *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except BaseException:
        process.send_signal(signal.SIGTERM)  # it stops what it started
        output, _ = process.communicate(timeout=40)
        print(output)
        raise
    assert process.returncode == 0, output
    return dict(json.loads(output.strip().splitlines()[-1]))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_contacts_survive_the_storm(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if database == "postgres":
        request.getfixturevalue("postgres_url")  # skips where there is none
    figures = chaos(tmp_path / "chaos", "--database", database, "--records", "300", "--minutes", "0.7", seconds=880)
    assert [figures[name] for name in MUST_BE_ZERO] == [0, 0, 0, 0]
    assert figures["kills"] >= 5
    assert figures["faults"] >= 20
