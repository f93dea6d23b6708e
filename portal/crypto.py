"""Secrets at rest: a JSON field that the database only ever sees encrypted.

Keys: ``FIELD_ENCRYPTION_KEYS`` (comma separated Fernet keys; the first encrypts, all decrypt). To rotate, put a new
key first, run ``manage.py rotate_keys``, then drop the old one. Without keys, a demo install derives one from SECRET_KEY.

Fernet has no associated data, so a row's blob could be pasted into another row; ``integrations.models.Credential``
therefore keeps its owner's id inside the encrypted document and compares after decrypting.
"""

import base64
import hashlib
import json
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


def cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS or [_demo_key()]])


def _demo_key() -> str:
    digest = hashlib.sha256(b"syncline fields" + settings.SECRET_KEY.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()


class EncryptedJSONField(models.BinaryField):
    """Any JSON value. Cannot be looked up by content, and refuses to be serialised (``dumpdata``)."""

    # What the attribute of a model holds, for mypy's Django plugin: a BinaryField's would be bytes.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is not None:
            value = cipher().encrypt(json.dumps(value).encode())
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else json.loads(cipher().decrypt(bytes(value)))

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise TypeError(f"an encrypted field cannot be looked up by {lookup_name}")
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError("an encrypted field is not serialised")
