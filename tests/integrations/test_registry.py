"""Which folders are apps, and what a folder that is none is told."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from integrations import connectors, registry


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new folder beside the apps."""
    new = tmp_path / "newcomer"
    new.mkdir()
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(tmp_path)])
    registry.apps.cache_clear()
    yield new
    for name in [name for name in sys.modules if name.startswith("integrations.connectors.newcomer")]:
        del sys.modules[name]
    registry.apps.cache_clear()


def test_every_app_is_found_under_the_name_of_its_folder() -> None:
    folders = {file.parent.name for file in Path(connectors.__path__[0]).glob("*/app.py")}
    assert set(registry.apps()) == folders >= {"hubspot", "snovio", "carddav"}


def test_a_folder_without_an_app_is_no_app(folder: Path) -> None:
    (folder / "client.py").write_text("")
    assert "newcomer" not in registry.apps()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "APP = 'newcomer'",
        "from dataclasses import replace\nfrom integrations.connectors.snovio.app import APP\nAPP = replace(APP, key='other')",
    ],
)
def test_an_app_that_is_not_declared_rightly_says_where_and_what(folder: Path, text: str) -> None:
    (folder / "app.py").write_text(text)
    with pytest.raises(ImproperlyConfigured, match=r"newcomer/app\.py must set APP .* key is 'newcomer'"):
        registry.apps()
