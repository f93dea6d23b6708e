"""A request on one org and its answer, whether it came alone or inside another."""

import json
from dataclasses import dataclass, field
from typing import Any

from integrations.standins.salesforce.errors import Problem


@dataclass
class Call:
    """``path``: below ``/services/data/vNN.N/``, decoded, without slashes at the ends. ``headers``: names in lower case."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: bytes | Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    version: str = "62.0"

    @property
    def root(self) -> str:
        return f"/services/data/v{self.version}"

    @property
    def json(self) -> Any:
        """Raises Problem."""
        if not isinstance(self.body, bytes):
            return self.body
        try:
            return json.loads(self.body or b"{}")
        except ValueError as error:
            raise Problem("JSON_PARSER_ERROR", f"Unexpected character: {error}") from error

    @property
    def values(self) -> dict[str, Any]:
        """A JSON object; raises Problem."""
        found = self.json
        if not isinstance(found, dict):
            raise Problem(
                "JSON_PARSER_ERROR", "Can not deserialize SObject out of START_ARRAY token at [line:1, column:1]"
            )
        return found

    def several(self, name: str) -> list[dict[str, Any]]:
        """The list of objects under ``name``; raises Problem."""
        found = self.values.get(name)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise Problem("JSON_PARSER_ERROR", f"The property {name} is missing or no list of objects")
        return found

    def number(self, name: str, usual: int) -> int:
        """A parameter of the address; raises Problem."""
        text = self.query.get(name) or str(usual)
        if not text.isdigit():
            raise Problem("INVALID_INPUT", f"{name} must be a number")
        return int(text)

    @property
    def allow_save(self) -> bool:
        """Duplicates that a rule only warns of may be saved."""
        header = self.headers.get("sforce-duplicate-rule-header", "").lower().replace(" ", "")
        return "allowsave=true" in header

    @property
    def batch_size(self) -> int:
        _, _, size = self.headers.get("sforce-query-options", "").lower().replace(" ", "").partition("batchsize=")
        return int(size) if size.isdigit() else 2000


@dataclass
class Reply:
    """``data`` None: no body; ``text``: a body of this media type instead of JSON."""

    status: int
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    media_type: str = "text/csv"
