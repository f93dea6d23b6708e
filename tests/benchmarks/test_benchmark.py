"""That the benchmark runs and says what it promises; how fast anything is, is no test's business."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_last_line_is_the_promised_json(tmp_path: Path) -> None:
    command = [
        "manage.py",
        "benchmark",
        "--quick",
        "--records",
        "300",
        "--database",
        "sqlite",
        "--jobs",
        "initial copy",
        "--json",
    ]
    environment = os.environ | {"VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=170, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads(done.stdout.strip().splitlines()[-1])["rows"]
    assert (row["job"], row["database"]) == ("initial copy", "sqlite")
    assert {"records_per_second", "requests_per_1000", "peak_mib", "ratio"} <= row.keys()
    # 10 reads and 10 writes a thousand, and a few calls that every first run makes.
    assert row["requests"] - 2 * row["records"] / 100 <= 8
