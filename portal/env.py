"""Reads every setting from the environment and says at start which ones are wrong, all at once.

The README's table of settings is checked against ``DOCUMENTED`` by a test, so a setting cannot be added in silence.
"""

from pathlib import Path

from environs import FileAwareEnv

BASE_DIR = Path(__file__).resolve().parent.parent

env = FileAwareEnv(eager=False, strip_whitespace=True)


def documented() -> set[str]:
    """Names of all variables that the settings file asked for."""
    return set(env._values)
