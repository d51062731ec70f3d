"""Reads register maps of the mbmap library (format version 2, JSON)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from pipeline.errors import ConfigError
from protocols.modbus.importers.foreign import ForeignField, ForeignMap
from protocols.modbus.registers import TYPES

FUNCTIONS = {"holding": 3, "input": 4}
_LITTLE = {"little", "le", "swapped"}
_ORDERS = {(False, False): "ABCD", (False, True): "CDAB", (True, False): "BADC", (True, True): "DCBA"}
"""By whether bytes, and words, stand the low one first."""
_BASES = (0, 1)
_UNDERSTOOD = frozenset({
    "name", "area", "address", "type", "scale", "unit", "access", "description", "length", "group",
    "byte_order", "word_order",
})  # fmt: skip
"""Keys that a value can be read with. Others (offset, enum, sentinels, dynamic scale ...) change what a value
means, so a register that has them is left to a person."""

_Table = Mapping[str, Any]  # Any: straight from JSON, checked where it is read


def parse_mbmap(text: str, source: str) -> ForeignMap:
    """Return the register map in ``text``.

    Args:
        text: The JSON text.
        source: What to call the file.

    Raises:
        ConfigError: If it is not JSON or not a register map; names the register.
    """
    try:
        table = _object(json.loads(text))
        base = _base(table.get("address_base", 0))
        fields = tuple(_field(table, entry, at) for at, entry in enumerate(table["registers"], start=1))
        most = table.get("max_read_registers")
    except RecursionError as error:
        raise ConfigError(f"{source}: nested too deeply") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise ConfigError(f"{source}: {error}") from error
    return ForeignMap(
        name=str(table.get("model", "")),
        vendor=str(table.get("vendor", "")),
        models=_models(table),
        firmware=str(table.get("firmware", "")) if isinstance(table.get("firmware"), str) else "",
        source=_source(table, source),
        address_base=base,
        max_registers=most if isinstance(most, int) and not isinstance(most, bool) else None,
        fields=fields,
    )


def _object(table: object) -> _Table:
    if isinstance(table, Mapping) and isinstance(table.get("registers"), list):
        return table
    raise TypeError('an mbmap is an object with "registers", a list')


def _base(base: object) -> int:
    if isinstance(base, int) and not isinstance(base, bool) and base in _BASES:
        return base
    raise ValueError(f"address_base is 0 or 1, not {base!r}")


def _models(table: _Table) -> tuple[str, ...]:
    models = table.get("models")
    listed = models if isinstance(models, list) else []
    return tuple(dict.fromkeys(str(model) for model in (table.get("model"), *listed) if model))


def _source(table: _Table, source: str) -> str:
    given = table.get("source") or table.get("sources") or ""
    texts = given if isinstance(given, list) else [given]
    told = "; ".join(str(text) for text in texts if text)
    revision = f", revision {table['revision']}" if table.get("revision") else ""
    return f"mbmap {source}{revision}" + (f", after {told}" if told else "")


def _field(table: _Table, entry: object, at: int) -> ForeignField:
    place = f"register {at}"
    if not isinstance(entry, Mapping):
        raise TypeError(f"{place}: a register is an object, not {entry!r}")
    name = str(entry.get("name", ""))
    place = f"{place} ({name})"
    kind = str(entry.get("type", "")).lower()
    scale = entry.get("scale", 1.0)
    function = FUNCTIONS.get(str(entry.get("area", "holding")).lower())
    return ForeignField(
        place=place,
        name=name,
        function=function,
        address=_address(entry.get("address"), place),
        type=kind if kind in TYPES else "",
        word_order=_word_order({**table, **entry}, place),
        scale=float(scale) if _is_number(scale) else 1.0,
        unit=str(entry.get("unit") or ""),
        note=_against(entry, function, kind),
    )


def _against(entry: _Table, function: int | None, kind: str) -> str:
    """Return why a register cannot be taken over as it stands."""
    others = sorted(key for key in set(entry) - _UNDERSTOOD if entry[key] not in (None, "", [], {}))
    if function is None:
        return f"area {entry.get('area')} is no register"
    if kind not in TYPES:
        return f"type {kind or 'missing'} is none of ours"
    if "r" not in str(entry.get("access", "r")).lower():
        return "it can only be written"
    if not _is_number(entry.get("scale", 1.0)):
        return f"scale {entry.get('scale')!r} is no number"
    return f"it has {', '.join(others)}, which a profile does not know" if others else ""


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value != 0
    )


def _address(value: object, place: str) -> int:
    if isinstance(value, str):
        return int(value, 0)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(f"{place}: address is a number, not {value!r}")


def _word_order(table: _Table, place: str) -> str:
    told = [str(table.get(key, "big")).lower() for key in ("byte_order", "word_order")]
    for key, order in zip(("byte_order", "word_order"), told, strict=True):
        if order not in _LITTLE | {"big", "be"}:
            raise ValueError(f"{place}: {key} is big or little, not {order!r}")
    byte, word = (order in _LITTLE for order in told)
    return _ORDERS[byte, word]
