"""The stretch of time a page shows: whole local days, chosen in the address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.timegrid import local_day

CHOICES = (1, 7, 30)
"""Days to choose from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """``days`` local days up to and including ``last``."""

    days: int
    last: date
    zone: ZoneInfo
    today: date

    @property
    def since(self) -> datetime:
        """The first instant."""
        return local_day(self.last - timedelta(days=self.days - 1), self.zone)[0]

    @property
    def until(self) -> datetime:
        """The end, exclusive."""
        return local_day(self.last, self.zone)[1]

    @property
    def earlier(self) -> date:
        """The last day of the span before this one."""
        return self.last - timedelta(days=self.days)

    @property
    def later(self) -> date | None:
        """The last day of the span after this one; None where it would begin in the future."""
        following = min(self.last + timedelta(days=self.days), self.today)
        return following if following > self.last else None

    @property
    def is_now(self) -> bool:
        """Whether it ends with the present day."""
        return self.last == self.today


def span_of(days: int, last: date | None, *, now: datetime, zone: ZoneInfo) -> Span:
    """Return the span for the address's ``days`` and ``last``; today where no day is named."""
    today = now.astimezone(zone).date()
    return Span(days=days, last=min(last or today, today), zone=zone, today=today)
