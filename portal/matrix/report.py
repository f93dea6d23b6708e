"""Rows, and how a person and a program read them."""

from typing import Any

COLUMNS = {
    "in_sync": 8, "failed": 7, "excluded": 9, "duplicates": 11, "mismatches": 11, "lost_associations": 18, "quiet_writes": 13,
}  # fmt: skip
KEYS = ("hub", "app", "object", *COLUMNS)


def head() -> str:
    return "pair and object".ljust(44) + " ".join(
        name.replace("_", " ").rjust(width) for name, width in COLUMNS.items()
    )


def line(row: dict[str, Any]) -> str:
    name = f"{row['hub']} {row['arrow']} {row['app']}: {row['object']}"
    note = f"  {row['note']}" if row.get("note") else ""
    return name.ljust(44) + " ".join(f"{row[key]:,}".rjust(width) for key, width in COLUMNS.items()) + note


def bare(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in KEYS}


def is_good(row: dict[str, Any]) -> bool:
    wrong = ("failed", "duplicates", "mismatches", "lost_associations", "quiet_writes")
    return not any(row[key] for key in wrong) and row["in_sync"] > 0 and not row["note"].startswith("stopped")
