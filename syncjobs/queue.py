"""One way to put work into the background. Tasks carry ids, nothing else.

Two queues: *live* (webhooks, polls, a person's click) and *bulk* (initial syncs, exports), so that a million-record import never
delays a click. On SQLite one cluster serves both; slices are short enough.
"""

from typing import Any

from django.conf import settings
from django.db import transaction
from django_q.tasks import async_task


def enqueue(path: str, *ids: Any, bulk: bool = False) -> None:
    """Run ``path(*ids)`` in a worker, once the current transaction has committed."""
    # Always by name: inside a worker of *bulk* the default queue would be *bulk*.
    options = {"cluster": "bulk" if bulk and not settings.SINGLE_CLUSTER else "live"}
    transaction.on_commit(lambda: async_task(path, *ids, q_options=options))
