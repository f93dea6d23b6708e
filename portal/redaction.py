"""Keeps secrets out of logs: anything that looks like a token, key or password is replaced before it is written."""

import logging
import re

PATTERNS = [
    (re.compile(r"(?i)(bearer|basic|session)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 ***"),
    (
        re.compile(
            r"(?i)(\"?(?:access_token|refresh_token|client_secret|id_token|password|code_verifier|api_?key|code|token)\"?\s*[=:]\s*\"?)"
            r"[^\s\"&,}']{4,}"
        ),
        r"\1***",
    ),
    (re.compile(r"pat-[a-z0-9]+-[A-Za-z0-9-]{6,}"), "pat-***"),
]


def redact(text: str) -> str:
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """A formatter, not a filter: tracebacks carry messages of other people's exceptions, and filters never see them."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
