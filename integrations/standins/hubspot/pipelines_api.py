"""Pipelines and their stages: read, and made as an administrator's tool would make them."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from integrations.standins.hubspot.api import Call, route
from integrations.standins.hubspot.errors import Problem, bad_request, not_found
from integrations.standins.hubspot.pipelines import Pipeline, made_of
from integrations.standins.hubspot.types import ObjectType, object_type
from integrations.standins.web import answer

PIPELINES = ("/crm/pipelines/{version:dated}", "/crm/v3/pipelines")


def routes(hub: Any) -> list[Route]:
    def at(suffix: str, method: str, handle: Callable[[Call], Response]) -> list[Route]:
        return route(hub, tuple(base + suffix for base in PIPELINES), method, handle)

    return [
        *at("/{type}", "GET", listing),
        *at("/{type}", "POST", create),
        *at("/{type}/{pipeline}", "GET", read),
        *at("/{type}/{pipeline}/stages", "GET", stages),
    ]


def _kind(call: Call) -> ObjectType:
    kind = object_type(call.path("type"))
    if kind is None or kind.name not in call.portal.pipelines:
        raise bad_request(f"{call.path('type')} has no pipelines.")
    return kind


def _pipelines(call: Call) -> dict[str, Pipeline]:
    kind = _kind(call)
    call.need(kind.scopes("read"))
    return call.portal.pipelines[kind.name]


def _pipeline(call: Call) -> Pipeline:
    found = _pipelines(call).get(call.path("pipeline"))
    if found is None:
        raise not_found()
    return found


def listing(call: Call) -> Response:
    return answer({"results": [each.shown() for each in _pipelines(call).values()]})


def read(call: Call) -> Response:
    return answer(_pipeline(call).shown())


def stages(call: Call) -> Response:
    return answer({"results": [stage.shown() for stage in _pipeline(call).stages.values()]})


def create(call: Call) -> Response:
    """Ids are numbers, of stages too: only what an account ships with has speaking ones."""
    kind, body = _kind(call), call.members()
    call.need(f"crm.schemas.{kind.name}.write", kind.scopes("write"))
    pipelines = call.portal.pipelines[kind.name]
    label = str(body.get("label") or "")
    if not label or not isinstance(body.get("stages"), list) or not body["stages"]:
        raise bad_request("label and stages are needed.")
    if any(each.label == label for each in pipelines.values()):
        raise Problem(409, f"A pipeline with the label {label} exists.", "CONFLICT")
    first = 900_000 + sum(len(each.stages) + 1 for each in pipelines.values())
    made = made_of(label, int(body.get("displayOrder") or len(pipelines)), body["stages"], first)
    pipelines[made.id] = made
    call.portal.pipeline_options(call.portal.tables[kind.name])
    return answer(made.shown(), 201)
