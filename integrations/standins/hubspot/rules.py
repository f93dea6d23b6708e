"""Rules that an administrator of the account has set, which from 2026-09 on apply to API writes too.

The setting ``rules`` switches them on: ``{"contacts": {"required": ["company"], "max_length": {"city": 10}}}``. What HubSpot
calls these refusals inside the message is not known; the status and the category are.
"""

from typing import Any

from integrations.standins.hubspot.errors import BadValue
from integrations.standins.hubspot.table import Values

Rules = dict[str, dict[str, Any]]  # by object type name


def broken(rules: Rules, kind: str, values: Values, *, creating: bool) -> list[BadValue]:
    """What the rules have against a write."""
    own = rules.get(kind, {})
    found = []
    if creating:
        for name in own.get("required", []):
            if not values.get(name):
                found.append(BadValue("REQUIRED_PROPERTY", f"{name} is required by a rule of this account.", name))
    for name, most in own.get("max_length", {}).items():
        if len(values.get(name, "")) > int(most):
            found.append(BadValue("MAX_LENGTH", f"{name} may have at most {most} characters.", name))
    return found


def shown(rules: Rules, kind: str) -> list[dict[str, Any]]:
    """The answer of the property validations endpoint, which tells the rules about values only."""
    return [
        {
            "propertyName": name,
            "propertyValidationRules": [
                {"ruleType": "MAX_LENGTH", "ruleArguments": [str(most)], "shouldApplyNormalization": False}
            ],
        }
        for name, most in rules.get(kind, {}).get("max_length", {}).items()
    ]
