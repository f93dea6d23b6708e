"""Pipelines and their stages: the options of two properties, and the pipeline that a stage belongs to.

A deal's ``dealstage`` holds the id of a stage, its ``pipeline`` the id of the pipeline which that stage must be of. Properties list
the stages of all pipelines without saying whose they are, so the options are read from the pipelines instead.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.hubspot.client import call
from integrations.connectors.hubspot.objects import OBJECTS
from integrations.http import ApiSession
from integrations.records import Field, FieldType, Option, Values

STALE = 60.0  # seconds after which an unknown stage makes us read the pipelines again


@dataclass(frozen=True, slots=True)
class Pipeline:
    id: str
    label: str
    stages: tuple[Option, ...]


class Pipelines:
    def __init__(self, session: ApiSession, clock: Callable[[], float] = time.monotonic) -> None:
        self._session, self._clock = session, clock
        self._read_at: dict[str, float] = {}
        self._homes: dict[str, dict[str, str]] = {}  # kind → stage id → pipeline id

    def of(self, kind: str) -> list[Pipeline]:
        """The object type's pipelines in HubSpot's order, archived ones left out. One call."""
        said = call(self._session, "pipelines", kind).data
        try:
            found = [
                Pipeline(str(each["id"]), str(each.get("label") or each["id"]), _stages(each.get("stages") or []))
                for each in _in_order(said["results"])
            ]
        except (KeyError, TypeError) as error:
            raise errors.SchemaUnreadable(_("HubSpot's list of pipelines cannot be read.")) from error
        self._homes[kind] = {stage.value: pipeline.id for pipeline in found for stage in pipeline.stages}
        self._read_at[kind] = self._clock()
        return found

    def with_options(self, kind: str, fields: list[Field]) -> list[Field]:
        """The fields with the pipelines and stages as options. Where there are several pipelines, a stage's label names its own."""
        names = OBJECTS[kind].pipeline
        if names is None:
            return fields
        pipelines = self.of(kind)
        several = len(pipelines) > 1
        options = {
            names[0]: tuple(Option(each.id, each.label) for each in pipelines),
            names[1]: tuple(
                Option(stage.value, f"{stage.label} ({each.label})" if several else stage.label)
                for each in pipelines
                for stage in each.stages
            ),
        }
        return [
            replace(field, type=FieldType.OPTION, options=options[field.name]) if field.name in options else field
            for field in fields
        ]

    def completed(self, kind: str, values: Values) -> Values:
        """The values; with its pipeline beside a stage that comes alone, because HubSpot measures a stage by the pipeline which the
        record is in. An unknown stage goes as it is: HubSpot refuses it by name."""
        names = OBJECTS[kind].pipeline
        if names is None or not values.get(names[1]) or names[0] in values:
            return values
        stage = str(values[names[1]])
        if stage not in self._homes.get(kind, ()) and self._clock() - self._read_at.get(kind, float("-inf")) > STALE:
            self.of(kind)
        home = self._homes[kind].get(stage)
        return {names[0]: home, **values} if home else values


def _in_order(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    live = [item for item in items if not item.get("archived")]
    return sorted(live, key=lambda item: int(str(item.get("displayOrder") or 0)))


def _stages(items: list[dict[str, Any]]) -> tuple[Option, ...]:
    return tuple(Option(str(item["id"]), str(item.get("label") or item["id"])) for item in _in_order(items))
