"""Snov.io's stand-in, in the mode that shows all it has."""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.models import AppInstance
from integrations.records import Field, Values
from integrations.services import schemas
from portal.accounts.models import Account
from portal.demo import story
from portal.demo.apis import SnovioApi
from portal.matrix.apps.base import Records, Standin

WORDS = {
    "email": "email", "first_name": "firstName", "last_name": "lastName", "phone": "phone", "country": "country",
    "industry": "industry", "locality": "locality", "job_title": "position", "company_name": "companyName",
    "website": "companySite", "linkedin": "linkedIn",
}  # fmt: skip
IN_DETAIL = {
    "first_name": "firstName",
    "last_name": "lastName",
    "country": "country",
    "industry": "industry",
    "locality": "locality",
}
IN_JOB = {"job_title": "position", "company_name": "companyName", "website": "site"}


class Snovio(Standin):
    key = standin = "snovio"
    options = ("rate_limit=0",)
    writes_of_kind = r"^POST /v1/add-prospect-to-list$"

    def __init__(self, facts: Mapping[str, Any], *, second: bool = False) -> None:
        super().__init__(facts, second=second)
        self.api = SnovioApi(dict(facts))

    @classmethod
    def environment(cls, facts: Mapping[str, Any]) -> dict[str, str]:
        return {"SNOVIO_API_URL": facts["api_url"], "SNOVIO_CALLS_PER_MINUTE": "30000"}

    def connect(self, account: Account, user: Any, *, as_hub: bool) -> AppInstance:
        return story.connect_app(account, user, dict(self.facts))

    def scope(self, instance: AppInstance, kind: str) -> dict[str, Any]:
        return {"lists": [], "target_list": schemas.containers(instance, kind)[0].id}

    # -- hands -------------------------------------------------------------------------------------------------------------
    def can_type(self, kind: str, field: Field) -> bool:
        return field.name in WORDS

    def wire(self, kind: str, values: Values) -> dict[str, Any]:
        return {WORDS[name]: value or "" for name, value in values.items()}

    def create(self, kind: str, rows: Sequence[Values]) -> list[str]:
        return [str(id) for id in self.control("records", create=[self.wire(kind, values) for values in rows])["ids"]]

    # -- eyes --------------------------------------------------------------------------------------------------------------
    def records(self, kind: str, fields: Sequence[Field]) -> Records:
        found: Records = {}
        for row in {row["id"]: row for row in self.api.rows()}.values():
            detail = self.api.call("POST", "/v1/get-prospect-by-id", json={"id": row["id"]})["data"]
            job: dict[str, Any] = next(iter(detail.get("currentJob") or []), {})
            values: Values = {ours: detail.get(theirs) or None for ours, theirs in IN_DETAIL.items()}
            values |= {ours: job.get(theirs) or None for ours, theirs in IN_JOB.items()}
            values["email"] = next((each["email"] for each in row.get("emails") or []), None)
            values["phone"] = next((_number(each) for each in detail.get("phones") or []), None)
            values["linkedin"] = next(
                (each["link"] for each in detail.get("social") or [] if each["type"].casefold() == "linkedin"), None
            )
            found[detail["id"]] = {field.name: values.get(field.name) for field in fields}
        return found


def _number(phone: Any) -> str:
    return str(phone.get("phone") if isinstance(phone, dict) else phone)
