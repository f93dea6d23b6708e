"""HubSpot's records in the words of the connector protocol: all object types of one shape (``objects.py``).

What is where: ``feed.py`` changes and deletions, ``reading.py`` records from answers, ``writes.py`` batches with a verdict per
item, ``associations.py`` and ``linking.py`` references, ``owners.py`` users, ``pipelines.py`` stages, ``days.py`` days that are
moments, ``schema.py`` fields and values.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.base import Abilities, Connector, Scope
from integrations.connectors.hubspot import associations, schema
from integrations.connectors.hubspot.associations import Associations
from integrations.connectors.hubspot.client import call
from integrations.connectors.hubspot.feed import Feed
from integrations.connectors.hubspot.linking import Linker
from integrations.connectors.hubspot.objects import OBJECTS, PREFIX, TEXT_SCOPE, abilities
from integrations.connectors.hubspot.owners import Owners
from integrations.connectors.hubspot.pipelines import Pipelines
from integrations.connectors.hubspot.preflight import checks
from integrations.connectors.hubspot.reading import Reader
from integrations.connectors.hubspot.writes import Writer
from integrations.http import ApiSession
from integrations.records import (
    CheckResult,
    Count,
    Create,
    Field,
    FieldType,
    Page,
    ReadAnswer,
    Ref,
    RemoteAccount,
    RemoteRecord,
    Update,
    Values,
    Verdict,
)


class HubSpot(Connector):
    """``stored_fields(kind)`` gives the field definitions as last read (None: read them now); ``app_url`` is where people look
    at records; ``scopes`` are those that were granted, None when the way in does not tell."""

    def __init__(
        self,
        session: ApiSession,
        *,
        stored_fields: Callable[[str], list[Field] | None] = lambda kind: None,
        app_url: str = "",
        portal_id: str = "",
        scopes: Sequence[str] | None = None,
    ) -> None:
        self._session = session
        self._stored_fields = stored_fields
        self._app_url, self._portal_id = app_url, portal_id
        self.scopes = scopes
        self._types: dict[str, dict[str, FieldType]] = {}
        self._owners, self._pipelines = Owners(session), Pipelines(session)
        self._associations = Associations(session)
        sees = None if scopes is None else self.sees_secrets
        self._reader = Reader(session, self._types_of, self._owners, self._associations, sees_secrets=sees)
        self._feed = Feed(self._reader)

    @property
    def calls(self) -> int:
        return self._session.calls

    def abilities(self, kind: str) -> Abilities:
        return abilities(kind)

    def identify(self) -> RemoteAccount:
        said = call(self._session, "account").data
        portal = str(said["portalId"])
        name = _("HubSpot account %(id)s") % {"id": portal}
        if said.get("accountType", "STANDARD") != "STANDARD":
            name += f" ({str(said['accountType']).replace('_', ' ').lower()})"
        return RemoteAccount(id=portal, name=name, time_zone=said.get("timeZone") or "UTC", extra=said)

    def preflight(self, kinds: Sequence[str]) -> Iterator[CheckResult]:
        return checks(self, self._session, kinds)

    def fields(self, kind: str) -> list[Field]:
        """Properties and references. Owners, pipelines and their stages come as options, for a call each."""
        found = self._pipelines.with_options(kind, self._with_owners(self.properties(kind)))
        return sorted([*found, *associations.fields(kind)], key=lambda field: field.label.casefold())

    def properties(self, kind: str) -> list[Field]:
        """The fields as HubSpot's definitions say them: no references, no choices that are kept elsewhere. One call."""
        try:
            said = call(self._session, "properties", kind).data
            found = [schema.field_of(definition, kind) for definition in said["results"]]
        except (KeyError, TypeError) as error:
            raise errors.SchemaUnreadable(_("HubSpot's list of properties cannot be read.")) from error
        secret = () if self.sees_secrets else OBJECTS[kind].secret
        return [replace(field, readable=field.name not in secret) for field in found if field]

    @property
    def sees_secrets(self) -> bool:
        """False where it is known that HubSpot does not show us what e-mails say."""
        return self.scopes is None or TEXT_SCOPE in self.scopes

    def create_field(self, kind: str, field: Field) -> Field:
        answer = call(self._session, "properties", kind, body=schema.definition_of(field, kind))
        made = schema.field_of(answer.data, kind)
        if made is None:
            raise errors.SchemaUnreadable(_("HubSpot's answer about the new property cannot be read."))
        self._types.pop(kind, None)
        return made

    # -- reading -------------------------------------------------------------------------------------------------------
    def scan(self, kind: str, *, fields: Sequence[str], position: dict[str, Any] | None, scope: Scope) -> Page:
        records, after = self._reader.listed(kind, fields, (position or {}).get("after"))
        total = None if position or after else len(records)  # of more than a page HubSpot's lists do not tell
        return Page(records, position={"after": after} if after else None, total=total)

    def ahead(self, kind: str, *, fields: Sequence[str], position: dict[str, Any], scope: Scope) -> None:
        self._reader.ahead(kind, fields, position["after"])

    def count(self, kind: str, *, scope: Scope) -> Count:
        """Searches tell, some seconds late; lists do not."""
        body = {"filterGroups": [], "limit": 1, "properties": ["hs_object_id"]}
        return Count(int(call(self._session, "search", kind, body=body).data["total"]))

    def changes(
        self,
        kind: str,
        *,
        fields: Sequence[str],
        cursor: dict[str, Any] | None,
        position: dict[str, Any] | None,
        scope: Scope,
    ) -> Page:
        return self._feed.changes(kind, fields, cursor, position)

    def read(self, kind: str, refs: Sequence[Ref], *, fields: Sequence[str]) -> ReadAnswer:
        return self._reader.read(kind, [ref.id for ref in refs], fields)

    def find(self, kind: str, field: str, values: Sequence[str], *, fields: Sequence[str]) -> list[RemoteRecord]:
        return self._reader.find(kind, field, values, fields)

    # -- writing -------------------------------------------------------------------------------------------------------
    def create(self, kind: str, items: Sequence[Create], *, scope: Scope) -> list[Verdict]:
        """Verdicts carry the representation that HubSpot stored. A field that its answer leaves out is absent: unknown."""
        return self._writer(kind).create(items)

    def update(self, kind: str, items: Sequence[Update]) -> list[Verdict]:
        return self._writer(kind).update(items)

    def delete(self, kind: str, ids: Sequence[str], *, versions: Mapping[str, str] = {}) -> list[Verdict]:
        """Archives: a person in HubSpot can restore within 90 days. Ids that are archived already count as done."""
        return self._writer(kind).archive(ids)

    def record_url(self, kind: str, id: str) -> str:
        if not self._app_url or not self._portal_id:
            return ""
        return f"{self._app_url}/contacts/{self._portal_id}/record/{OBJECTS[kind].type_id}/{id}"

    # -- inside --------------------------------------------------------------------------------------------------------
    def _writer(self, kind: str) -> Writer:
        linker = Linker(self._session, kind, self._associations)
        return Writer(self._session, kind, partial(self._reader.record, kind), partial(self._on_wire, kind), linker)

    def _on_wire(self, kind: str, values: Values) -> dict[str, str]:
        """The properties to send. Refused for an owner that HubSpot does not know, and for a choice that its list cannot hold."""
        types = self._types_of(kind)
        found: dict[str, str] = {}
        for name, value in self._pipelines.completed(kind, values).items():
            if name.startswith(PREFIX):
                continue
            if isinstance(value, list) and any(";" in choice for choice in value):
                raise errors.Refused(
                    _("HubSpot would take “%(value)s” for several choices.") % {"value": "; ".join(value)},
                    code="OPTION_NOT_ALLOWED",
                    field=name,
                )
            if not isinstance(value, str):
                found[name] = schema.to_wire(value)
            elif name in OBJECTS[kind].days:
                found[name] = self._reader.days.on_wire(value)
            else:
                found[name] = self._owners.id_of(value, name) if value and types.get(name) is FieldType.USER else value
        if (pair := OBJECTS[kind].same_time) and found.get(pair[0]):
            found.setdefault(pair[1], found[pair[0]])
        return found

    def _with_owners(self, fields: list[Field]) -> list[Field]:
        if not any(field.type is FieldType.USER for field in fields):
            return fields
        owners = self._owners.options()
        return [replace(field, options=owners) if field.type is FieldType.USER else field for field in fields]

    def _types_of(self, kind: str) -> dict[str, FieldType]:
        if kind not in self._types:
            known = self._stored_fields(kind) or self.properties(kind)
            self._types[kind] = {field.name: field.type for field in known}
        return self._types[kind]
