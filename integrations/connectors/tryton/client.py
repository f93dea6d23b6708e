"""Tryton's HTTP: the REST interface with an application key, and what its refusals mean. Source: ``trytond/protocols/rest.py``.

Besides one address per record, the interface runs any public method of a model as an *action*, with named parameters in the body:
``POST /rest/model/party.party/search_read``. That is how whole pages are read and many records made with one call. ``write`` and
``delete`` take record objects and cannot be called so: they are one call per record.
"""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.tryton import address
from integrations.connectors.tryton.wire import Domain, Row, undotted
from integrations.http import Answer, ApiSession

# Words of Tryton's English messages → our failure codes; other languages end as VALIDATION_RULE, with the message beside it.
CODES = (
    (r"A value is required for field", "REQUIRED_VALUE_BLANK"),
    (r"is not one of the allowed options", "OPTION_NOT_ALLOWED"),
    (r"The number of digits in the value", "NUMBER_INVALID"),
    (r"The size .* for field .* is too long", "VALUE_TOO_LONG"),
    (r"You are not allowed to modify the field", "RECORD_LOCKED"),
    (r"You can not call", "RECORD_LOCKED"),
    (r"Calling button .* is not allowed", "OBJECT_NO_PERMISSION"),
    (r"You are not allowed to (access|search|read|write|create|delete|modify)", "OBJECT_NO_PERMISSION"),
    (r"must be unique", "UNIQUE_VALUE_TAKEN"),
    (r"e-?mail .* not valid|invalid e-?mail", "EMAIL_INVALID"),
)


# No company owns these, and their texts are not translated; country names are read in the language that all have, English. So
# there is no need to ask for the context first, and refusals come in English.
WITHOUT_CONTEXT = ("party.", "country.", "ir.note", "res.")


class Client:
    """One database, in the name of the user who made the key. ``session``'s address ends with the database's name. ``company``: the
    id of the one that was connected, "" while that is not known."""

    def __init__(self, session: ApiSession, company: str = "") -> None:
        self._session, self._company = session, company

    @property
    def calls(self) -> int:
        return self._session.calls

    @property
    def address(self) -> str:
        return self._session.base_url

    # -- reading -----------------------------------------------------------------------------------------------------------------
    def act(self, model: str, action: str, *, writes: bool = False, **given: Any) -> Answer:
        """Run a method of a model. AddressRefused where there is no such database: a model that is not there is HTTP 500.
        ScopeMissing where the user's groups do not let it do that with the model, which is named."""
        try:
            return self._post(model, action, given, safe=not writes)
        except errors.ScopeMissing as error:
            message = _("Tryton does not let the key's user do that with these records: %(model)s.") % {"model": model}
            raise errors.ScopeMissing(message, code="OBJECT_NO_PERMISSION", remote=error.remote) from None
        except (errors.Gone, errors.Refused) as error:
            if error.status not in (404, 405):  # no such database; an address without any
                raise
            raise errors.AddressRefused(address.not_found(self.address), remote=error.remote) from None

    def rows(self, model: str, domain: Domain, fields: Iterable[str], *, limit: int | None = None) -> list[Row]:
        """Records in the order of their ids."""
        return self.page(model, domain, fields, limit=limit)[0]

    def page(
        self, model: str, domain: Domain, fields: Iterable[str], *, limit: int | None = None
    ) -> tuple[list[Row], Answer]:
        names = sorted({"id", *fields})
        answer = self.act(model, "search_read", domain=domain, limit=limit, order=[["id", "ASC"]], fields_names=names)
        return undotted(answer.data), answer

    def ids(self, model: str, domain: Domain, *, limit: int | None = None) -> list[int]:
        return list(self.act(model, "search", domain=domain, limit=limit, order=[["id", "ASC"]]).data)

    def count(self, model: str, domain: Domain) -> int:
        return int(self.act(model, "search_count", domain=domain).data)

    def definitions(self, model: str) -> dict[str, dict[str, Any]]:
        """The model's fields as its forms know them: type, label, options, whether read-only."""
        return dict(self.act(model, "fields_get").data)

    # -- writing -----------------------------------------------------------------------------------------------------------------
    def create(self, model: str, rows: Sequence[dict[str, Any]]) -> list[int]:
        """All or none, in one transaction; their ids in order."""
        return list(self.act(model, "create", writes=True, vlist=list(rows)).data)

    def write(self, model: str, id: str, values: dict[str, Any], fields: Iterable[str]) -> Row:
        """The record as it is at the end of the transaction that changed it."""
        params = [("f", name) for name in sorted({"id", *fields})]
        path = f"/rest/model/{model}/{id}"
        answer = self._session.put(path, params=params, json=values, headers=self._headers(model))
        return dict(undotted(answer.data))

    def call(self, model: str, id: str, action: str) -> None:
        """A button of the record's form."""
        self._post(model, f"{id}/{action}", {})

    def delete(self, model: str, id: str) -> None:
        self._session.delete(f"/rest/model/{model}/{id}", headers=self._headers(model))

    # -- inside ------------------------------------------------------------------------------------------------------------------
    @cached_property
    def context(self) -> dict[str, Any]:
        """What the user's own client would send along: the company (prices and amounts belong to one), language, employee.

        AccountChanged where the user works for another company now, which takes one click in Tryton's client: all opportunities
        would seem to be gone, and all prices to be others.
        """
        said = self.act("res.user", "get_preferences", context_only=True).data or {}
        if self._company and str(said.get("company") or "") != self._company:
            message = _(
                "The key's user works for another company now. Choose the company that was connected in the user's preferences "
                "in Tryton; best give Syncline a user of its own."
            )
            raise errors.AccountChanged(message)
        return {name: said[name] for name in ("company", "language", "employee") if said.get(name)}

    def _post(self, model: str, action: str, body: dict[str, Any], *, safe: bool = False) -> Answer:
        return self._session.post(f"/rest/model/{model}/{action}", json=body, headers=self._headers(model), safe=safe)

    def _headers(self, model: str) -> dict[str, str]:
        context = {} if model.startswith(WITHOUT_CONTEXT) else self.context
        return {"X-Tryton-Context": urlsafe_b64encode(json.dumps(context).encode()).decode()}


def fault(answer: Answer, wrote: bool) -> errors.ConnectorError | None:
    """Tryton's error table; None leaves the status to the session's default (5xx: a write may have happened)."""
    said = answer.data if isinstance(answer.data, dict) else {}
    message = str(said.get("message") or "")
    if answer.status == 401:
        return errors.AuthExpired(_("Tryton does not accept this key: it is unknown, cancelled or not yet validated."))
    if answer.status == 403:
        return errors.ScopeMissing(_("Tryton does not let this user do that."))
    if answer.status == 423:
        return errors.Locked(_("Somebody changed this record in Tryton at the same moment."), retry_after=2.0)
    if answer.status not in (400, 409):
        return None
    code = next((code for words, code in CODES if re.search(words, message)), "VALIDATION_RULE")
    label = re.search(r'field "([^"]+)"', message)
    text = message or _("Tryton refuses this.")
    return errors.Refused(text, code=code, field=label.group(1) if label else "", remote=message)
