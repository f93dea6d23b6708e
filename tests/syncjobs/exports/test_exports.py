"""From the button to the file, and who gets it."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from portal.accounts.models import Account
from syncjobs.exports import making, tasks
from syncjobs.exports.csvfile import safe
from syncjobs.models import Export, Sync
from tests import factories


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, settings: Any, db: None) -> None:
    settings.MEDIA_ROOT = tmp_path
    cache.clear()


@pytest.fixture
def sync(account: Account) -> Sync:
    return factories.sync_of(account, {"insync": 3, "failed": 2, "deleted_app": 1})


def made(sync: Sync, by: Any = None, **more: Any) -> Export:
    export = making.request(sync=sync, by=by, **more)
    tasks.make(export.pk)
    export.refresh_from_db()
    return export


def rows_of(export: Export) -> list[dict[str, str]]:
    data = Path(export.file.path).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf"), "a spreadsheet must see that it is UTF-8"
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_all_records_are_in_it(sync: Sync) -> None:
    export = made(sync)
    assert (export.state, export.rows) == ("ready", 6)
    rows = rows_of(export)
    assert len(rows) == 6
    assert set(rows[0]) >= {"Record", "Snov.io id", "HubSpot id", "Status", "Snov.io: Email", "HubSpot: Email"}


def test_a_list_exports_what_it_shows(sync: Sync) -> None:
    factories.link_of(sync, "failed", code="PHONE_INVALID")
    assert made(sync, status="failed").rows == 3
    assert made(sync, status="failed", cause={"code": "PHONE_INVALID"}).rows == 1
    assert made(sync, status="deleted").rows == 1


def test_a_failure_carries_its_reason_in_words(sync: Sync) -> None:
    row = rows_of(made(sync, status="failed"))[0]
    assert row["Reason"] == "E-mail address is not valid"
    assert (row["Code"], row["Field"]) == ("EMAIL_INVALID", "Email")
    assert row["Message of the app"] == "Email address is invalid"


@pytest.mark.parametrize("text", ["=1+1", "+47 22", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_run_as_a_formula(text: str) -> None:
    assert safe(text) == "'" + text


def test_values_survive_the_file(sync: Sync) -> None:
    label = 'Zoë "Z", 北京\nline two'
    link = factories.link_of(sync, "review", label=label, hub_id="00123", app_seen={"phone": "=HYPERLINK(1)"})
    row = rows_of(made(sync, status="review"))[0]
    assert row["Record"] == label
    assert row["HubSpot id"] == link.hub_id
    assert row["Snov.io: Phone"] == "'=HYPERLINK(1)"


def test_nothing_to_export_is_a_file_with_its_header(account: Account) -> None:
    export = made(factories.sync_of(account))
    assert export.state == "ready"
    assert Path(export.file.path).read_text("utf-8-sig").startswith('"Record"')


def test_a_long_export_goes_on_in_the_next_slice(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "CHUNK", 2)
    monkeypatch.setattr(making, "SLICE_SECONDS", 0.000001)
    export = making.request(sync=sync, by=None)
    for _ in range(20):
        tasks.make(export.pk)
    export.refresh_from_db()
    assert export.state == "ready"
    ids = [row["Snov.io id"] for row in rows_of(export)]
    assert len(ids) == len(set(ids)) == 6


def test_a_slice_that_was_killed_doubles_no_row(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wrote rows and died before it could say so: the next slice cuts them off and writes them again."""
    monkeypatch.setattr(making, "CHUNK", 2)
    export = making.request(sync=sync, by=None)

    def die(self: Any, *args: Any, **more: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as killed:
        killed.setattr(Export, "save", die)
        with pytest.raises(RuntimeError):
            tasks.make(export.pk)
    assert making._part(export).stat().st_size > 0
    tasks.make(export.pk)
    export.refresh_from_db()
    assert [export.state, export.rows, len(rows_of(export))] == ["ready", 6, 6]


def test_an_export_whose_worker_died_is_taken_up_once(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    export = making.request(sync=sync, by=None)
    queued: list[int] = []
    monkeypatch.setattr(making, "enqueue", lambda path, pk, bulk: queued.append(pk))
    making.tidy()
    assert queued == [], "its task may still come"
    cache.clear()  # as ten silent minutes do
    making.tidy()
    making.tidy()
    assert queued == [export.pk]


def test_a_second_worker_goes_home(sync: Sync) -> None:
    export = making.request(sync=sync, by=None)
    cache.add(making._lock(export), 1, 60)
    tasks.make(export.pk)
    export.refresh_from_db()
    assert (export.state, export.rows) == ("queued", 0)


def test_a_full_disk_is_said_on_the_page(sync: Sync, as_viewer: Client, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("a file where the folder should be")
    export = made(sync)
    assert export.state == "failed"
    assert "Export again." in as_viewer.get(reverse("syncjobs:exports")).content.decode()


def test_the_mail_carries_a_link_and_no_records(sync: Sync, viewer: Any) -> None:
    export = made(sync, by=viewer)
    message = mail.outbox[-1]
    assert message.to == [viewer.email]
    assert reverse("syncjobs:export_download", args=[export.pk]) in message.body
    assert "person0" not in message.body


def test_any_member_may_ask_and_download(as_viewer: Client, sync: Sync) -> None:
    answer = as_viewer.post(reverse("syncjobs:export_new", args=[sync.pk]), {"status": "failed"}, follow=True)
    assert "being made" in answer.content.decode()
    export = Export.objects.get()
    tasks.make(export.pk)
    answer = as_viewer.get(reverse("syncjobs:export_download", args=[export.pk]))
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "prospects-failed-" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert b"".join(answer.streaming_content).count(b"\r\n") == 3  # type: ignore[arg-type]


def test_a_stranger_finds_neither_list_nor_file(as_stranger: Client, sync: Sync) -> None:
    export = made(sync)
    assert as_stranger.get(reverse("syncjobs:export_download", args=[export.pk])).status_code == 404
    assert as_stranger.post(reverse("syncjobs:export_new", args=[sync.pk])).status_code == 404
    assert "No exports yet" in as_stranger.get(reverse("syncjobs:exports")).content.decode()


def test_a_file_is_gone_after_a_week(as_viewer: Client, sync: Sync) -> None:
    export = made(sync)
    path = Path(export.file.path)
    Export.objects.filter(pk=export.pk).update(expires_at=now() - timedelta(seconds=1))
    url = reverse("syncjobs:export_download", args=[export.pk])
    assert as_viewer.get(url).status_code == 404
    assert "Expired" in as_viewer.get(reverse("syncjobs:exports")).content.decode()
    assert making.tidy() == 1
    assert not path.exists()


def test_a_file_that_vanished_from_the_disk_is_not_found(as_viewer: Client, sync: Sync) -> None:
    export = made(sync)
    Path(export.file.path).unlink()
    assert as_viewer.get(reverse("syncjobs:export_download", args=[export.pk])).status_code == 404


def test_an_unknown_status_is_refused(as_viewer: Client, sync: Sync) -> None:
    assert as_viewer.post(reverse("syncjobs:export_new", args=[sync.pk]), {"status": "x"}).status_code == 400


def test_the_page_asks_again_only_while_a_file_is_being_made(as_viewer: Client, sync: Sync) -> None:
    export = making.request(sync=sync, by=None)
    assert "every 3s" in as_viewer.get(reverse("syncjobs:exports")).content.decode()
    tasks.make(export.pk)
    assert "every 3s" not in as_viewer.get(reverse("syncjobs:exports")).content.decode()
