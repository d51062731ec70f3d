"""Where registers do not go on from where they stood: resets, swaps, jumps and dips, told apart (示度)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.intervals import counts_of, full_scale
from pipeline.quantities import Quantity
from pipeline.register_falls import HIDING, RegisterEvent, SoundReadings, sound_readings
from pipeline.registry import Meter

USUAL_TIMES = 2.0
"""A reset register shows no more than so many times what it has ever counted in as long a time."""
ALONE_SHARE = 0.25
"""A jump stands alone: before and after it the register grows at less than this share of its pace."""
RESET, SWAP, JUMP, DIP = "reset", "swap", "jump", "dip"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One register that did not go on; values in kWh or kvarh on the meter's side."""

    quantity: Quantity
    kind: str
    """``reset`` to zero, ``swap`` to another level, ``jump`` upwards, or a ``dip`` that came back."""
    before: float
    after: float
    confirmed: float
    begins: np.datetime64
    """Time of the last reading before, of the reading that shows it, and of the one that confirms it."""
    ends: np.datetime64
    """For a dip: of the reading that is right again."""
    confirmed_at: np.datetime64
    following: int
    """Readings after it that go on from it."""


def suspects(column: Floats, most_kwh: Floats, trigger: Floats) -> list[int]:
    """Return the rows in which a register fell, or grew by more than ``most_kwh`` from a slot to the next.

    Both limits have shape (meters, 1), the trigger may have (meters, slots).
    """
    highest = np.fmax.accumulate(column, axis=1)
    strange = (highest - column > trigger).any(axis=1)
    strange |= (np.diff(highest, axis=1) > most_kwh).any(axis=1)
    return np.flatnonzero(strange).tolist()


def breaks_of(
    taken_at: Times, column: Floats, quantity: Quantity, meter: Meter, most_kw: float
) -> list[Break]:
    """Return where one register of a meter began anew, oldest first.

    Args:
        taken_at: When it was read.
        column: What it showed; missing values, and what no register of its digits can show, are left out.
        quantity: What it counts.
        meter: Digits and step of the register.
        most_kw: The fastest it can grow, on the meter's side.
    """
    known = np.flatnonzero(np.isfinite(column))
    counts = counts_of(column[known], meter.resolution)
    scale = full_scale(meter.digits, meter.resolution)
    possible = (counts >= 0) & (counts < scale)
    known, counts = known[possible], counts[possible]
    sound = sound_readings(
        taken_at[known],
        counts,
        np.zeros(len(counts), dtype=np.int64),
        full_scale=scale,
        most_per_hour=most_kw / meter.resolution,
    )
    found = [
        _break(sound, event, quantity, meter)
        for event in sound.events
        if event.kind in HIDING and _following(sound, event) and not _runs_away(sound, event)
    ]
    return list(_with_dips(found, most_kw))


def together(found: Sequence[Break], minutes: float) -> Iterator[list[Break]]:
    """Yield what happened to the registers of a meter within so many minutes, the active import first."""
    group: list[Break] = []
    for entry in sorted(found, key=lambda b: b.begins):
        if group and entry.begins - group[0].begins > np.timedelta64(round(minutes * 60_000_000), "us"):
            yield sorted(group, key=_place)
            group = []
        group.append(entry)
    if group:
        yield sorted(group, key=_place)


def _place(entry: Break) -> int:
    return list(Quantity).index(entry.quantity)


def _following(sound: SoundReadings, event: RegisterEvent) -> int:
    place = int(np.searchsorted(sound.taken_at, event.at))
    return int((sound.segment[place + 1 :] == sound.segment[place]).sum())


def _runs_away(sound: SoundReadings, event: RegisterEvent) -> bool:
    """Tell whether a register that grew too fast did so before or after as well: that is no other meter."""
    place = int(np.searchsorted(sound.taken_at, event.at))
    if event.after < event.before:
        return False
    near = slice(max(place - 2, 0), place + 2)
    hours = np.diff(sound.taken_at[near]) / np.timedelta64(3_600_000_000, "us")
    paces = np.diff(sound.counts[near]) / hours
    jump = place - 1 - max(place - 2, 0)
    return bool((np.delete(paces, jump) > ALONE_SHARE * paces[jump]).any())


def _break(sound: SoundReadings, event: RegisterEvent, quantity: Quantity, meter: Meter) -> Break:
    place = int(np.searchsorted(sound.taken_at, event.at))
    fell = event.after < event.before
    kind = (RESET if _is_from_zero(sound, place, event) else SWAP) if fell else JUMP
    # Unrolled counts of a register that rolled over in between are brought back into its range.
    shown = int(sound.counts[place + 1]) % full_scale(meter.digits, meter.resolution)
    return Break(
        quantity=quantity,
        kind=kind,
        before=event.before * meter.resolution,
        after=event.after * meter.resolution,
        confirmed=shown * meter.resolution,
        begins=sound.taken_at[place - 1],
        ends=event.at,
        confirmed_at=sound.taken_at[place + 1],
        following=_following(sound, event),
    )


def _is_from_zero(sound: SoundReadings, place: int, event: RegisterEvent) -> bool:
    """Tell whether a register can have counted from zero to where it stands, at the pace that it had."""
    hours = np.diff(sound.taken_at) / np.timedelta64(3_600_000_000, "us")
    same = np.diff(sound.segment) == 0
    pace = float(np.max(np.diff(sound.counts)[same] / hours[same], initial=0.0))
    return event.after <= USUAL_TIMES * pace * float(hours[place - 1]) + 1.0


def _with_dips(found: Sequence[Break], most_kw: float) -> Iterator[Break]:
    """Yield the breaks with each fall that a jump takes back as one dip."""
    waiting: Break | None = None
    for entry in found:
        if waiting is not None and entry.kind == JUMP and _takes_back(waiting, entry, most_kw):
            yield replace(
                waiting, kind=DIP, ends=entry.ends, confirmed=entry.after, confirmed_at=entry.confirmed_at
            )
            waiting = None
            continue
        if waiting is not None:
            yield waiting
        waiting = entry
    if waiting is not None:
        yield waiting


def _takes_back(fall: Break, rise: Break, most_kw: float) -> bool:
    hours = float((rise.ends - fall.begins) / np.timedelta64(3_600_000_000, "us"))
    return fall.kind != JUMP and 0 <= rise.after - fall.before <= most_kw * hours
