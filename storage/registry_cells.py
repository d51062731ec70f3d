"""What stands under a key of a registry file, turned into the type that its record wants."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.alarms.records import ChannelKind, Grade, Language
from pipeline.archive_records import MemberRole, MeteringSide, PointClass
from pipeline.contracts import BasicCharge, SuspensionKind
from pipeline.estimation import ESTIMATORS
from pipeline.model import MeterId
from pipeline.quantities import Group, Quantity
from pipeline.registry import Role, Wiring
from pipeline.scaling import parse_scaled
from pipeline.tariff import Period, StepsOver
from pipeline.timegrid import MINUTES_PER_DAY
from pipeline.topics import TopicTemplate
from pipeline.vee_records import Sense
from storage.cell_values import (
    CellError,
    to_bool,
    to_date,
    to_dates,
    to_decimal,
    to_instant,
    to_number,
    to_one_of,
    to_pairs,
    to_text,
    to_texts,
    to_whole_number,
)
from storage.tariff_cells import TARIFF_PARTS

FIELD_OF_KEY: Mapping[str, str] = MappingProxyType(
    {"from": "starts_at", "to": "ends_at", "every": "every_s", "tolerance": "tolerance_s"}
)
"""Keys that do not bear their field's name."""
KEY_OF_FIELD: Mapping[str, str] = MappingProxyType({field: key for key, field in FIELD_OF_KEY.items()})

LAST_SETTLEMENT_DAY = 28
MOST_DECIMALS = 6
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+)\s*(s|min|h|d)")
_MAY_BE_ZERO = frozenset(
    {
        "retries",
        "pause_s",
        "after_min",
        "remaining_kva",
        "capacity_kva",
        "contract_demand_kw",
        "setpoint_w",
        "auxiliaries_kw",
        "no_load_loss_kw",
        "load_loss_kw",
        "no_load_current_percent",
        "tax_percent",
        "kwh_decimals",
        "amount_decimals",
    }
    | {"tolerance_s"}
)
_SIGNED = frozenset({"sign", "value", "mean_c", "price"})
"""Numbers of either sign."""


@cache
def types_of(record: type) -> Mapping[str, object]:
    """Return the type of each field of a record."""
    return MappingProxyType(get_type_hints(record))


def convert(record: type, field: str, value: object) -> object:
    """Return ``value`` as field ``field`` of ``record`` wants it; a date stays a ``LocalDate``.

    Raises:
        CellError: If it cannot be that.
    """
    wanted = types_of(record)[field]
    if field == "group":
        return to_one_of(Group)(value)
    if field.endswith("_s") and field in KEY_OF_FIELD:
        value = _duration(value)
    converted = _CONVERTERS[wanted](value)
    if field in _CHECKS:
        _CHECKS[field](converted)
    if isinstance(converted, bool) or field in _SIGNED:
        return converted
    if isinstance(converted, float | int | Decimal) and (
        converted < 0 or (converted == 0 and field not in _MAY_BE_ZERO)
    ):
        raise CellError(f"expected a number above zero, not {value!r}")
    return converted


def _duration(value: object) -> object:
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        return int(match[1]) * _SECONDS[match[2]]
    return value


def _zone(value: object) -> ZoneInfo:
    name = to_text(value)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CellError(f"no time zone is called {name!r}; expected a name like 'Asia/Shanghai'") from None


def _several(value: object) -> tuple[float, ...]:
    """Return a list of numbers; in a CSV cell they are written ``number;number``."""
    if isinstance(value, str):
        value = [part for part in value.split(";") if part.strip()]
    if not isinstance(value, list):
        raise CellError(f"expected a list of numbers, not {value!r}")
    return tuple(to_number(part) for part in value)


def _whole_numbers(value: object) -> tuple[int, ...]:
    """Return a list of whole numbers; in a CSV cell they are written ``number;number``."""
    if isinstance(value, str):
        value = [part for part in value.split(";") if part.strip()]
    if not isinstance(value, list):
        raise CellError(f"expected a list of whole numbers, not {value!r}")
    return tuple(to_whole_number(part) for part in value)


def _check_interim_days(days: Sequence[int]) -> None:
    """Check the days at whose 00:00 interim bills close: each once, such as every month has."""
    wrong = [day for day in days if not 1 <= day <= LAST_SETTLEMENT_DAY]
    if wrong or len(set(days)) < len(days):
        raise CellError(
            f"expected days like [11, 21], each once, 1 to {LAST_SETTLEMENT_DAY}, not {list(days)}"
        )


def _check_factors(factors: Sequence[float]) -> None:
    """Check the factors of a day, whose count divides its minutes."""
    if not factors or MINUTES_PER_DAY % len(factors):
        raise CellError(
            f"expected a factor for each equal part of a day (24, 48, 96 ...), not {len(factors)} of them"
        )
    if min(factors) < 0:
        raise CellError(f"expected factors of zero or more, not {min(factors):g}")


def _check_steps(steps: Sequence[float]) -> None:
    if min(steps, default=1.0) <= 0:
        raise CellError(f"expected the reactive power of each step, above zero, not {min(steps):g}")


def _check_band(band: Sequence[float]) -> None:
    if len(band) != len(("lowest", "highest")) or band[0] >= band[1]:
        raise CellError(f"expected the lowest and the highest deviation like [-3, 7], not {list(band)}")


def _check_rules(written: Sequence[str]) -> None:
    names = [name for name, _ in ESTIMATORS]
    for name in written:
        if name not in names:
            raise CellError(f"{name!r} is no rule of estimation; the rules are {', '.join(names)}")


def _numbers(value: object) -> dict[str, float]:
    """Return a table of numbers; in a CSV cell it is written ``name=number;name=number``."""
    if isinstance(value, str):
        value = to_pairs(value)
    if not isinstance(value, dict):
        raise CellError(f"expected a table like {{ active_energy_import = 0.4 }}, not {value!r}")
    return {to_text(name): to_number(number) for name, number in value.items()}


def _check_registers(written: Mapping[str, float]) -> None:
    for name, register in written.items():
        if name not in set(Quantity) or Quantity(name).group is not Group.REGISTER:
            raise CellError(f"{name!r} is no energy register; expected a name like 'active_energy_import_t1'")
        if register < 0:
            raise CellError(f"{name!r}: expected a register of zero or more, not {register}")


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


def _between(least: float, most: float, expected: str) -> Callable[[Any], None]:  # Any: any number
    def check(number: Any) -> None:  # noqa: ANN401 - as above
        if not least <= number <= most:
            raise CellError(f"expected {expected}, {least:g} to {most:g}, not {number}")

    return check


def _check_clock(text: str) -> None:
    if not _CLOCK.fullmatch(text):
        raise CellError(f"expected a time of day like 22:00, not {text!r}")


def _check_month(text: str) -> None:
    if not _MONTH.fullmatch(text):
        raise CellError(f"expected a month like 2026-01, not {text!r}")


_CHECKS: Mapping[str, Callable[[Any], None]] = {  # Any: what the converter of the field gives
    "quantities": _check_quantities,
    "opening": _check_registers,
    "closing": _check_registers,
    "rules": _check_rules,
    "template": _check_template,
    "month": _check_month,
    "quiet_from": _check_clock,
    "quiet_to": _check_clock,
    "working_day": _check_factors,
    "day_off": _check_factors,
    "capacitor_steps_kvar": _check_steps,
    "agreed_band_percent": _check_band,
    "interim_days": _check_interim_days,
    "settlement_day": _between(1, LAST_SETTLEMENT_DAY, "a day that every month has"),
    "power_factor_standard": _between(0.5, 1, "a power factor like 0.9"),
    "share": _between(0, 1, "a part of the month's energy"),
    "kwh_decimals": _between(0, MOST_DECIMALS, "a number of decimals"),
    "amount_decimals": _between(0, MOST_DECIMALS, "a number of decimals"),
}
"""What a value must be beyond its type, by field."""

_CONVERTERS: Mapping[object, Callable[[object], object]] = {
    str: to_text,
    MeterId: to_text,
    str | None: to_text,
    float: to_number,
    float | None: to_number,
    int: to_whole_number,
    int | None: to_whole_number,
    ZoneInfo: _zone,
    date: to_date,
    date | None: to_date,
    datetime: to_instant,
    datetime | None: to_instant,
    tuple[str, ...]: to_texts,
    tuple[int, ...]: _whole_numbers,
    tuple[float, ...]: _several,
    tuple[float, float] | None: _several,
    Mapping[str, str]: to_pairs,
    Mapping[str, float]: _numbers,
    bool: to_bool,
    Decimal: to_decimal,
    Decimal | None: to_decimal,
    tuple[date, ...]: to_dates,
    Period | None: to_one_of(Period),
    StepsOver: to_one_of(StepsOver),
    **TARIFF_PARTS,
    Wiring: to_one_of(Wiring),
    Role: to_one_of(Role),
    Sense: to_one_of(Sense),
    MemberRole: to_one_of(MemberRole),
    SuspensionKind: to_one_of(SuspensionKind),
    BasicCharge | None: to_one_of(BasicCharge),
    PointClass | None: to_one_of(PointClass),
    MeteringSide | None: to_one_of(MeteringSide),
    ChannelKind: to_one_of(ChannelKind),
    Grade: to_one_of(Grade),
    Language: to_one_of(Language),
}
