"""Start ``manage.py standins`` as a process of its own and talk to its control verbs. For any test: the fixtures of
``tests/standins/conftest.py`` can be imported into another folder's ``conftest.py``."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[2]


@contextmanager
def serving(*arguments: str) -> Iterator[dict[str, dict[str, Any]]]:
    """The ``--json`` object: addresses and credentials by vendor. Ports are free ones."""
    command = [sys.executable, "manage.py", "standins", "--json", "--exit-with-parent", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, f"the stand-ins did not start (exit status {process.wait(10)})"
        yield json.loads(line)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def control(vendor: dict[str, Any], verb: str, **given: Any) -> dict[str, Any]:
    """``control(hubspot, "faults", fault="lost", next=1)``"""
    answer = requests.post(f"{vendor['control_url']}/{verb}", json=given, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()
