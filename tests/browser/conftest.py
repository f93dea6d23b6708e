"""A walker in Chromium; skipped where there is none."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.walker import Walker
from tests.settings import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",  # Chromium's own cannot be set up by root; only our pages are opened
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> str:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no Chromium: none of {', '.join(NAMES)} is on PATH")
    return path


@pytest.fixture
def screenshots() -> Path:
    """Where the pictures stay after the run."""
    folder = ROOT / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def walker(chromium: str, screenshots: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walker]:
    # Playwright runs an event loop in this thread, and Django then refuses to use the database in it.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        walker = Walker(browser, screenshots)
        yield walker
        print("\n".join(["-- met on the way", *walker.problems, f"-- the walk ended at {walker.page.url}"]))
        walker.page.screenshot(path=screenshots / "99-last.png")
        browser.close()
