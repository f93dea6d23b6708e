"""The repository tests itself: what a reviewer would otherwise have to remember."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands

from portal.env import documented
from tests.settings import ROOT

README = ROOT / "README.md"
VENDORED = "static/vendor/"


@cache
def committed() -> list[Path]:
    """Every file that is in git, or would be with the next commit."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if names.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in names.stdout.splitlines() if (ROOT / name).is_file()]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def found(paths: list[Path], pattern: str) -> list[str]:
    """``file:line: text`` of each match; a match may go over several lines."""
    expression = re.compile(pattern)
    places = []
    for path in paths:
        text = path.read_text(encoding="utf-8", errors="ignore")
        for match in expression.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            places.append(f"{named(path)}:{line}: {match.group(0).strip()[-100:]}")
    return places


def test_imports_point_one_way() -> None:
    done = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_engine_runs_without_django_and_http() -> None:
    """import-linter sees direct imports; this also sees what they bring along."""
    modules = [
        named(path).removesuffix(".py").replace("/", ".")
        for path in sorted((ROOT / "syncjobs" / "engine").glob("*.py"))
        if path.stem != "__init__"
    ]
    assert modules
    script = f"import sys, {', '.join(modules)}\nprint({{'django', 'requests', 'rest_framework'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stdout + done.stderr


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=1)


def test_every_setting_is_in_the_readme_and_nothing_else_is() -> None:
    section = README.read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    table = set(re.findall(r"^\| `([A-Z_]+)`", section, re.MULTILINE))
    assert table == documented()


def test_no_committed_file_names_a_package_registry_or_a_folder_of_somebodys_machine() -> None:
    hosts = ["pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs", "npmjs" + r"\.com", "index-" + "url ?="]
    folders = ["/" + name + "/" for name in ("root", "home", "Users", "work")]
    ours = [path for path in committed() if VENDORED not in named(path)]
    assert not found(ours, "|".join(hosts) + r"|(?<![\w./}>])(" + "|".join(folders) + ")")


def test_pages_carry_no_inline_script_or_style() -> None:
    """The content security policy refuses them, so they would be dead text."""
    templates = [path for path in committed() if path.suffix in (".html", ".svg") and "templates/" in named(path)]
    attributes = r"(?i)<[^>]*\s(style|on(click|change|submit|input|load|error|focus|blur|key\w+|mouse\w+))\s*="
    assert templates
    assert not found(templates, attributes + r"|<style|<script(?![^>]*\ssrc=)|javascript:")


def test_files_that_the_readme_names_exist() -> None:
    """Names with a placeholder (``<app>``) are patterns; ``var/`` is made at run time."""
    names = {
        name.rstrip("/")
        for name in re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", README.read_text())
        if not name.startswith("var/")
    }
    assert names
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []


OUR_COMMANDS = sorted(
    name for name, app in get_commands().items() if str(app).partition(".")[0] in ("portal", "integrations", "syncjobs")
)


@pytest.mark.parametrize("command", OUR_COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command(command, "--help")
    assert ended.value.code == 0
    assert f" {command} " in capsys.readouterr().out
