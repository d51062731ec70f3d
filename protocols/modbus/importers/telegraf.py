"""Reads the register lists of Telegraf's ``inputs.modbus``: the register, the request and the metric style.

Source: the plugin's documentation (plugins/inputs/modbus/README.md of influxdata/telegraf). In the register
style FIXED, UFIXED and FLOAT32 are whole numbers with a scale; in the other two FLOAT32 is IEEE 754.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.errors import ConfigError
from protocols.modbus.importers.foreign import ForeignField, ForeignMap

STYLES = ("register", "request", "metric")
WORD_ORDERS = {"AB": "ABCD", "BA": "DCBA", "ABCD": "ABCD", "CDAB": "CDAB", "BADC": "BADC", "DCBA": "DCBA"}
FUNCTIONS = {"holding": 3, "input": 4}
_WHOLE = {f"{sign}INT{bits}": f"{sign.lower()}int{bits}" for sign in ("", "U") for bits in (16, 32, 64)}
_IEEE = {"FLOAT32": "float32", "FLOAT64": "float64"}
_IEEE_IN_REGISTERS = {"FLOAT32-IEEE": "float32", "FLOAT64-IEEE": "float64"}
_FIXED = {"FIXED": "int", "UFIXED": "uint", "FLOAT32": "uint"}

_Table = Mapping[str, Any]  # Any: straight from TOML, checked where it is read


def parse_telegraf(text: str, source: str, *, device: str = "", unit: int | None = None) -> ForeignMap:
    """Return the register list of one device.

    Args:
        text: The configuration.
        source: What to call the file.
        device: The ``name`` of the plugin's block, where there are several.
        unit: The ``slave_id``, where a block asks several.

    Raises:
        ConfigError: If the text is not TOML, has no such block, or a field is not what the plugin takes.
    """
    try:
        block = _block(tomllib.loads(text), device)
        style = _style(block)
        found = list(_in_registers(block) if style == "register" else _in_requests(block, style))
        units = sorted({slave for slave, _ in found})
        chosen = _chosen(units, unit)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        told = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ConfigError(f"{source}: {told}") from error
    return ForeignMap(
        name=str(block.get("name", "")),
        source=f"Telegraf configuration {source}",
        fields=tuple(field for slave, field in found if slave == chosen),
    )


def _block(table: _Table, device: str) -> _Table:
    blocks = table.get("inputs", {}).get("modbus", [])
    if not isinstance(blocks, Sequence) or not blocks:
        raise ValueError("no [[inputs.modbus]] is in it")
    names = [str(block.get("name", "")) for block in blocks]
    fitting: list[_Table] = [b for b, name in zip(blocks, names, strict=True) if not device or name == device]
    if len(fitting) != 1:
        raise ValueError(f"{len(fitting)} of its devices fit; name one of {', '.join(names)} with --device")
    return fitting[0]


def _style(block: _Table) -> str:
    style = block.get("configuration_type", "register")
    if style in STYLES:
        return str(style)
    raise ValueError(f"configuration_type is one of {', '.join(STYLES)}, not {style!r}")


def _chosen(units: Sequence[int], unit: int | None) -> int:
    if not units:
        raise ValueError("it names no registers")
    if unit is None and len(units) > 1:
        raise ValueError(f"it asks the units {', '.join(map(str, units))}; name one with --unit")
    if unit is not None and unit not in units:
        raise ValueError(f"it does not ask unit {unit}, only {', '.join(map(str, units))}")
    return units[0] if unit is None else unit


_KINDS = {"holding_registers": 3, "input_registers": 4, "coils": None, "discrete_inputs": None}


def _in_registers(block: _Table) -> Iterator[tuple[int, ForeignField]]:
    slave = int(block.get("slave_id", 0))
    for key, function in _KINDS.items():
        for number, entry in enumerate(block.get(key, ()), start=1):
            addresses = [int(address) for address in entry["address"]]
            first = addresses[0] if addresses else 0
            written = str(entry.get("data_type", ""))
            field = _field(
                f"{key} entry {number}",
                entry,
                entry,
                function,
                first,
                _register_type(written, len(addresses)),
                written,
            )
            in_a_row = addresses == list(range(first, first + len(addresses)))
            yield slave, field if in_a_row else replace(field, note=f"registers {addresses} are not in a row")


def _register_type(kind: str, count: int) -> str:
    if kind in _FIXED:
        return f"{_FIXED[kind]}{16 * count}" if count in {1, 2, 4} else ""
    return (_WHOLE | _IEEE_IN_REGISTERS).get(kind, "")


def _in_requests(block: _Table, style: str) -> Iterator[tuple[int, ForeignField]]:
    for at, request in enumerate(block.get(style, ()), start=1):
        slave = int(request.get("slave_id", 0))
        for number, entry in enumerate(request.get("fields", ()), start=1):
            if entry.get("omit", False):
                continue
            # A metric names the kind of register with each field, a request once.
            register = (
                entry.get("register", "holding") if style == "metric" else request.get("register", "holding")
            )
            kind = str(entry.get("type", ""))
            place = f"{style} {at}, field {number}"
            ours = (_WHOLE | _IEEE).get(kind, "")
            yield (
                slave,
                _field(place, entry, request, FUNCTIONS.get(register), int(entry["address"]), ours, kind),
            )


def _field(  # noqa: PLR0913, PLR0917 - one row of a table
    place: str,
    entry: _Table,
    ordered: _Table,
    function: int | None,
    address: int,
    kind: str,
    written: str,
) -> ForeignField:
    """Return a field; ``ordered`` is the table that says its byte order."""
    order = str(ordered.get("byte_order", "ABCD"))
    if order not in WORD_ORDERS:
        raise ValueError(f"{place}: byte_order is one of {', '.join(WORD_ORDERS)}, not {order!r}")
    note = "" if kind else f"type {written or 'missing'} is none of ours"
    return ForeignField(
        place=place,
        name=str(entry["name"]),
        function=function,
        address=address,
        type=kind,
        word_order=WORD_ORDERS[order],
        scale=float(entry.get("scale", 1.0)),
        note=note if function else "one bit, no register",
    )
