"""Pipelines with the ids that accounts ship with."""

from dataclasses import dataclass, field
from typing import Any

BORN = "2019-08-06T02:41:08.029Z"


@dataclass
class Stage:
    id: str
    label: str
    order: int
    metadata: dict[str, str]

    def shown(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "displayOrder": self.order,
            "metadata": self.metadata,
            "id": self.id,
            "createdAt": BORN,
            "updatedAt": BORN,
            "archived": False,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }


@dataclass
class Pipeline:
    id: str
    label: str
    order: int = 0
    stages: dict[str, Stage] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "displayOrder": self.order,
            "id": self.id,
            "stages": [stage.shown() for stage in self.stages.values()],
            "createdAt": BORN,
            "updatedAt": BORN,
            "archived": False,
        }


def made_of(label: str, order: int, stages: list[dict[str, Any]], first_id: int) -> Pipeline:
    """A pipeline that somebody has made, with ids from ``first_id`` on."""
    made = Pipeline(str(first_id), label, order)
    for place, given in enumerate(stages):
        stage = Stage(
            str(first_id + 1 + place),
            str(given.get("label", "")),
            int(given.get("displayOrder", place)),
            {str(name): str(value) for name, value in (given.get("metadata") or {}).items()},
        )
        made.stages[stage.id] = stage
    return made


_DEALS = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)
_TICKETS = (("1", "New"), ("2", "Waiting on contact"), ("3", "Waiting on us"), ("4", "Closed"))
_LEADS = ("new", "attempting", "connected", "qualified", "unqualified")


def default_pipelines() -> dict[str, dict[str, Pipeline]]:
    """By object type name, then by id."""
    deals = Pipeline("default", "Sales Pipeline")
    for order, (id, label, probability) in enumerate(_DEALS):
        closed = str(probability in ("1.0", "0.0")).lower()
        deals.stages[id] = Stage(id, label, order, {"isClosed": closed, "probability": probability})
    tickets = Pipeline("0", "Support Pipeline")
    for order, (id, label) in enumerate(_TICKETS):
        state = "CLOSED" if id == "4" else "OPEN"
        tickets.stages[id] = Stage(id, label, order, {"ticketState": state, "isClosed": str(id == "4").lower()})
    leads = Pipeline("lead-pipeline-id", "Lead pipeline")
    for order, word in enumerate(_LEADS):
        leads.stages[f"{word}-stage-id"] = Stage(f"{word}-stage-id", word.capitalize(), order, {})
    return {name: {each.id: each} for name, each in (("deals", deals), ("tickets", tickets), ("leads", leads))}
