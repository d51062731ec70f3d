"""How one reader sees numbers, times and ages: by language, and in the area's zone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from gettext import NullTranslations
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers

from services.translations import locale_of, translations

NOTHING = "–"
"""What stands where there is no value: never a 0."""
SHOWN_IN_SECONDS_BELOW = 100
"""Ages below so many seconds are told in seconds; below so many minutes in minutes."""
SHOWN_IN_HOURS_BELOW = 48


@dataclass(frozen=True, slots=True)
class Formats:
    """One reader's language and zone."""

    language: str
    zone: ZoneInfo

    @property
    def locale(self) -> Locale:
        """The locale of the language."""
        return locale_of(self.language)

    @property
    def catalogue(self) -> NullTranslations:
        """The words of the language."""
        return translations(self.language)

    def in_zone(self, zone: ZoneInfo) -> Formats:
        """Return the same reader looking at another area's clock."""
        return Formats(self.language, zone)

    def number(self, value: float | None, digits: int = 0) -> str:
        """Return a number with exactly ``digits`` decimals and grouped thousands."""
        if value is None or math.isnan(value):
            return NOTHING
        return self._grouped(value, digits)

    def exact(self, value: float | Decimal | None) -> str:
        """Return a number that somebody laid down, with every digit of it and grouped thousands."""
        if value is None:
            return NOTHING
        given = value if isinstance(value, Decimal) else Decimal(repr(value)).normalize()
        digits = given.as_tuple().exponent
        return self._grouped(given, max(-digits, 0)) if isinstance(digits, int) else str(value)

    def percent(self, share: float | None, digits: int = 2) -> str:
        """Return a share of 1 in percent, rounded down: 99.999 % must not read as 100 %."""
        if share is None or math.isnan(share):
            return NOTHING
        scale = 10.0 ** (digits + 2)
        floored = math.floor(share * scale + 1e-6) / scale
        pattern = "0" + ("." + "0" * digits if digits else "") + " %"
        return numbers.format_percent(floored, format=pattern, locale=self.locale)

    def when(self, instant: datetime | None) -> str:
        """Return day and time to the minute, with year."""
        return self._joined("yMMMd", "Hm", instant)

    def when_short(self, instant: datetime | None) -> str:
        """Return day and time to the minute, without the year."""
        return self._joined("MMMd", "Hm", instant)

    def when_exact(self, instant: datetime | None) -> str:
        """Return day and time to the second, with year."""
        return self._joined("yMMMd", "Hms", instant)

    def clock(self, instant: datetime | None) -> str:
        """Return the time of day to the second."""
        return self._time("Hms", instant) if instant is not None else NOTHING

    def minute(self, instant: datetime | None) -> str:
        """Return the time of day to the minute."""
        return self._time("Hm", instant) if instant is not None else NOTHING

    def day(self, day: date | None) -> str:
        """Return a calendar day with its weekday."""
        if day is None:
            return NOTHING
        return dates.format_skeleton("MMMEd", day, locale=self.locale)

    def age(self, age: timedelta | None) -> str:
        """Return how long ago in the largest fitting unit: 12 s, 5 min, 3 h, 2 d."""
        if age is None:
            return NOTHING
        seconds = max(int(age.total_seconds()), 0)
        text = self.catalogue.gettext
        if seconds < SHOWN_IN_SECONDS_BELOW:
            return text("%(n)d s ago") % {"n": seconds}
        if seconds < SHOWN_IN_SECONDS_BELOW * 60:
            return text("%(n)d min ago") % {"n": seconds // 60}
        if seconds < SHOWN_IN_HOURS_BELOW * 3600:
            return text("%(n)d h ago") % {"n": seconds // 3600}
        return text("%(n)d d ago") % {"n": seconds // 86400}

    def length(self, length: timedelta | None) -> str:
        """Return a length of time: 45 min, 6.5 h, 12.0 d."""
        if length is None:
            return NOTHING
        hours = length.total_seconds() / 3600
        text = self.catalogue.gettext
        if hours < 1:
            return text("%(n)s min") % {"n": self.number(hours * 60)}
        if hours < SHOWN_IN_HOURS_BELOW:
            return text("%(n)s h") % {"n": self.number(hours, 1)}
        return text("%(n)s d") % {"n": self.number(hours / 24, 1)}

    def zone_name(self, *shown: datetime) -> str:
        """Return the zone with its offset at what is shown, ``Asia/Shanghai (UTC+8)``; in Chinese its name.

        Of a span that holds a clock change both offsets are told.
        """
        offsets = list(dict.fromkeys(self._offset(instant) for instant in shown))
        moment = shown[0].astimezone(self.zone) if len(offsets) == 1 else self.zone
        return f"{self._zone_word(moment)} ({', '.join(offsets)})"

    def _zone_word(self, moment: datetime | ZoneInfo) -> str:
        """Return what people call the zone; its key where that is English anyway, or where it is no place."""
        if self.language == "en" or "/" not in self.zone.key or self.zone.key.startswith("Etc/"):
            return self.zone.key
        return dates.get_timezone_name(moment, width="long", locale=self.locale)

    def _grouped(self, value: float | Decimal, digits: int) -> str:
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return numbers.format_decimal(value, format=pattern, locale=self.locale)

    def _joined(self, day: str, clock: str, instant: datetime | None) -> str:
        """Return day and clock; the locale data has no skeleton for both together."""
        if instant is None:
            return NOTHING
        return f"{self._skeleton(day, instant)} {self._time(clock, instant)}"

    def _time(self, clock: str, instant: datetime) -> str:
        """Return the time of day, with its offset in an hour that a clock change repeats."""
        local = instant.astimezone(self.zone)
        is_repeated = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
        told = self._skeleton(clock, instant)
        return f"{told} {self._offset(instant)}" if is_repeated else told

    def _offset(self, instant: datetime) -> str:
        """Return the zone's offset at an instant, ``UTC+5:30``."""
        offset = instant.astimezone(self.zone).utcoffset() or timedelta()
        hours, seconds = divmod(abs(int(offset.total_seconds())), 3600)
        minutes = f":{seconds // 60:02d}" if seconds else ""
        return f"UTC{'-' if offset < timedelta() else '+'}{hours}{minutes}"

    def _skeleton(self, skeleton: str, instant: datetime) -> str:
        return dates.format_skeleton(skeleton, instant.astimezone(UTC), tzinfo=self.zone, locale=self.locale)
