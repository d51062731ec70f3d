"""The seven status words (运行状态字) of a simulated meter, State Grid's bits, out of what is so now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.events import EventKind
from pipeline.quantities import Quantity
from simulators.dlt645.conditions import Condition

WORDS: Final = 7
PHASE_BITS: Final = (
    # Words 4, 5 and 6: bit 0 on.
    EventKind.VOLTAGE_LOSS,
    EventKind.UNDERVOLTAGE,
    EventKind.OVERVOLTAGE,
    EventKind.CURRENT_LOSS,
    EventKind.OVERCURRENT,
    EventKind.OVERLOAD,
    EventKind.REVERSE_FLOW,
    EventKind.PHASE_BREAK,
    EventKind.CURRENT_BREAK,
)
COMMON_BITS: Final = (
    # Word 7: bit 0 on.
    EventKind.VOLTAGE_REVERSE_SEQUENCE,
    EventKind.CURRENT_REVERSE_SEQUENCE,
    EventKind.VOLTAGE_UNBALANCE,
    EventKind.CURRENT_UNBALANCE,
    EventKind.AUXILIARY_SUPPLY_LOSS,
    EventKind.POWER_DOWN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterState:
    """What the words tell besides what is wrong on the terminals."""

    zone_set: int
    period_set: int
    is_relay_open: bool
    is_key_held: bool


def status_words(
    state: MeterState,
    shown: Mapping[Quantity, float],
    found: Collection[Condition],
    forced: Sequence[int],
) -> tuple[int, ...]:
    """Return words 1 to 7.

    Args:
        state: Of the meter.
        shown: What it measures now.
        found: What is wrong on its terminals.
        forced: Bits that are set whatever happens, by word.
    """
    words = [
        _bit(4, _is_outward(shown, "active_power")) | _bit(5, _is_outward(shown, "reactive_power")),
        sum(
            _bit(at, _is_outward(shown, f"active_power_{p}"))
            | _bit(at + 4, _is_outward(shown, f"reactive_power_{p}"))
            for at, p in enumerate("abc")
        ),
        _bit(0, state.period_set == 2)  # noqa: PLR2004 - the second set
        | _bit(3, state.is_key_held)
        | _bit(4, state.is_relay_open)
        | _bit(5, state.zone_set == 2),  # noqa: PLR2004 - the second set [MEM]
        *(sum(_bit(at, (kind, p) in found) for at, kind in enumerate(PHASE_BITS)) for p in "abc"),
        sum(_bit(at, (kind, "") in found) for at, kind in enumerate(COMMON_BITS)),
    ]
    return tuple(word | bits for word, bits in zip(words, forced, strict=True))


def _bit(at: int, is_set: bool) -> int:  # noqa: FBT001 - a bit
    return int(is_set) << at


def _is_outward(shown: Mapping[Quantity, float], name: str) -> bool:
    return shown.get(_QUANTITIES[name], 0.0) < 0


_QUANTITIES: Final = {
    f"{stem}{phase}": Quantity(f"{stem}{phase}")
    for stem in ("active_power", "reactive_power")
    for phase in ("", "_a", "_b", "_c")
}
