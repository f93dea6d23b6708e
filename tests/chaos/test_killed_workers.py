"""The whole product, its worker processes killed with SIGKILL in the middle of the initial sync."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.install import ROOT


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_killed_workers_cost_seconds_and_never_a_record(tmp_path: Path) -> None:
    environment = os.environ | {"VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    demo = subprocess.run(
        [sys.executable, "manage.py", "demo", "--once", "--records", "80", "--changes", "0", "--kill-workers", "--port", "0"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=270, check=False,
    )  # fmt: skip
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Workers killed with SIGKILL" in demo.stderr
    figures = json.loads(demo.stdout.strip().splitlines()[-1])
    assert figures["duplicates"] == figures["mismatches"] == figures["failed"] == 0
    assert figures["in_sync"] > 70
