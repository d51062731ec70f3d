"""The configuration (.cfg) of a COMTRADE record: channels, rates, times and the form of the data."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

from analysis.comtrade.encoding import lines_of
from pipeline.errors import DataError

EDITIONS: Final = ("1991", "1999", "2001", "2013")
"""2001 is IEC 60255-24, the same form as 1999."""
_FIELDS: Final = {"1991": 10}
"""Of a line of an analogue channel; since 1999 there are 13, with the transformer's ratio."""
_NEWER_FIELDS: Final = 13
WHOLE_DIGITS: Final = 10
"""Of a sample's number, in the standard."""
MOST_CHANNELS: Final = 999_999
"""The standard's own limit of the total."""
_COUNT: Final = re.compile(r"^\s*(\d{1,6})\s*([AD])\s*$", re.IGNORECASE)
_DATE: Final = re.compile(r"^\s*(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})\s*$")
_TIME: Final = re.compile(r"^\s*(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.:](\d*))?\s*$")
_ZONE: Final = re.compile(r"^\s*([+-]?)(\d{1,2})(?:h(\d{2}))?\s*$", re.IGNORECASE)
_CENTURY: Final = 100
_PIVOT: Final = 70
_MICROSECOND_DIGITS: Final = 6


class DataForm(StrEnum):
    """How the data file is written."""

    ASCII = "ASCII"
    BINARY = "BINARY"
    BINARY32 = "BINARY32"
    FLOAT32 = "FLOAT32"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalogueChannel:
    """One line of an analogue channel: value = ``factor * stored + offset``, in ``unit``."""

    name: str
    phase: str
    unit: str
    factor: float
    offset: float
    skew_s: float
    lowest: float
    highest: float
    """The range of stored values."""
    primary: float
    secondary: float
    is_secondary: bool | None
    """Which side the values are of; None where the file does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a .cfg file says."""

    station: str
    device: str
    edition: str
    channels: tuple[AnalogueChannel, ...]
    status_count: int
    nominal_hz: float | None
    rates: tuple[tuple[float, int], ...]
    """Samples per second, and the number of the last sample at that rate; a rate of 0 means the data's own
    times count."""
    starts_at: datetime | None
    form: DataForm
    time_factor: float
    """Of the data's own times."""
    time_unit_s: float
    notes: tuple[str, ...]

    @property
    def samples(self) -> int:
        """Return how many samples the file announces."""
        return self.rates[-1][1]


def parse_configuration(text: str, name: str) -> Configuration:
    """Return the configuration that a text holds.

    Args:
        text: The file's text.
        name: The file's name, for errors.

    Raises:
        DataError: If a line that the data cannot be read without is missing or wrong; names file and line.
    """
    return _Reader(lines_of(text), name).read()


class _Reader:
    """Goes through the lines, and knows where it is when one is wrong."""

    def __init__(self, lines: list[str], name: str) -> None:
        self._lines = lines
        self._name = name
        self._at = 0
        self._notes: list[str] = []

    def read(self) -> Configuration:
        station, device, edition = self._first()
        analogue, status = self._counts()
        channels = tuple(self._channel(edition) for _ in range(analogue))
        for _ in range(status):
            self._next("a status channel")
        nominal_hz = self._optional_number(self._next("the line frequency"))
        rates = tuple(self._rates())
        starts_at, digits = self._instant(edition, "the time of the first sample")
        _, trigger_digits = self._instant(edition, "the trigger's time")
        form = self._form()
        time_factor = self._optional_number(self._rest()) if edition != "1991" else None
        zone = self._rest().split(",")[0] if edition == "2013" else ""
        nanoseconds = max(digits, trigger_digits) > _MICROSECOND_DIGITS
        return Configuration(
            station=station,
            device=device,
            edition=edition,
            channels=channels,
            status_count=status,
            nominal_hz=nominal_hz or None,
            rates=rates,
            starts_at=_in_zone(starts_at, zone),
            form=form,
            time_factor=time_factor or 1.0,
            time_unit_s=1e-9 if nanoseconds else 1e-6,
            notes=tuple(self._notes),
        )

    def _error(self, message: str) -> DataError:
        return DataError(f"{self._name}, line {self._at}: {message}")

    def _next(self, what: str) -> str:
        self._at += 1
        if self._at > len(self._lines):
            raise self._error(f"expected {what}, but the file ends; copy it from the recorder again")
        return self._lines[self._at - 1]

    def _rest(self) -> str:
        """Return the next line, or nothing: the last lines are often left out."""
        self._at += 1
        return self._lines[self._at - 1].strip() if self._at <= len(self._lines) else ""

    def _first(self) -> tuple[str, str, str]:
        fields = [
            field.strip() for field in self._next("station, recorder and year of the standard").split(",")
        ]
        edition = "1991"
        if len(fields) > 2 or fields[-1] in EDITIONS:  # noqa: PLR2004 - station and recorder are two
            edition = fields.pop()
        if edition and edition not in EDITIONS:
            self._notes.append(f"unknown year of the standard {edition!r}: read as 1999")
            edition = "1999"
        *station, device = fields
        return ",".join(station), device, edition or "1991"

    def _counts(self) -> tuple[int, int]:
        line = self._next("the numbers of channels")
        counts = {"A": 0, "D": 0}
        for field in line.split(",")[1:]:
            found = _COUNT.match(field)
            if found is None:
                raise self._error(f"expected numbers of channels such as 8,4A,4D, not {line.strip()!r}")
            counts[found[2].upper()] = int(found[1])
        if not 0 < counts["A"] + counts["D"] <= MOST_CHANNELS:
            raise self._error(f"expected numbers of channels such as 8,4A,4D, not {line.strip()!r}")
        if not counts["A"]:
            raise self._error("the record has no analogue channel, so there is no waveform in it")
        return counts["A"], counts["D"]

    def _channel(self, edition: str) -> AnalogueChannel:
        line = self._next("an analogue channel")
        fields = line.split(",")
        wanted = _FIELDS.get(edition, _NEWER_FIELDS)
        if len(fields) > wanted:
            # A comma within the channel's name.
            extra = len(fields) - wanted
            fields = [fields[0], ",".join(fields[1 : 2 + extra]), *fields[2 + extra :]]
        if len(fields) < _FIELDS["1991"]:
            raise self._error(f"an analogue channel has {wanted} fields, this one has {len(fields)}")
        fields += [""] * (_NEWER_FIELDS - len(fields))
        _, name, phase, _, unit, factor, offset, skew, lowest, highest, primary, secondary, side = (
            field.strip() for field in fields
        )
        return AnalogueChannel(
            name=name,
            phase=phase,
            unit=unit,
            factor=self._number(factor, f"the factor of channel {name!r}"),
            offset=self._number(offset or "0", f"the offset of channel {name!r}"),
            skew_s=1e-6 * (self._optional_number(skew) or 0.0),
            lowest=_or(self._optional_number(lowest), -math.inf),
            highest=_or(self._optional_number(highest), math.inf),
            primary=self._optional_number(primary) or 0.0,
            secondary=self._optional_number(secondary) or 0.0,
            is_secondary={"s": True, "p": False}.get(side.lower()),
        )

    def _rates(self) -> Iterator[tuple[float, int]]:
        line = self._next("the number of sampling rates").strip()
        count = self._whole(line, "the number of sampling rates")
        last = 0
        for _ in range(max(1, count)):
            rate, _, end = self._next("a sampling rate and the number of its last sample").partition(",")
            rate_hz = self._number(rate.strip(), "the sampling rate")
            end_sample = self._whole(end.strip(), "the number of the last sample")
            if rate_hz < 0.0 or (rate_hz == 0.0 and count > 0):
                raise self._error(f"a sampling rate of {rate_hz:g} Hz is none")
            if end_sample <= last:
                raise self._error(f"the last sample {end_sample} does not come after {last}")
            last = end_sample
            yield rate_hz if count else 0.0, end_sample

    def _instant(self, edition: str, what: str) -> tuple[datetime | None, int]:
        """Return a time, or None with a note, and how many digits its fraction has."""
        line = self._next(what)
        date, _, time = line.partition(",")
        on, at = _DATE.match(date), _TIME.match(time)
        if on is None or at is None:
            self._notes.append(f"line {self._at}: {what} is not told: {line.strip()!r}")
            return None, 0
        first, second, year = int(on[1]), int(on[2]), int(on[3])
        if first > 31:  # noqa: PLR2004 - no day: the year stands first
            first, year = year, first
        # 1991 writes the month first, all later ones the day; recorders mix them up.
        day, month = (second, first) if edition == "1991" else (first, second)
        if month > 12 >= day:  # noqa: PLR2004 - months of a year
            day, month = month, day
        if year < _CENTURY:
            year += 1900 if year >= _PIVOT else 2000
        fraction = at[4] or ""
        try:
            found = datetime(year, month, day, int(at[1]), int(at[2]), int(at[3]))  # noqa: DTZ001 - zone comes later
            found += timedelta(seconds=float(f"0.{fraction or 0}"))
        except (ValueError, OverflowError):
            self._notes.append(f"line {self._at}: {what} does not exist: {line.strip()!r}")
            return None, len(fraction)
        return found, len(fraction)

    def _form(self) -> DataForm:
        written = self._next("the form of the data").strip().upper()
        try:
            return DataForm(written)
        except ValueError:
            raise self._error(f"expected a form of data, {', '.join(DataForm)}, not {written!r}") from None

    def _number(self, written: str, what: str) -> float:
        found = self._optional_number(written)
        if found is None:
            raise self._error(f"expected {what}, a number, not {written!r}")
        return found

    def _whole(self, written: str, what: str) -> int:
        if not written.isdecimal() or len(written) > WHOLE_DIGITS:
            raise self._error(f"expected {what}, a whole number, not {written!r}")
        return int(written)

    @staticmethod
    def _optional_number(written: str) -> float | None:
        try:
            number = float(written)
        except ValueError:
            return None
        return number if math.isfinite(number) else None


def _or(number: float | None, default: float) -> float:
    return default if number is None else number


def _in_zone(moment: datetime | None, zone: str) -> datetime | None:
    """Return a time with its zone, where a 2013 file tells it: ``-5h30``, ``8``, ``0``; ``x`` is none."""
    found = _ZONE.match(zone)
    if moment is None or found is None:
        return moment
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if offset >= timedelta(days=1):
        return moment
    return moment.replace(tzinfo=timezone(-offset if found[1] == "-" else offset))
