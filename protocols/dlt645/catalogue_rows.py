"""What one row of the catalogue is: a family of identifiers, its codes, its fields, and what they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from pipeline.errors import ConfigError
from pipeline.events import EventKind
from pipeline.quantities import Quantity
from protocols.dlt645.values import Format, parse_format

PHASE_SUFFIXES: Final = ("_a", "_b", "_c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One code of an identifier that counts something: rates, phases, settlement days."""

    name: str
    suffixes: Mapping[int, str | None]
    """What each code adds to the name of the quantity; None where no quantity exists."""
    block: int | None
    """The code that stands for all of them."""
    periods: Mapping[int, int] = field(default_factory=dict)
    """How many settlement periods (结算周期) or months ago each code is; empty for axes without time."""


def _axis(
    name: str,
    codes: Sequence[int],
    named: Sequence[str] = (),
    block: int | None = 0xFF,
    *,
    back: bool = False,
) -> Axis:
    suffixes = {code: named[i] if i < len(named) else None for i, code in enumerate(codes)}
    periods = {code: i for i, code in enumerate(codes)} if back else {}
    return Axis(name=name, suffixes=suffixes, block=block, periods=periods)


_RATES: Final = ("", "_t1", "_t2", "_t3", "_t4", "_t5", "_t6")


AXES: Final[Mapping[str, Axis]] = {
    axis.name: axis
    for axis in (
        _axis("rate", range(0x40), _RATES),
        _axis("rate97", range(0x0F), _RATES, block=0x0F),
        _axis("settlement", range(0x0D), [""] * 0x0D, back=True),
        _axis("month", range(0x0D), [""] * 0x0D, block=None, back=True),
        # 1997 counts the months in bits 3 and 2 of a digit whose bits 1 and 0 say active or reactive.
        _axis("active97", (0, 4, 8), [""] * 3, block=None, back=True),
        _axis("reactive97", (1, 5, 9), [""] * 3, block=None, back=True),
        _axis("phase", range(1, 4), PHASE_SUFFIXES),
        _axis("total_phase", range(4), ("", *PHASE_SUFFIXES)),
        _axis("phase97", range(1, 4), PHASE_SUFFIXES, block=0x0F),
        _axis("total_phase97", range(4), ("", *PHASE_SUFFIXES), block=0x0F),
        _axis("order", range(1, 0x16)),
        _axis("word", range(1, 8)),
        _axis("number", range(1, 0xFF), block=None),
        _axis("six", range(1, 7), block=None),
        _axis("eight", range(1, 9), block=None),
        _axis("fourteen", range(1, 0x0F), block=None),
        _axis("zone97", range(1, 0x0F), block=0x0F),
        _axis("record10", range(1, 11), block=None),
        _axis("class10", range(1, 11), block=None),
        # Freezes have a time of their own, so that their values become quantities.
        *(
            _axis(f"last{count}", range(1, count + 1), [""] * count, block=None)
            for count in (2, 3, 12, 62, 254)
        ),
    )
}
"""The axes that rows may name. FF in two places at once is not answered for."""

Token: TypeAlias = int | tuple[int, ...] | Axis
Entry: TypeAlias = Mapping[str, Any]  # Any: one TOML table, checked where it is read


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field of a row, the same in each of its elements."""

    name: str
    zh: str
    form: Format
    unit: str
    quantity: str = ""
    """A template with {} for the axes' suffixes; empty for what becomes no quantity."""
    bits: str = ""
    """The table of ``bits.toml`` that names its bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the catalogue: a family of identifiers."""

    tokens: tuple[Token, ...]
    name: str
    zh: str
    parts: tuple[Part, ...]
    spectrum: Quantity | None = None
    """The quantity that a whole block becomes, as one tuple."""
    repeat: Axis | None = None
    """The axis along which the fields repeat without being a block (freezes carry total and rates)."""
    event: EventKind | None = None
    """What happened, for the records and counters of events (事件记录)."""
    writable: bool = False
    """A parameter that function 14 sets."""
    source: str
    to_confirm: str = ""
    """What of it no source at hand says."""


def parse_row(entry: Entry, where: str) -> Row:
    """Understand one ``[[item]]``.

    Raises:
        ConfigError: If a key is missing or a value does not fit; names file and identifier.
    """
    try:
        return Row(
            tokens=parse_tokens(entry["di"]),
            name=entry["name"],
            zh=entry["zh"],
            parts=_parts(entry),
            spectrum=Quantity(entry["spectrum"]) if "spectrum" in entry else None,
            repeat=AXES[entry["repeat"]] if "repeat" in entry else None,
            writable=entry.get("writable", False),
            source=entry["source"],
            to_confirm=entry.get("to_confirm", ""),
        )
    except (KeyError, ValueError) as error:
        raise ConfigError(f"{where}, identifier {entry.get('di')!r}: {error}") from error


def _parts(entry: Entry) -> tuple[Part, ...]:
    formats = tuple(parse_format(notation) for notation in entry["format"])
    count = len(formats)
    columns = {
        key: tuple(entry.get(key, ())) * (count if len(entry.get(key, ())) == 1 else 1) or ("",) * count
        for key in ("unit", "quantity", "fields", "fields_zh", "bits")
    }
    wrong = sorted(key for key, column in columns.items() if len(column) != count)
    if wrong or "unit" not in entry:
        raise ValueError(f"{', '.join(wrong) or 'unit'} must have one entry, or {count} as format has")
    return tuple(
        Part(
            name=name or entry["name"],
            zh=zh or entry["zh"],
            form=form,
            unit=unit,
            quantity=quantity,
            bits=bits,
        )
        for form, unit, quantity, name, zh, bits in zip(formats, *columns.values(), strict=True)
    )


def parse_tokens(text: str) -> tuple[Token, ...]:
    """Understand an identifier's pattern, such as ``00 01 rate settlement`` or ``00 15|29|3D 00 settlement``.

    Raises:
        ValueError: If a word is neither an axis nor hexadecimal.
    """
    return tuple(_token(word) for word in text.split())


def _token(word: str) -> Token:
    if word in AXES:
        return AXES[word]
    if "|" in word:
        return tuple(int(code, 16) for code in word.split("|"))
    return int(word, 16)
