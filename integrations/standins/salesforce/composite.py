"""``/composite``, ``/composite/batch`` and ``/composite/tree``: several calls in one, which counts once."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from integrations.standins.salesforce.call import Call, Reply
from integrations.standins.salesforce.errors import Problem
from integrations.standins.salesforce.org import Org

MOST, MOST_HEAVY, MOST_TREE = 25, 5, 200
REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")
HEAVY = re.compile(r"/(query|queryAll|composite/sobjects)(/|\?|$)")
Do = Callable[[Call], Reply]


def run(org: Org, call: Call, do: Do) -> Reply:
    """Calls that can use what earlier ones answered. Raises Problem."""
    given = call.values
    asked = call.several("compositeRequest")
    heavy = sum(1 for each in asked if HEAVY.search(str(each.get("url", ""))))
    if not asked or len(asked) > MOST or heavy > MOST_HEAVY:
        raise Problem(
            "LIMIT_EXCEEDED",
            f"A composite request has 1 to {MOST} subrequests, {MOST_HEAVY} of them queries or collections.",
        )
    together = bool(given.get("allOrNone"))
    undo = org.journal() if together else None
    answers: dict[str, Any] = {}
    results = []
    for each in asked:
        reply = _answered(do, call, each, answers, together)
        answers[str(each.get("referenceId"))] = reply.data
        results.append(_result(each, reply))
        if together and reply.status >= 400 and undo is not None:
            undo()
            return Reply(200, {"compositeResponse": _halted(asked, results)})
    return Reply(200, {"compositeResponse": results})


def _answered(do: Do, outer: Call, each: dict[str, Any], answers: dict[str, Any], together: bool) -> Reply:
    try:
        url, body = str(_filled(each.get("url", ""), answers)), _filled(each.get("body"), answers)
        if together and isinstance(body, dict) and "/composite/sobjects" in url:
            body = {**body, "allOrNone": True}
        return do(_inner(outer, str(each.get("method", "GET")), url, body, each.get("httpHeaders")))
    except Problem as problem:
        return Reply(problem.status, problem.shown())


def _inner(outer: Call, method: str, url: str, body: Any, headers: Any) -> Call:
    """``url`` begins with ``/services/data/vNN.N`` or, in a batch, with the version."""
    parts = urlsplit(url)
    path = parts.path.partition("/services/data/")[2] or parts.path
    version, _, rest = path.strip("/").partition("/")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    lower = {name.lower(): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    return Call(
        method, unquote(rest), query, {} if body is None else body, lower, version.removeprefix("v") or outer.version
    )


def _filled(given: Any, answers: dict[str, Any]) -> Any:
    """``@{ref.id}`` becomes what the call ``ref`` answered. Raises Problem."""
    if isinstance(given, dict):
        return {name: _filled(value, answers) for name, value in given.items()}
    if isinstance(given, list):
        return [_filled(value, answers) for value in given]
    if not isinstance(given, str):
        return given

    def value(match: re.Match[str]) -> str:
        found = answers.get(match[1])
        try:
            for step in re.findall(r"\w+", match[2]):
                found = found[int(step)] if step.isdigit() else found[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            found = None
        if found is None:
            raise Problem("PROCESSING_HALTED", f"Invalid reference specified. No value for {match[1]}{match[2]} found")
        return str(found)

    return REFERENCE.sub(value, given)


def _result(each: dict[str, Any], reply: Reply) -> dict[str, Any]:
    return {"body": reply.data, "httpHeaders": reply.headers, "httpStatusCode": reply.status,
            "referenceId": each.get("referenceId")}  # fmt: skip


def _halted(asked: list[dict[str, Any]], results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All but the one that failed say that nothing came of them."""
    message = "The transaction was rolled back since another operation in the same transaction failed."
    halted = Reply(400, Problem("PROCESSING_HALTED", message).shown())
    return [*(_result(each, halted) for each in asked[: len(results) - 1]), results[-1],
            *(_result(each, halted) for each in asked[len(results) :])]  # fmt: skip


def batch(call: Call, do: Do) -> Reply:
    """Calls that have nothing to do with each other. Raises Problem."""
    given = call.values
    asked = call.several("batchRequests")
    if not asked or len(asked) > MOST:
        raise Problem("LIMIT_EXCEEDED", f"A batch has 1 to {MOST} requests.")
    results: list[dict[str, Any]] = []
    for each in asked:
        if given.get("haltOnError") and any(result["statusCode"] >= 400 for result in results):
            halted = Problem("BATCH_PROCESSING_HALTED", "Batch processing halted per request")
            results.append({"statusCode": 412, "result": halted.shown()})
            continue
        try:
            reply = do(
                _inner(call, str(each.get("method", "GET")), str(each.get("url", "")), each.get("richInput"), {})
            )
        except Problem as problem:
            reply = Reply(problem.status, problem.shown())
        results.append({"statusCode": reply.status, "result": reply.data})
    return Reply(200, {"hasErrors": any(result["statusCode"] >= 400 for result in results), "results": results})


def tree(org: Org, call: Call, kind: str, user: str) -> Reply:
    """Records with their children, all or none. Raises Problem."""
    asked = call.several("records")
    undo = org.journal()
    made: list[dict[str, str]] = []
    failed: list[dict[str, Any]] = []
    for record in asked:
        _grow(org, org.table(kind).kind.name, record, {}, user, made, failed)
    if len(made) + len(failed) > MOST_TREE:
        undo()
        raise Problem("LIMIT_EXCEEDED", f"A tree has at most {MOST_TREE} records.")
    if failed:
        undo()
        return Reply(400, {"hasErrors": True, "results": failed})
    return Reply(201, {"hasErrors": False, "results": made})


def _grow(
    org: Org, kind: str, record: dict[str, Any], parent: dict[str, str], user: str, made: list[dict[str, str]],
    failed: list[dict[str, Any]],
) -> None:  # fmt: skip
    children = {
        name: [each for each in value["records"] if isinstance(each, dict)]
        for name, value in record.items()
        if isinstance(value, dict) and isinstance(value.get("records"), list)
    }
    own = {name: value for name, value in record.items() if name not in children} | parent
    attributes = record.get("attributes")
    reference = str(attributes.get("referenceId")) if isinstance(attributes, dict) else ""
    try:
        row = org.create(kind, own, user)
    except Problem as problem:
        failed.append({"referenceId": reference, "errors": problem.verdict()["errors"]})
        return
    made.append({"referenceId": reference, "id": row.id})
    for name, records in children.items():
        for table in org.tables.values():
            for field in table.kind.fields.values():
                if field.children == name and kind in field.targets:
                    for each in records:
                        _grow(org, table.kind.name, each, {field.name: row.id}, user, made, failed)
