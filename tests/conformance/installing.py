"""Clients that are too heavy for the test environment, or not of Python: installed below ``var/`` when their test is asked for."""

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HOME = ROOT / "var" / "conformance"


def marks(place: Path) -> list[pytest.MarkDecorator]:
    """What has to be installed first is slow; later it takes a second or two."""
    return [pytest.mark.timeout(600)] if (place / "ready").exists() else [pytest.mark.slow, pytest.mark.timeout(600)]


def run(*command: Any, **options: Any) -> str:
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, timeout=300, check=False, **options
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout


@contextmanager
def installing(place: Path) -> Iterator[bool]:
    """One process at a time. True: it is not there yet. Skips the test where what is done inside fails."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield not (place / "ready").exists()
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            pytest.skip(f"{place.name} cannot be installed: {error}")
        (place / "ready").touch()
