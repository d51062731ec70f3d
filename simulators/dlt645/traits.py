"""In what a simulated DL/T 645 meter differs from the standard or from its neighbours, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJump:
    """A moment at which a meter's clock leaps."""

    at: datetime
    """True time, aware."""
    by_s: float
    """Forward when above 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """In what a meter differs from the standard or from its neighbours."""

    preamble: int = 4
    """FE bytes before an answer, 0 to 4."""
    clock_offset_s: float = 0.0
    """Meter minus true time when its memory begins."""
    clock_drift_s_per_day: float = 0.0
    """How fast that grows."""
    clock_jumps: tuple[ClockJump, ...] = ()
    refuses_blocks: bool = False
    """Answers single identifiers only."""
    echoes_wildcard: bool = False
    """Answers with the asked AA address instead of its own."""
    answers_broadcast: bool = False
    """Answers reads sent to 99..99, as captured meters of 1997 do."""
    tenths_of_volts: bool = False
    """A meter of 1997 that shows XXX.X V where the standard has whole volts; some makers do."""
    trailing_aa: bool = False
    """Closes blocks with AA."""
    refuses_following: bool = False
    """Says that more frames follow (D5) and then refuses to send them."""
    wrong_sequence: bool = False
    """Numbers each following frame one too high."""
    reports_status: bool = False
    """Answers every second read with 04001501 until 04001503 was written (State Grid, event pending)."""
    refuses_load_records: bool = False
    refuses_freezes: bool = False
    missing_freezes: frozenset[date] = frozenset()
    """Local days at whose beginning it had no power."""
    boot_zero_s: float = 0.0
    """Its registers read 0 for so long after power returns."""
    event_delay_s: float = 60.0
    """What is wrong for less is no event; firmware has 60 s for nearly all of them. A power-down has none."""
    register_digits: int = 8
    """Digits of an energy register, two of them decimals; then it begins at 0 again."""
    needs_programming_key: bool = False
    """Refuses protected orders unless the key (编程键) under its cover is held; newer meters waive it."""
    wrong_passwords: int = 3
    """So many wrong passwords lock the meter. [MEM]"""
    lock_hours: float = 24.0
    """For so long. [MEM]"""
    status_words: tuple[int, ...] = (0, 0, 0, 0, 0, 0, 0)
    """Bits that are set whatever happens."""


STANDARD = Traits()
