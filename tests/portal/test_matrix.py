"""That ``manage.py matrix`` says what it promises, and that its counts notice what is wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.records import Side
from integrations.registry import app
from portal.matrix import compare, report, samples
from portal.matrix.apps.hubspot import HubSpot
from portal.matrix.parts import Part
from portal.matrix.play import Play
from syncjobs.models import RecordLink, RecordStatus
from tests.standins.serving import ROOT, serving

RECORDS = 24
OBJECTS = ("companies", "contacts")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_last_line_is_the_promised_json(tmp_path: Path) -> None:
    """Of two keys of one Sansan that show some of the same cards."""
    command = [sys.executable, "manage.py", "matrix", "--records", "20", "--only", "hubspot,sansan,sansan", "--json"]
    environment = os.environ | {"VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(done.stdout.strip().splitlines()[-1])["rows"]
    assert [set(row) for row in rows] == [set(report.KEYS)] * 2
    assert [(row["hub"], row["app"], row["object"]) for row in rows] == [
        ("hubspot", name, "cards") for name in ("sansan", "sansan 2")
    ]
    assert [row["in_sync"] for row in rows] == [34, 27], "of 40 and of 33 that can be seen, six are gone"
    assert not any(row["duplicates"] for row in rows)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_all_of_dynamics_twelve_objects_stay_equal(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "matrix", "--records", "20", "--only", "hubspot,dynamics", "--json"]
    environment = os.environ | {"VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=290, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(done.stdout.strip().splitlines()[-1])["rows"]
    assert {row["object"] for row in rows} == {kind.key for kind in app("dynamics").kinds}


@pytest.fixture(scope="module")
def hubspot() -> Iterator[dict[str, Any]]:
    options = [part for option in HubSpot.options for part in ("--set", f"hubspot.{option}")]
    with serving("--only", "hubspot", "--records", "0", *options) as described:
        yield described["hubspot"]


@pytest.fixture
def play(hubspot: dict[str, Any], settings: Any, db: None) -> Play:
    """Two HubSpot accounts, filled and in sync."""
    for name, value in HubSpot.environment(hubspot).items():
        setattr(settings, name, int(value) if value.isdigit() else value)
    hub, twin = HubSpot(hubspot), HubSpot(hubspot, second=True)
    hub.control("reset")
    play = Play(hub, [twin], RECORDS, OBJECTS)
    play.set_up()
    play.fill()
    play.start()
    return play


def counted(play: Play, kind: str = "contacts") -> dict[str, Any]:
    return next(row for row, _wrong in compare.rows(play) if row["object"] == kind)


def part_of(play: Play, kind: str = "contacts") -> Part:
    return next(part for part in play.parts if part.sync.app_kind == kind)


def pairs_of(play: Play) -> list[RecordLink]:
    return list(RecordLink.objects.filter(sync=part_of(play).sync, status=RecordStatus.IN_SYNC).order_by("pk"))


def test_what_is_in_sync_is_counted_as_such(play: Play) -> None:
    play.quiet()
    rows = list(compare.rows(play))
    assert len(rows) == len(OBJECTS)
    assert all(report.is_good(row) and not wrong for row, wrong in rows), rows
    assert counted(play)["in_sync"] == RECORDS
    owner = part_of(play).field("owner", Side.APP)
    held = play.apps[0].records("contacts", [owner]).values()
    assert {values[owner.name] for values in held} == {option.value for option in owner.options}, "addresses, not ids"


def test_the_whole_story_leaves_nothing_to_complain_of(play: Play) -> None:
    play.edit()
    play.delete()
    play.merge()
    play.quiet()
    part = part_of(play)
    typed = [edit for edit in part.edits if not isinstance(edit.value, list)]
    assert (len(typed), len(part.deleted), part.merged) == (6, 4, 1)
    row = counted(play)
    assert report.is_good(row), row
    assert (row["in_sync"], row["excluded"]) == (RECORDS - 5, 5)


def test_what_is_wrong_is_noticed(play: Play) -> None:
    """Behind the syncs' back: other values, a record that vanished, one that nobody knows."""
    hub, app_end = play.hub, play.apps[0]
    pairs = pairs_of(play)
    app_end.edit("contacts", str(pairs[0].app_id), {"jobtitle": "Somebody else"})
    hub.edit("contacts", str(pairs[1].hub_id), {"phone": "0"})
    hub.delete("contacts", [str(pairs[2].hub_id)])
    app_end.create("contacts", [{"email": "unknown@example.com"}])
    row = counted(play)
    assert row["mismatches"] == 4
    assert not report.is_good(row)


def test_an_edit_that_was_undone_and_a_deletion_that_did_not_cross_are_noticed(play: Play) -> None:
    play.edit()
    play.delete()
    part, hub = part_of(play), play.hub
    part.deleted.append((Side.APP, str(pairs_of(play)[-1].app_id)))  # it was not deleted
    one = next(edit for edit in part.edits if edit.side is Side.HUB and edit.field == "jobtitle")
    for link in pairs_of(play):
        if link.hub_id == one.id:  # as if the sync had put the old value back, at both sides
            hub.edit("contacts", one.id, {one.field: "As before"})
            play.apps[0].edit("contacts", str(link.app_id), {one.field: "As before"})
    assert counted(play)["mismatches"] == 2


def test_a_record_that_is_there_twice_is_noticed(play: Play) -> None:
    part, app_end = part_of(play), play.apps[0]
    part.concepts["email"] = part.concepts["job_title"]  # HubSpot takes no address twice
    before = counted(play)["duplicates"]
    app_end.create("contacts", [{"email": f"twin{n}@example.com", "jobtitle": "Only these two"} for n in range(2)])
    assert counted(play)["duplicates"] == before + 1


def test_a_write_in_the_quiet_pass_is_counted(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if something had been left over."""
    play.settle()
    monkeypatch.setattr(play, "settle", lambda **_kind: None)
    play.hub.edit("contacts", str(pairs_of(play)[0].hub_id), {"jobtitle": "Typed at last"})
    play.quiet()
    assert counted(play)["quiet_writes"] == 1


def test_an_association_that_is_missing_is_counted(play: Play) -> None:
    part, app_end = part_of(play), play.apps[0]
    assert isinstance(app_end, HubSpot)
    assert counted(play)["lost_associations"] == 0
    name = part.name("company", Side.APP)
    held = app_end.records("contacts", [part.fields[Side.APP][name]])
    tied = {id: list(values[name] or []) for id, values in held.items() if values[name]}  # type: ignore[arg-type]
    assert tied
    id, (company,) = next(iter(tied.items()))
    app_end.control("records", type="contacts", dissociate=[[id, "companies", company]])
    assert counted(play)["lost_associations"] == 1


@pytest.mark.parametrize(
    ("kind", "concept"),
    [("person", "email"), ("company", "domain"), ("deal", "name"), ("product", "sku"), ("task", "subject")],
)
def test_samples_can_be_told_apart(kind: str, concept: str) -> None:
    texts = {samples._text(kind, concept, number, 50) for number in range(50)}
    assert len(texts) == 50
