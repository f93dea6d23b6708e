"""A clock that jumps, a disk that is full: the system goes on by itself. With real processes: tests/chaos/test_drills.py."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils.timezone import now
from django_q.models import Schedule

from syncjobs import heartbeat, schedules
from syncjobs.models import RecordLink, RunKind, Sync, SyncRun
from syncjobs.runner.lease import Lease
from syncjobs.services import runs
from tests.syncjobs.runner.world import World

Make = Callable[..., World]


def test_a_clock_put_back_an_hour_delays_neither_polls_nor_dead_runs(world: Make) -> None:
    w = world()
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    with time_machine.travel(now() + timedelta(hours=1)):
        w.initial()
        w.poll()
        schedules.ensure()
        Schedule.objects.update(next_run=now() + timedelta(minutes=1))
        heartbeat.beat("live")
        run = runs.start(sync=w.sync, kind=RunKind.INCREMENTAL)
        assert Lease.take(run.pk)  # by a worker of another machine, which then dies
        SyncRun.objects.filter(pk=run.pk).update(lease_owner="elsewhere:1", created_at=now() - timedelta(minutes=10))
    schedules.mind_the_clock()
    assert Schedule.objects.get().next_run <= now()
    assert heartbeat.age("live") > heartbeat.TOO_OLD
    SyncRun.objects.filter(pk=run.pk).update(created_at=now() - timedelta(minutes=1))
    assert runs.dispatch_due() == 1
    assert Lease.take(run.pk)
    run.delete()
    assert runs.dispatch_due() == 1, "the poll that was planned an hour ahead"


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_in_the_middle_of_a_sync_doubles_and_loses_nothing(world: Make, hours: int) -> None:
    w = world()
    for number in range(5):
        w.hub.put({"email": f"hub{number}@example.com"})
        w.app.put({"email": f"app{number}@example.com"})
    w.initial()
    w.hub.edit(next(iter(w.hub.live())), first_name="Before")
    w.poll()
    with time_machine.travel(now() + timedelta(hours=hours)):
        w.app.edit(next(iter(w.app.live())), last_name="After")
        w.settle()
        w.assert_equal()
        assert w.counts() == {"insync": 10}
        assert w.quiet_writes() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite can be told that its disk is full")
def test_a_full_disk_stops_the_sync_and_room_lets_it_go_on(world: Make) -> None:
    w = world()
    for number in range(300):
        w.hub.put({"email": f"hub{number}@example.com", "first_name": "x" * 200})
    Sync.objects.filter(pk=w.sync.pk).update(state="initial")
    w.sync.refresh_from_db()
    run = runs.start(sync=w.sync, kind=RunKind.INITIAL)
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        most = cursor.execute("PRAGMA max_page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 5}")
    w._finish(run, most=3)  # the task ends without raising
    assert SyncRun.objects.get(pk=run.pk).is_active
    assert RecordLink.objects.count() < 300
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA max_page_count = {most}")
    w.settle()
    w.assert_equal()
    assert w.counts() == {"insync": 300}
    assert len(w.app.live()) == 300
