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


@pytest.mark.timeout(280)
def test_contacts_survive_a_breeze(tmp_path: Path) -> None:
    """As much of the storm as a default run has time for; SQLite alone, where one cluster does everything."""
    figures = chaos(
        tmp_path / "chaos", "--database", "sqlite", "--pairs", "snovio", "--records", "120", "--minutes", "0.2",
        "--pace", "2", seconds=270,
    )  # fmt: skip
    assert [figures[name] for name in MUST_BE_ZERO] == [0, 0, 0, 0]
    assert figures["kills"] >= 1
    assert figures["faults"] >= 5


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("database", "pair"), [("sqlite", "carddav"), ("postgres", "snovio")])
def test_contacts_survive_the_storm(database: str, pair: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if database == "postgres":
        request.getfixturevalue("postgres_url")  # skips where there is none
    figures = chaos(
        tmp_path / "chaos", "--database", database, "--pairs", pair, "--records", "2000", "--minutes", "1", seconds=1780
    )
    assert [figures[name] for name in MUST_BE_ZERO] == [0, 0, 0, 0]
    assert figures["kills"] >= 5
    assert figures["faults"] >= 20
