"""Servers and clients that are too heavy, or too particular in their versions, for ``.venv``: each in an environment of its own."""

import subprocess
import sys
from pathlib import Path


def install(lock: Path, folder: Path) -> Path:
    """Make a virtual environment in ``folder`` with what ``lock`` pins; its Python. RuntimeError or OSError with the reason.

    With uv, and with pip where uv is missing or cannot reach the registry (it does not read pip's settings).
    """
    _run(sys.executable, "-m", "venv", folder, seconds=120)
    python = folder / "bin" / "python"
    hashed: tuple[str | Path, ...] = ("-q", "--require-hashes", "-r", lock)
    try:
        _run(Path(sys.executable).with_name("uv"), "pip", "install", "-p", python, *hashed, seconds=300)
    except (OSError, RuntimeError):
        _run(python, "-m", "pip", "install", "--disable-pip-version-check", *hashed, seconds=600)
    return python


def _run(*command: str | Path, seconds: float) -> None:
    try:
        subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, timeout=seconds)
    except subprocess.SubprocessError as error:
        raise RuntimeError(f"{error} {getattr(error, 'stderr', None) or ''}"[-2000:].strip()) from error
