"""Salesforce's own control verbs. ``"organisation"``: 0 (default) or 1. ``type``: an object ("Contact", the default).

=============== =====================================================================================================
``tokens``      ``{"expire": true}`` all sessions are over now; ``{"revoke": true}`` nobody may use the app any more;
                ``{"refusal": "…"}`` every call is told this with a 401 ("" ends it);
                ``{"trouble": "inactive_org"}``, ``"invalid_grant: …"`` every request for a token gets this error ("" ends it)
``records``     "as a person": ``{"type": "Contact", "create": [{…}], "edit": [{"Id": …, …}], "delete": [ids],
                "undelete": [ids], "merge": [[keep, other]], "convert": [lead ids], "archive": [ids]}``; answers
                ``{"created": [ids], …}``; ``"behind": 60`` as a transaction that began a minute ago and ends now;
                ``"hide": [ids]``, ``"show": [ids]``: sharing shows these no more, or again, to the API's user
``list``        ``{"type": "Contact", "deleted": false}`` → every record with all its fields
``fill``        ``{"records": n, "seed": 7}``: the org starts afresh with n people (0: empty)
``fields``      ``{"type": "Contact", "lines": ["Shoe_Size__c|double|Shoe size|num=3.1"]}``: as an administrator (``fields.py``)
``refuse``      ``{"code": "UNABLE_TO_LOCK_ROW", "type": "", "next": 1, "skip": 0, "message": ""}``: writes of single records
``meanwhile``   ``{"type": "Contact", "edit": {…}, "automation": false}``: what a person, or the org's automation as the API's own
                user, makes of the next record that the API writes, before anybody else sees it
``validation``  ``{"type": "Contact", "field": "Title", "value": "X", "message": "…"}``; ``{"clear": true}``
``quota``       ``{"spend": n}`` calls of others; answers ``{"used", "most"}``
``empty_bin``   deleted records are gone for good
``move``        the org gets another address, sessions at the old one are over
=============== =====================================================================================================
"""

from typing import TYPE_CHECKING, Any

from integrations.standins.people import people
from integrations.standins.salesforce import seed
from integrations.standins.salesforce.computed import value_of
from integrations.standins.salesforce.errors import Problem
from integrations.standins.salesforce.fields import parsed
from integrations.standins.salesforce.office import Office
from integrations.standins.salesforce.org import Org
from integrations.standins.salesforce.refusals import Refusal, Validation
from integrations.standins.vendor import ControlError, Verb

if TYPE_CHECKING:
    from integrations.standins.salesforce.vendor import Salesforce


def verbs(vendor: "Salesforce") -> dict[str, Verb]:
    return {**_access(vendor), **_records(vendor), **_troubles(vendor)}


def _access(vendor: "Salesforce") -> dict[str, Verb]:
    def tokens(given: dict[str, Any]) -> dict[str, Any]:
        if given.get("expire"):
            vendor.login.expire()
        if given.get("revoke"):
            vendor.login.refresh.clear()
            vendor.login.access.clear()
        vendor.session_refusal = str(given.get("refusal", vendor.session_refusal))
        vendor.login.trouble = str(given.get("trouble", vendor.login.trouble))
        return {"refresh_tokens": len(vendor.login.refresh)}

    def move(given: dict[str, Any]) -> dict[str, Any]:
        org = _place(vendor, given)[0].org
        taken = {each.address for each in vendor.orgs}
        vendor.move(org, next(base for base in vendor.more_bases if base not in taken))
        return {"url": org.address}

    def quota(given: dict[str, Any]) -> dict[str, Any]:
        allocation = _place(vendor, given)[0].allocation
        if given.get("spend"):
            allocation.spend(int(given["spend"]))
        return {"used": allocation.used, "most": allocation.most}

    return {"tokens": tokens, "move": move, "quota": quota}


def _records(vendor: "Salesforce") -> dict[str, Verb]:
    def records(given: dict[str, Any]) -> dict[str, Any]:
        office, kind = _place(vendor, given)
        try:
            office.org.behind = float(given.get("behind", 0))
            return by_hand(office.org, kind, given)
        except Problem as problem:
            raise ControlError(f"{problem.code}: {problem.message}") from problem
        finally:
            office.org.behind = 0.0

    def listing(given: dict[str, Any]) -> dict[str, Any]:
        office, kind = _place(vendor, given)
        table = office.org.tables[kind]
        rows = [row for row in table.rows.values() if given.get("deleted") or not row.deleted]
        return {
            "results": [
                {
                    "id": row.id,
                    "properties": {f.name: value_of(office.org, table.kind, row, f) for f in table.kind.visible},
                }
                for row in rows
            ]
        }

    def fill(given: dict[str, Any]) -> dict[str, Any]:
        office, _kind = _place(vendor, given)
        office.clear()
        found = people(int(given.get("records", 0)), seed=int(given.get("seed", vendor.world.seed)))
        seed.fill(office.org, found)
        vendor.settings_changed()
        return {"records": len(office.org.tables["Contact"].rows)}

    return {"records": records, "list": listing, "fill": fill}


def _troubles(vendor: "Salesforce") -> dict[str, Verb]:
    def fields(given: dict[str, Any]) -> None:
        office, kind = _place(vendor, given)
        for line in given["lines"]:
            office.org.add_field(kind, parsed(line))

    def refuse(given: dict[str, Any]) -> None:
        office, _kind = _place(vendor, given)
        wanted = {name: given[name] for name in ("code", "next", "skip", "message") if name in given}
        office.org.refusals.pending.append(Refusal(kind=str(given.get("type", "")), **wanted))

    def meanwhile(given: dict[str, Any]) -> None:
        office, kind = _place(vendor, given)
        org = office.org
        org.meanwhile.append((kind, dict(given["edit"]), org.me if given.get("automation") else org.users[0]))

    def validation(given: dict[str, Any]) -> None:
        office, kind = _place(vendor, given)
        if given.get("clear"):
            office.org.refusals.validations.clear()
        else:
            made = Validation(kind, given["field"], given["message"], given.get("value"))
            office.org.refusals.validations.append(made)

    def empty_bin(given: dict[str, Any]) -> dict[str, Any]:
        return {"gone": _place(vendor, given)[0].org.empty_bin()}

    found = (fields, refuse, meanwhile, validation, empty_bin)
    return {verb.__name__: verb for verb in found}


def _place(vendor: "Salesforce", given: dict[str, Any]) -> tuple[Office, str]:
    number, name = int(given.get("organisation", 0)), str(given.get("type") or "Contact")
    if number >= len(vendor.offices) or name not in vendor.orgs[number].tables:
        raise ControlError("No such org or object.")
    return vendor.offices[number], name


def by_hand(org: Org, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """What a person does in the app; raises Problem at the first thing that is refused."""
    done: dict[str, Any] = {}
    who = org.users[0]
    if "create" in given:
        done["created"] = [org.create(kind, values, who, allow_save=True).id for values in given["create"]]
    for values in given.get("edit", []):
        id = values.get("Id") or values["id"]
        org.update(kind, org.row(kind, id), values, who, allow_save=True)
        done.setdefault("edited", []).append(id)
    for id in given.get("delete", []):
        org.delete(kind, org.row(kind, id), who)
    for id in given.get("undelete", []):
        org.undelete(kind, id, who)
    for keep, other in given.get("merge", []):
        org.merge(kind, keep, other, who)
        done.setdefault("merged", []).append(keep)
    for id in given.get("archive", []):
        org.change(kind, org.row(kind, id), {"IsArchived": True}, "")
    org.hidden = (org.hidden | set(given.get("hide", []))) - set(given.get("show", []))
    for id in given.get("convert", []):
        done.setdefault("converted", []).append(org.convert(id, who))
    return done
