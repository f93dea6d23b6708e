"""System checks: an install that would lose or leak data does not start."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def safe_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    local = settings.BASE_URL.hostname in ("127.0.0.1", "localhost", "testserver")
    if settings.SECRET_KEY.startswith("insecure-demo-key-") and not local:
        found.append(Error("SECRET_KEY is not set.", hint="Set SECRET_KEY to 50 random characters.", id="portal.E001"))
    if not settings.FIELD_ENCRYPTION_KEYS and not local:
        found.append(
            Error(
                "FIELD_ENCRYPTION_KEYS is not set: credentials would be tied to SECRET_KEY.",
                hint='python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"',
                id="portal.E002",
            )
        )
    if settings.ALLOW_LOOPBACK_APPS and not local:
        found.append(Error("ALLOW_LOOPBACK_APPS is for demos and tests only.", id="portal.E003"))
    return found
