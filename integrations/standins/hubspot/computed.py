"""Properties that HubSpot works out by itself whenever a record is written."""

import re

from integrations.standins.hubspot.pipelines import Pipeline
from integrations.standins.hubspot.table import Values

NAMES = {
    "contacts": (
        "hs_email_domain",
        "hs_full_name_or_email",
        "hs_searchable_calculated_phone_number",
        "hs_searchable_calculated_mobile_number",
    ),
    "deals": (
        "amount_in_home_currency",
        "hs_is_closed",
        "hs_is_closed_won",
        "hs_is_closed_lost",
        "hs_deal_stage_probability",
    ),
}


def compute(kind: str, values: Values, pipelines: dict[str, Pipeline]) -> None:
    """Fill in ``values``, "" for what is blank."""
    if kind == "contacts":
        _contact(values)
    elif kind == "deals":
        _deal(values, pipelines)
    elif kind == "meetings" and values.get("hs_meeting_start_time"):
        values.setdefault("hs_timestamp", values["hs_meeting_start_time"])
    for name in NAMES.get(kind, ()):
        if not values.get(name):
            values[name] = ""


def _contact(values: Values) -> None:
    values["hs_email_domain"] = values.get("email", "").partition("@")[2]
    name = f"{values.get('firstname', '')} {values.get('lastname', '')}".strip()
    values["hs_full_name_or_email"] = name or values.get("email", "")
    for own, raw in (("phone", "phone"), ("mobile", "mobilephone")):
        digits = re.sub(r"\D", "", values.get(raw, ""))
        values[f"hs_searchable_calculated_{own}_number"] = digits[-10:]


def _deal(values: Values, pipelines: dict[str, Pipeline]) -> None:
    """One currency is as good as another here: nothing is converted."""
    pipeline = pipelines.get(values.get("pipeline", ""))
    stage = pipeline.stages.get(values.get("dealstage", "")) if pipeline else None
    chance = stage.metadata.get("probability", "") if stage else ""
    closed = stage is not None and stage.metadata.get("isClosed") == "true"
    values["amount_in_home_currency"] = values.get("amount", "")
    values["hs_deal_stage_probability"] = chance
    values["hs_is_closed"] = str(closed).lower()
    values["hs_is_closed_won"] = str(closed and float(chance or 0) == 1).lower()
    values["hs_is_closed_lost"] = str(closed and float(chance or 0) == 0).lower()
