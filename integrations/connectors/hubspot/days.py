"""Days that HubSpot keeps as moments: a deal's close date, an invoice's two dates.

People choose it as a day and see it as a day, in their own time zone; what is stored is that day at the time of choosing, in UTC.
So it is a day here, too, read by the clock of the account. Read as UTC, a deal closed in Phoenix at half past five in the afternoon
would be of the next day in every other app, and midnight UTC, written there, of the day before. What is written is noon: that is
the same day for users of the account who live some hours away.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.connectors.hubspot import schema
from integrations.connectors.hubspot.client import call
from integrations.http import ApiSession
from integrations.records import moment_text


class Days:
    """The account is asked for its zone when the first day is met."""

    def __init__(self, session: ApiSession) -> None:
        self._session = session

    def day_of(self, text: str) -> str:
        """What does not parse stays as it is."""
        at = schema.moment(text)
        return at.astimezone(self._zone).date().isoformat() if at else text

    def on_wire(self, day: str) -> str:
        """What is no day, HubSpot refuses by the property's name."""
        try:
            noon = datetime.combine(date.fromisoformat(day), time(12), self._zone)
        except ValueError:
            return day
        return moment_text(noon)

    @cached_property
    def _zone(self) -> tzinfo:
        said = call(self._session, "account").data
        try:
            return ZoneInfo(str(said.get("timeZone") or "UTC"))
        except (ZoneInfoNotFoundError, ValueError):  # an old name ("US/Eastern") that this machine does not know
            offset = said.get("utcOffsetMilliseconds")
            return timezone(timedelta(milliseconds=offset)) if isinstance(offset, int) else UTC
