"""Settings are checked at start, all at once, with a sentence each and no traceback."""

import os
import subprocess
import sys

from tests.install import ROOT


def start(**settings: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings"} | settings
    command = [sys.executable, "manage.py", "check"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_every_wrong_setting_is_named_with_what_is_expected() -> None:
    done = start(WORKERS="many", DATABASE_URL="mysql://x", FIELD_ENCRYPTION_KEYS="short", BASE_URL="nowhere")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for name in ("WORKERS", "DATABASE_URL", "FIELD_ENCRYPTION_KEYS", "BASE_URL"):
        assert f"  {name}: " in done.stderr


def test_an_install_that_others_can_reach_needs_keys_of_its_own() -> None:
    done = start(BASE_URL="https://sync.example.com", ALLOW_LOOPBACK_APPS="1", SECRET_KEY="", FIELD_ENCRYPTION_KEYS="")
    assert done.returncode == 1
    for code in ("portal.E001", "portal.E002", "portal.E003"):
        assert code in done.stderr
