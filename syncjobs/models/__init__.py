"""The syncs: their settings, the state of every record, and what runs did."""

from syncjobs.models import lookups  # noqa: F401  (registers ``among``)
from syncjobs.models.exports import Export
from syncjobs.models.plans import LeftAlone, Outcome, PlannedChange, Preview
from syncjobs.models.records import (
    FieldChange,
    OtherKey,
    PendingChange,
    RecordLink,
    RecordStatus,
    SyncCount,
    SyncCursor,
    ToldPair,
    WaitingReference,
    WriteIntent,
)
from syncjobs.models.runs import AuditNight, RunEvent, RunKind, RunState, SyncRun
from syncjobs.models.settings import (
    SETTINGS,
    ConstantField,
    DeletePolicy,
    Direction,
    DuplicatePolicy,
    FieldMapping,
    LeavingPolicy,
    Sync,
    SyncFilter,
    SyncState,
    Winner,
)

__all__ = [
    "SETTINGS",
    "AuditNight",
    "ConstantField",
    "DeletePolicy",
    "Direction",
    "DuplicatePolicy",
    "Export",
    "FieldChange",
    "FieldMapping",
    "LeavingPolicy",
    "LeftAlone",
    "OtherKey",
    "Outcome",
    "PendingChange",
    "PlannedChange",
    "Preview",
    "RecordLink",
    "RecordStatus",
    "RunEvent",
    "RunKind",
    "RunState",
    "Sync",
    "SyncCount",
    "SyncCursor",
    "SyncFilter",
    "SyncRun",
    "SyncState",
    "ToldPair",
    "WaitingReference",
    "Winner",
    "WriteIntent",
]
