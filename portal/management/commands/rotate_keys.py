"""Re-encrypt every secret with the first of FIELD_ENCRYPTION_KEYS, so that older keys can be dropped."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from portal.crypto import EncryptedJSONField, cipher

BATCH = 200


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for model, fields in encrypted_models():
                # Reading decrypts with any key, saving encrypts with the first.
                count = rewrite(model, partial(models.Model.save, update_fields=fields))
                self.stdout.write(f"{model._meta.label}: {count}")
            self.stdout.write(f"{Authenticator._meta.label}: {rewrite(Authenticator, rotate_second_factor)}")
        except InvalidToken as error:
            raise CommandError(
                "A secret was encrypted with a key that is not in FIELD_ENCRYPTION_KEYS. Add that key to the end and run "
                "this again; what was done so far stays valid."
            ) from error


def encrypted_models() -> Iterator[tuple[type[models.Model], list[str]]]:
    for model in apps.get_models():
        if names := [field.name for field in model._meta.fields if isinstance(field, EncryptedJSONField)]:
            yield model, names


def rewrite(model: type[models.Model], change: Callable[[Any], None]) -> int:
    """Apply ``change`` to every row; each batch is locked, so that a token refreshed meanwhile is not overwritten."""
    count, last = 0, 0
    while True:
        with transaction.atomic():
            rows = list(model._default_manager.select_for_update().filter(pk__gt=last).order_by("pk")[:BATCH])
            for row in rows:
                change(row)
        if not rows:
            return count
        count, last = count + len(rows), rows[-1].pk


def rotate_second_factor(row: Authenticator) -> None:
    """allauth keeps a second factor's secrets as text inside its JSON; ``MFAAdapter`` encrypted each of them."""

    def again(text: str) -> str:
        return cipher().rotate(text.encode()).decode()

    for name in ("secret", "seed"):
        if name in row.data:
            row.data[name] = again(row.data[name])
    if codes := row.data.get("migrated_codes"):
        row.data["migrated_codes"] = [again(code) for code in codes]
    row.save(update_fields=["data"])
