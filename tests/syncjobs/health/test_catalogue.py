"""Every code that the source can store has words; every text can be put together."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from integrations import errors
from syncjobs.engine.merge import Rule
from syncjobs.health.catalogue import CATALOGUE, RETRY_WORDS, describe
from syncjobs.health.words import RULES

ROOT = Path(__file__).parents[3]
CODE = re.compile(r"[A-Z]+(_[A-Z]+)+")
# Words in capitals that are no failure codes: environment variables, format names, error names on an app's wire.
OTHER_WORDS = {
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "DATE_FORMAT",
    "DATETIME_FORMAT",
    "TEN_SECONDLY_ROLLING",
    "HUBSPOT_DEFINED",
}
FIXES = {"reconnect", "direction", "limits", "mappings", "resume", "resync", "record", ""}


def sources() -> Iterator[Path]:
    for package in ("integrations", "syncjobs"):
        for path in (ROOT / package).rglob("*.py"):
            if not {"migrations", "standins", "management"} & set(path.parts):
                yield path


def words_on_the_wire(tree: ast.AST) -> set[int]:
    """Constants that are compared with, or looked up by, what an app says: keys of tables, operands of comparisons."""
    found: set[int] = set()
    lists = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "values"]
    named = {inner.id for node in lists for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.Dict):
            parts = list(node.keys)
        elif isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.keyword) and node.arg == "values":  # Preset.values: options of the app's lists
            parts = [node.value]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in named:
            parts = [node.value]  # the same, under a name
        for part in parts:
            if part is not None:
                found.update(id(inner) for inner in ast.walk(part))
    return found


def codes_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    wire = words_on_the_wire(tree) if "connectors" in path.parts else set()
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and CODE.fullmatch(node.value)
        and id(node) not in wire
    }


def test_every_code_in_the_source_has_an_entry() -> None:
    missing = {}
    for path in sources():
        unknown = codes_in(path) - set(CATALOGUE) - OTHER_WORDS
        if unknown:
            missing[str(path.relative_to(ROOT))] = sorted(unknown)
    assert not missing, "add these to syncjobs/health/catalogue.py"


def test_every_connector_error_has_an_entry_of_the_same_retry_class() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ConnectorError)
    ]
    assert len(kinds) > 10
    for kind in kinds:
        assert CATALOGUE[kind.code].retry == kind.retry, kind.code


def test_every_rule_of_the_ledger_has_words() -> None:
    assert {rule.value for rule in Rule} == set(RULES)


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_an_entry_is_complete_and_can_be_put_together(code: str) -> None:
    entry = CATALOGUE[code]
    assert len(code) <= 40, "longer than the columns that hold it"
    assert entry.retry in {*RETRY_WORDS, ""}
    assert entry.fix in FIXES
    for text in (entry.title, entry.cause, entry.tip):
        assert {name for _, name, _, _ in Formatter().parse(str(text)) if name} <= {"app", "other", "field"}
    words = describe(code, app="Snov.io", other="HubSpot", field="Phone")
    for text in (words.title, words.cause, words.tip):
        assert text
        assert "{" not in text


def test_words_name_the_app_and_the_field() -> None:
    words = describe("OPTION_NOT_ALLOWED", app="HubSpot", other="Snov.io", field="Industry")
    assert words.title == "Value not allowed in HubSpot"
    assert words.cause == "HubSpot allows only listed values for “Industry”, and this is none of them."


def test_words_make_sense_without_names() -> None:
    assert describe("RATE_LIMITED").title == "The app asked us to slow down"


def test_an_apps_name_is_never_capitalised_for_it() -> None:
    assert describe("RATE_LIMITED", app="iContact").title == "iContact asked us to slow down"


def test_a_code_of_a_later_version_reads_as_an_internal_error_that_names_it() -> None:
    words = describe("NEVER_HEARD_OF", app="Snov.io")
    assert (words.code, words.title) == ("NEVER_HEARD_OF", "Something went wrong on our side")
