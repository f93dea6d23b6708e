"""The matrix of field types, cell by cell: rows are sources, columns targets.

``=`` same kind, ``>`` lossless, ``~`` with a warning, ``x`` refused.
"""

import pytest

from integrations.records import FieldType as T
from syncjobs.engine.types import compatibility

COLUMNS = [
    "text", "long_text", "rich_text", "number", "date", "datetime", "bool", "option", "multi", "email", "phone", "url", "user",
    "reference",
]  # fmt: skip
MATRIX = """
text       = > ~ ~ ~ ~ ~ ~ x ~ ~ ~ ~ x
long_text  ~ = ~ x x x x x x x x x x x
rich_text  ~ ~ = x x x x x x x x x x x
number     > > > = x x ~ ~ x x x x x x
date       > > > x = = x x x x x x x x
datetime   > > > x = = x x x x x x x x
bool       > > > ~ x x = ~ x x x x x x
option     > > > x x x ~ = > x x x x x
multi      > > > x x x x ~ = x x x x x
email      > > > x x x x x x = x x > x
phone      > > > x x x x x x x = x x x
url        > > > x x x x x x x x = x ~
user       > > > x x x x x x > x x = x
reference  > > x x x x x x x x x x x =
"""
CELLS = [
    (source, target, mark)
    for source, *marks in (line.split() for line in MATRIX.strip().splitlines())
    for target, mark in zip(COLUMNS, marks, strict=True)
]


def test_the_matrix_names_every_type() -> None:
    assert set(COLUMNS) == {kind.value for kind in T}
    assert len(CELLS) == len(T) ** 2


@pytest.mark.parametrize(("source", "target", "mark"), CELLS)
def test_a_cell(source: str, target: str, mark: str) -> None:
    found = compatibility(T(source), T(target))
    assert (found.ok, found.lossy) == (mark != "x", mark == "~")
    if mark in "~x":
        assert found.reason, "a warning and a refusal say why"


@pytest.mark.parametrize(("source", "target", "mark"), CELLS)
def test_strict_apps_take_identical_types_only(source: str, target: str, mark: str) -> None:
    found = compatibility(T(source), T(target), strict=True)
    assert found.ok == (source == target)
    assert found.ok or found.reason
