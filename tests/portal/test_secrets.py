"""Secrets at rest and in logs."""

import logging
import sys
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet, InvalidToken
from django.contrib import admin as django_admin
from django.contrib.auth.models import User
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import connection

from integrations.models import AppInstance, Credential
from portal.accounts.models import Account
from portal.crypto import EncryptedJSONField
from portal.redaction import RedactingFormatter, redact

OLD, NEW = (Fernet.generate_key().decode() for _key in range(2))


@pytest.fixture
def credential(account: Account, settings: Any) -> Credential:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    instance = AppInstance.objects.create(account=account, app_key="snovio", label="Growth", way_in="keys")
    return Credential.objects.create(instance=instance, secrets={"instance": instance.pk, "client_secret": "s3cr3t"})


def stored(credential: Credential) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM integrations_credential WHERE id = %s", [credential.pk])
        return bytes(cursor.fetchone()[0])


def test_the_database_sees_only_ciphertext(credential: Credential) -> None:
    assert b"s3cr3t" not in stored(credential)
    assert Credential.objects.get().secrets["client_secret"] == "s3cr3t"


def test_secrets_cannot_be_looked_up_or_dumped(credential: Credential) -> None:
    with pytest.raises(TypeError):
        Credential.objects.filter(secrets={"a": 1}).exists()
    with pytest.raises(TypeError):
        serializers.serialize("json", [credential])


def test_rotation_moves_every_secret_to_the_first_key(credential: Credential, admin: User, settings: Any) -> None:
    TOTP.activate(admin, "JBSWY3DPEHPK3PXP")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotate_keys")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert Credential.objects.get().secrets["client_secret"] == "s3cr3t"
    assert "JBSWY3DPEHPK3PXP" not in str(Authenticator.objects.get().data)
    assert TOTP(Authenticator.objects.get()).validate_code("x") is False  # it decrypts


def test_rotation_says_which_key_is_missing(credential: Credential, settings: Any) -> None:
    before = stored(credential)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(CommandError, match="FIELD_ENCRYPTION_KEYS"):
        call_command("rotate_keys")
    assert stored(credential) == before


def test_a_secret_of_another_key_is_not_read(credential: Credential, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(InvalidToken):
        Credential.objects.get()


def test_the_operators_admin_registers_no_secret() -> None:
    for model, site in django_admin.site._registry.items():
        secret = {field.name for field in model._meta.fields if isinstance(field, EncryptedJSONField)} | {"token"}
        if model is Authenticator:
            secret.add("data")
        shown = set(site.list_display) | set(site.search_fields)
        assert not secret & shown, model
        held = secret & {field.name for field in model._meta.fields}
        assert held <= set(site.exclude or []), f"{model.__name__} shows {held}"


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer abcDEF123456",
        "POST /oauth/token client_secret=abcDEF123456&grant_type=x",
        '{"access_token": "abcDEF123456", "expires_in": 1800}',
        "refresh_token=abcDEF123456",
        "key pat-na1-abcDEF123456 refused",
        "password: abcDEF123456",
    ],
)
def test_logs_do_not_carry_secrets(line: str) -> None:
    assert "abcDEF123456" not in redact(line)
    record = logging.LogRecord("x", logging.INFO, "", 1, "%s", (line,), None)
    assert "abcDEF123456" not in RedactingFormatter().format(record)
    try:
        raise OSError(line)
    except OSError:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "failed", (), sys.exc_info())
    assert "abcDEF123456" not in RedactingFormatter().format(record)


def test_redaction_leaves_ordinary_words_alone() -> None:
    assert redact("Read 20 contacts of list 7 in 3 s") == "Read 20 contacts of list 7 in 3 s"
