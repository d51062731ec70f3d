"""Writes a foreign register list as a profile: what is understood as points, the rest as lines to fill in."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.quantities import Quantity
from protocols.modbus.driver import MOST_REGISTERS
from protocols.modbus.importers.foreign import ForeignField, ForeignMap
from protocols.modbus.importers.names import Meaning, has_other_phases, meaning_of
from protocols.profile import LAST_ADDRESS, Side

LEAST_REGISTERS = 4
PLACEHOLDER = "?"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A profile's text and how far it got."""

    text: str
    points: int
    """Registers taken over."""
    open: tuple[str, ...]
    """What is left to a person, and why."""


def profile_text(
    foreign: ForeignMap, side: Side, *, today: str, assumed: Mapping[str, str] | None = None
) -> Written:
    """Return the profile of a register list.

    Args:
        foreign: The list.
        side: The side of the instrument transformers that a person says the values are on.
        today: The day of the import, ISO 8601, for the source line.
        assumed: The units of lists that have none, by our unit: ``{"kW": "W"}``.
    """
    one_phase = not has_other_phases([field.name for field in foreign.fields])
    points: dict[Quantity, str] = {}
    left: list[tuple[str, str]] = []
    for field in foreign.fields:
        against = field.note or _out_of_range(field, foreign.address_base)
        meaning = against or meaning_of(field.name, field.unit, one_phase=one_phase, assumed=assumed)
        if isinstance(meaning, Meaning) and meaning.quantity in points:
            meaning = f"{meaning.quantity} is taken by a register before"
        if isinstance(meaning, Meaning):
            points[meaning.quantity] = _point(meaning.quantity.value, field, field.scale * meaning.factor)
        else:
            left.append((_point(PLACEHOLDER, field, field.scale), f"{field.name or field.place}: {meaning}"))
    return Written(
        text="\n".join([*_head(foreign, side, today, left), *_points(points), *_left(left), *_tail(foreign)]),
        points=len(points),
        open=tuple(_plain(why) for _, why in left),
    )


def _out_of_range(field: ForeignField, base: int) -> str:
    if not base <= field.address <= LAST_ADDRESS + base:
        return f"address {field.address} is no register"
    return "" if math.isfinite(field.scale) and field.scale else f"scale {field.scale:g} is none"


def _head(foreign: ForeignMap, side: Side, today: str, left: Sequence[tuple[str, str]]) -> list[str]:
    name = foreign.name or "imported meter"
    count = "1 register is" if len(left) == 1 else f"{len(left)} registers are"
    still = f"{count} left to you, at the end of points." if left else "Every register was understood."
    return [
        f"# {_plain(name)}, imported. {still}",
        "# To be confirmed with the meter: the side (the registry's ratio applies to secondary ones),",
        "# the wirings of each point, and a probe.",
        "",
        *([f"vendor = {_quoted(foreign.vendor)}"] if foreign.vendor else []),
        *(
            [f"models = [{', '.join(map(_quoted, foreign.models))}]"]
            if foreign.vendor and foreign.models
            else []
        ),
        *([f"firmware = {_quoted(foreign.firmware)}"] if foreign.firmware else []),
        f"description = {_quoted(name)}",
        'protocol = "modbus"',
        f'side = "{side.value}"',
        'trust = "documented"',
        f"source = {_quoted(f'{foreign.source}, imported {today}')}",
        *([f"address_base = {foreign.address_base}"] if foreign.address_base else []),
        "",
    ]


def _points(points: Mapping[Quantity, str]) -> list[str]:
    return ["points = [", *(f"    {point}," for point in points.values())]


def _left(left: Sequence[tuple[str, str]]) -> list[str]:
    """Return a comment for each open register, which a person turns into a point."""
    if not left:
        return ["]", ""]
    return [
        "    # Left to you: put a quantity for the question mark and take the number sign away, or leave it.",
        *(f"    # {point}, # {_plain(why)}" for point, why in left),
        "]",
        "",
    ]


def _tail(foreign: ForeignMap) -> list[str]:
    most = foreign.max_registers
    options = most is not None and LEAST_REGISTERS <= most <= MOST_REGISTERS
    return [
        "[defaults]",
        "single_source = true",
        "",
        *(["[options]", f"max_registers = {most}", ""] if options else []),
    ]


def _point(quantity: str, field: ForeignField, scale: float) -> str:
    parts = [
        f'quantity = "{quantity}"',
        f"address = {field.address}",
        f"function = {field.function}" if field.function else "",
        f"type = {_quoted(field.type)}" if field.type else "",
        f'word_order = "{field.word_order}"' if field.word_order != "ABCD" else "",
        f"scale = {scale:.12g}" if scale != 1 else "",
    ]
    return "{ " + ", ".join(filter(None, parts)) + " }"


def _plain(text: str) -> str:
    return _UNSAFE.sub(" ", text)


def _quoted(text: str) -> str:
    """Return a TOML string; JSON's escapes are TOML's once control characters are gone."""
    return json.dumps(_plain(text), ensure_ascii=False)
