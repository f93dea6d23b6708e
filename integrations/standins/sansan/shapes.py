"""The API's JSON: cards, tags, persons, errors (``vendors/sansan.md`` 3 to 5), and times in Japan's time."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from integrations.standins.sansan.store import TEXTS, Card, Store, Tag, User

Json = dict[str, Any]
JAPAN = timezone(timedelta(hours=9))


class Refuse(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, code: str, **more: Any) -> None:
        super().__init__(status, code)
        self.status = status
        self.body: Json = {"error": [{"code": code}], **more}

    @classmethod
    def bad_key(cls) -> "Refuse":
        """Said by the gateway in front of the API, in another shape."""
        refusal = cls(401, "")
        refusal.body = {"statusCode": 401, "message": "Access denied due to missing or invalid subscription key."}
        return refusal


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, JAPAN).isoformat()


def seconds(text: str) -> int:
    """A time of a query; Refuse where it has no offset (a ``+`` that was sent as it is arrives as a space)."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refuse(400, "InvalidParameter") from None
    if at.tzinfo is None:
        raise Refuse(400, "InvalidParameter")
    return int(at.astimezone(UTC).timestamp())


def user(each: User) -> Json:
    return {"id": each.id, "name": each.name, "email": each.email}


def tag(each: Tag) -> Json:
    return {
        "id": each.id,
        "name": each.name,
        "type": each.type,
        "owner": {"id": each.owner.id, "name": each.owner.name},
    }


def card(store: Store, each: Card, viewer: User, *, with_tags: bool) -> Json:
    """Blank texts come as null, as ``""`` or not at all; which of them depends on the field, as at the vendor."""
    shown: Json = {
        "id": each.id,
        "personId": each.person_id,
        "companyId": each.company_id,
        "exchangeDate": each.exchanged or None,
        "registeredTime": moment(each.registered),
        "updatedTime": moment(each.updated),
        "owner": user(each.owner),
        "entryStatus": each.entry,
    }
    for place, name in enumerate(TEXTS):
        text = each.text(name)
        if text or place % 3:
            shown[name] = text or (None if place % 3 == 1 else "")
    if with_tags:
        shown["tags"] = [
            {"id": found.id, "name": found.name, "type": found.type}
            for found in (store.tags[id] for id in each.tags)
            if found.type != "private" or found.owner == viewer
        ]
    return shown
