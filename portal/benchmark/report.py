"""Rows, and how a person and a program read them."""

from typing import Any

from portal.benchmark.measure import Figures

COLUMNS = (
    "job",
    "database",
    "records",
    "seconds",
    "records/s",
    "cpu s",
    "requests",
    "per 1,000",
    "peak MiB",
    "ratio",
    "cpu ratio",
)


def row(job: str, database: str, ours: Figures, bare: Figures | None, **more: Any) -> dict[str, Any]:
    """``ratio``: the bare loop's seconds by ours, 1 is as fast as the bare loop. ``cpu_ratio``: the same of the processor time that
    the two processes used; it says more where other programs share the machine."""
    return {
        "job": job,
        "database": database,
        "records_per_second": round(ours.records / ours.seconds, 1) if ours.seconds else None,
        "requests_per_1000": round(1000 * ours.requests / ours.records, 2) if ours.records and ours.requests else None,
        "peak_mib": round(ours.peak_mib, 1) or None,
        "ratio": round(bare.seconds / ours.seconds, 2) if bare and ours.seconds else None,
        "cpu_ratio": round(bare.cpu_seconds / ours.cpu_seconds, 2) if bare and ours.cpu_seconds else None,
        "records": ours.records,
        "requests": ours.requests,
        "seconds": round(ours.seconds, 2),
        "cpu_seconds": round(ours.cpu_seconds, 2),
        **more,
    }


def line(found: dict[str, Any]) -> str:
    shown = [
        found["job"].ljust(34), found["database"].ljust(10), *(_number(found[name]).rjust(width) for name, width in (
            ("records", 9), ("seconds", 8), ("records_per_second", 9), ("cpu_seconds", 8), ("requests", 8),
            ("requests_per_1000", 9), ("peak_mib", 8), ("ratio", 6), ("cpu_ratio", 9),
        )),
    ]  # fmt: skip
    return " ".join(shown) + (f"  {found['note']}" if found.get("note") else "")


def head() -> str:
    widths = (34, 10, 9, 8, 9, 8, 8, 9, 8, 6, 9)
    words = [
        name.ljust(w) if place < 2 else name.rjust(w)
        for place, (name, w) in enumerate(zip(COLUMNS, widths, strict=True))
    ]
    return " ".join(words)


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if isinstance(value, int) or value >= 1000 else f"{value:,.2f}"
