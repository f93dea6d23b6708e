"""Reads every setting from the environment and says at start which ones are wrong, all at once and without a traceback.

The README's table of settings is checked against ``documented()`` by a test, so a setting cannot be added in silence.
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from environs import EnvValidationError, FileAwareEnv, ValidationError

BASE_DIR = Path(__file__).resolve().parent.parent

env = FileAwareEnv(eager=False, strip_whitespace=True)


def documented() -> set[str]:
    """Names of all variables that the settings file asked for."""
    return set(env._values)


def seal() -> None:
    """End the process with one line per wrong setting."""
    try:
        env.seal()
    except EnvValidationError as error:
        messages: dict[str, list[str]] = dict(error.error_messages)  # type: ignore[arg-type]  # a list only without names
        lines = [f"  {name}: {' '.join(map(str, found))}" for name, found in sorted(messages.items())]
        sys.exit("\n".join(["Syncline cannot start. These settings are wrong (see the README's table):", *lines]))


# -- validators: raise ValidationError with a sentence that says what is expected -------------------------------------------
def web_address(value: str) -> None:
    if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
        raise ValidationError("Expected an address such as https://sync.example.com.")


def database_url(value: str) -> None:
    if value and urlsplit(value).scheme not in ("postgres", "postgresql", "sqlite"):
        raise ValidationError("Expected postgres://user:password@host/name or sqlite:////path.")


def redis_url(value: str) -> None:
    if value and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise ValidationError("Expected redis://host:6379/0.")


def fernet_keys(values: list[str]) -> None:
    for value in values:
        try:
            Fernet(value)
        except ValueError:
            raise ValidationError("Expected Fernet keys: 32 bytes in url-safe base64, separated by commas.") from None


def positive(value: int) -> None:
    if value < 1:
        raise ValidationError("Expected a number above 0.")


def percent(value: int) -> None:
    if not 1 <= value <= 100:
        raise ValidationError("Expected a number from 1 to 100.")
