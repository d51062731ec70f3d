"""What stands under a key of a registry file, turned into the type that its record wants."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.archive_records import MemberRole, PointClass
from pipeline.estimation import ESTIMATORS
from pipeline.model import MeterId
from pipeline.quantities import Group, Quantity
from pipeline.registry import BasicCharge, Role, SuspensionKind, Wiring
from pipeline.scaling import parse_scaled
from pipeline.timegrid import MINUTES_PER_DAY
from pipeline.topics import TopicTemplate
from pipeline.vee_records import Sense

FIELD_OF_KEY: Mapping[str, str] = MappingProxyType(
    {"from": "starts_at", "to": "ends_at", "every": "every_s", "tolerance": "tolerance_s"}
)
"""Keys that do not bear their field's name."""
KEY_OF_FIELD: Mapping[str, str] = MappingProxyType({field: key for key, field in FIELD_OF_KEY.items()})

LAST_SETTLEMENT_DAY = 28
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+)\s*(s|min|h|d)")
_MAY_BE_ZERO = frozenset(
    {
        "retries",
        "pause_s",
        "remaining_kva",
        "capacity_kva",
        "contract_demand_kw",
        "setpoint_w",
        "auxiliaries_kw",
    }
    | {"tolerance_s"}
)
_SIGNED = frozenset({"sign", "value", "mean_c"})
"""Numbers of either sign."""


class CellError(ValueError):
    """A value does not fit its key; the text says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class LocalDate:
    """A date without a time: the midnight of the area, once the area is known."""

    day: date


@cache
def types_of(record: type) -> Mapping[str, object]:
    """Return the type of each field of a record."""
    return MappingProxyType(get_type_hints(record))


def convert(record: type, field: str, value: object) -> object:
    """Return ``value`` as field ``field`` of ``record`` wants it; a date stays a :class:`LocalDate`.

    Raises:
        CellError: If it cannot be that.
    """
    wanted = types_of(record)[field]
    if field in _OF_FIELD:
        return _OF_FIELD[field](value)
    if field.endswith("_s") and field in KEY_OF_FIELD:
        value = _duration(value)
    converted = _CONVERTERS[wanted](value)
    if field == "quantities":
        _check_quantities(_pairs(value))
    if field in ("opening", "closing"):
        _check_registers(_numbers(value))
    if field == "settlement_day" and not 1 <= _whole(value) <= LAST_SETTLEMENT_DAY:
        raise CellError(f"expected a day that every month has, 1 to {LAST_SETTLEMENT_DAY}, not {value!r}")
    if field == "rules":
        _check_rules(_texts(value))
    if field == "template":
        _check_template(_text(value))
    if isinstance(converted, bool) or field in _SIGNED:
        return converted
    if isinstance(converted, float | int) and (
        converted < 0 or (converted == 0 and field not in _MAY_BE_ZERO)
    ):
        raise CellError(f"expected a number above zero, not {value!r}")
    return converted


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise CellError(f"expected text in quotes, not {value!r}")
    if not value or "\0" in value:
        raise CellError("expected text, not nothing")
    return value


def _number(value: object) -> float:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise CellError(f"expected a number, not {value!r}") from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise CellError(f"expected a number, not {value!r}")
    return float(value)


def _whole(value: object) -> int:
    number = _number(value)
    if not number.is_integer():
        raise CellError(f"expected a whole number, not {value!r}")
    return int(number)


def _duration(value: object) -> object:
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        return int(match[1]) * _SECONDS[match[2]]
    return value


def _zone(value: object) -> ZoneInfo:
    name = _text(value)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CellError(f"no time zone is called {name!r}; expected a name like 'Asia/Shanghai'") from None


def _instant(value: object) -> datetime | LocalDate:
    if isinstance(value, str):
        value = _parsed_instant(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise CellError(f"{value.isoformat()} has no offset; write it like {value.isoformat()}+08:00")
        return value.astimezone(UTC)
    if isinstance(value, date):
        return LocalDate(value)
    raise CellError(f"expected a date or a time with its offset, not {value!r}")


def _parsed_instant(text: str) -> datetime | date:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-01-01") else datetime.fromisoformat(text)
    except ValueError:
        raise CellError(
            f"expected an ISO 8601 date or time like 2026-01-01 or 2026-01-01T00:00:00+08:00, not {text!r}"
        ) from None


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(";") if part.strip()]
    if not isinstance(value, list):
        raise CellError(f"expected a list of texts, not {value!r}")
    return tuple(_text(part) for part in value)


def _several(value: object) -> tuple[float, ...]:
    """Return a list of numbers; in a CSV cell they are written ``number;number``."""
    if isinstance(value, str):
        value = [part for part in value.split(";") if part.strip()]
    if not isinstance(value, list):
        raise CellError(f"expected a list of numbers, not {value!r}")
    return tuple(_number(part) for part in value)


def _steps(value: object) -> tuple[float, ...]:
    steps = _several(value)
    if min(steps, default=1.0) <= 0:
        raise CellError(f"expected the reactive power of each step, above zero, not {value!r}")
    return steps


def _band(value: object) -> tuple[float, ...]:
    band = _several(value)
    if len(band) != len(("lowest", "highest")) or band[0] >= band[1]:
        raise CellError(f"expected the lowest and the highest deviation like [-3, 7], not {value!r}")
    return band


def _factors(value: object) -> tuple[float, ...]:
    """Return the factors of a day, whose count divides its minutes."""
    factors = _several(value)
    if not factors or MINUTES_PER_DAY % len(factors):
        raise CellError(f"expected a factor for each equal part of a day (24, 48, 96 ...), not {value!r}")
    if min(factors) < 0:
        raise CellError(f"expected factors of zero or more, not {min(factors):g}")
    return factors


def _date(value: object) -> date:
    instant = _instant(value)
    if not isinstance(instant, LocalDate):
        raise CellError(f"expected a date like 2026-01-01, not {value!r}")
    return instant.day


def _check_rules(written: Sequence[str]) -> None:
    names = [name for name, _ in ESTIMATORS]
    for name in written:
        if name not in names:
            raise CellError(f"{name!r} is no rule of estimation; the rules are {', '.join(names)}")


def _pairs(value: object) -> dict[str, str]:
    """Return a table of texts; in a CSV cell it is written ``name=text;name=text``."""
    if isinstance(value, str):
        written = [part.rpartition("=") for part in value.split(";") if part.strip()]
        value = {name.strip(): text.strip() for name, _, text in written}
    if not isinstance(value, dict):
        raise CellError(f"expected a table like {{ name = 'text' }}, not {value!r}")
    return {_text(name): _text(text) for name, text in value.items()}


def _numbers(value: object) -> dict[str, float]:
    """Return a table of numbers; in a CSV cell it is written ``name=number;name=number``."""
    if isinstance(value, str):
        value = _pairs(value)
    if not isinstance(value, dict):
        raise CellError(f"expected a table like {{ active_energy_import = 0.4 }}, not {value!r}")
    return {_text(name): _number(number) for name, number in value.items()}


def _check_registers(written: Mapping[str, float]) -> None:
    for name, register in written.items():
        if name not in set(Quantity) or Quantity(name).group is not Group.REGISTER:
            raise CellError(f"{name!r} is no energy register; expected a name like 'active_energy_import_t1'")
        if register < 0:
            raise CellError(f"{name!r}: expected a register of zero or more, not {register}")


def _yes_or_no(value: object) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise CellError(f"expected true or false, not {value!r}")
    return value


def _check_quantities(written: Mapping[str, str]) -> None:
    for name, text in written.items():
        try:
            parse_scaled(text)
        except ValueError as error:
            raise CellError(f"{name!r}: {error}") from None


def _check_template(text: str) -> None:
    try:
        TopicTemplate(text)
    except ValueError as error:
        raise CellError(str(error)) from None


def _one_of(kind: type[StrEnum]) -> Callable[[object], object]:
    def choose(value: object) -> object:
        try:
            return kind(_text(value))
        except ValueError:
            names = ", ".join(kind)
            raise CellError(f"expected one of {names}, not {value!r}") from None

    return choose


_OF_FIELD: Mapping[str, Callable[[object], object]] = {
    "group": _one_of(Group),
    "capacitor_steps_kvar": _steps,
    "agreed_band_percent": _band,
}
"""Fields that take less than their type does."""
_CONVERTERS: Mapping[object, Callable[[object], object]] = {
    str: _text,
    MeterId: _text,
    str | None: _text,
    float: _number,
    float | None: _number,
    int: _whole,
    int | None: _whole,
    ZoneInfo: _zone,
    date: _date,
    date | None: _date,
    datetime: _instant,
    datetime | None: _instant,
    tuple[str, ...]: _texts,
    tuple[float, ...]: _factors,
    Mapping[str, str]: _pairs,
    Mapping[str, float]: _numbers,
    bool: _yes_or_no,
    Wiring: _one_of(Wiring),
    Role: _one_of(Role),
    Sense: _one_of(Sense),
    MemberRole: _one_of(MemberRole),
    SuspensionKind: _one_of(SuspensionKind),
    BasicCharge | None: _one_of(BasicCharge),
    PointClass | None: _one_of(PointClass),
}
