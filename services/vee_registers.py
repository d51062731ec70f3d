"""Registers at instants at which nobody read them, such as a settlement day's midnight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from pipeline.block import Times
from pipeline.errors import DataError
from pipeline.intervals import counts_of, full_scale, most_per_hour
from pipeline.model import DOUBTED, EVERYTHING, MeterId
from pipeline.register_estimates import LONGEST, EstimatedRegister, RegisterReads, register_at
from pipeline.register_falls import sound_readings
from pipeline.registry import Meter, Registry
from pipeline.scalar_estimation import Counts
from pipeline.shown_ratings import as_shown
from pipeline.timegrid import local_clock, slot_grid, slot_start, to_numpy
from services.derive import MINUTES, REGISTERS
from services.vee_policies import Slots, policies
from storage.database import Connection
from storage.finals import settled_series
from storage.intervals import IntervalColumns
from storage.matrices import ratio_factors
from storage.readings import ReadingSeries, reading_series


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAt:
    """What a meter's register showed, on its own side."""

    meter: MeterId
    at: datetime
    energy: str
    """The interval's energy that the register counts."""
    register: float | None
    """kWh or kvarh; None where no rule has an answer."""
    method: str
    """``read``, a rule of :mod:`pipeline.register_estimates`, or empty."""


def registers_at(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    registry: Registry,
    *,
    at: datetime,
    meters: Sequence[MeterId],
    energy: str,
    primary: frozenset[str],
) -> list[RegisterAt]:
    """Return the register of each meter at ``at``: as read, else estimated by the first rule that can.

    Args:
        connection: The database.
        registry: The archive.
        at: The instant.
        meters: The meters.
        energy: Which energy's register, as ``import_kwh``.
        primary: The profiles that report primary values already.

    Raises:
        DataError: If there is no such energy, or no such meter.
        StorageError: If the database is away or refuses.
    """
    if energy not in REGISTERS:
        raise DataError(f"{energy!r} has no register; expected one of {', '.join(REGISTERS)}")
    unknown = [meter for meter in meters if meter not in registry.meter_by_id]
    if unknown:
        raise DataError(f"not in the archive: {', '.join(unknown)}. Next step: 'kilowatch registry import'")
    reach = timedelta(microseconds=int(LONGEST.astype(np.int64)))
    span = slot_start(at - reach, MINUTES * 60), at + reach
    series = reading_series(
        connection, [REGISTERS[energy]], scope=EVERYTHING, starts_at=span[0], ends_at=span[1], meters=meters
    )
    settled = settled_series(
        connection, scope=EVERYTHING, starts_at=span[0], ends_at=span[1], minutes=MINUTES, meters=meters
    )
    shown = as_shown(registry, primary).meter_by_id
    found = []
    for meter in meters:
        device = shown[meter]
        reads = register_reads(registry, device, (series, settled), (span[0], at, span[1]), (energy, primary))
        estimated = register_at(reads, to_numpy(at))
        found.append(
            RegisterAt(
                meter=meter,
                at=at,
                energy=energy,
                register=None
                if estimated is None
                else round(shown_counts(device, reads, estimated) * device.resolution, 6),
                method="" if estimated is None else estimated.method,
            )
        )
    return found


def register_reads(
    registry: Registry,
    meter: Meter,
    given: tuple[ReadingSeries, IntervalColumns],
    span: tuple[datetime, datetime, datetime],
    register: tuple[str, frozenset[str]],
) -> RegisterReads:
    """Return what is known of one register of one meter, for ``register_at``.

    Doubted readings stand for none. A roll-over is unrolled: counts grow past the register's scale. Where
    something happened to the register around the instant, the last read before it is all that is known.

    Args:
        registry: The archive.
        meter: The meter, with its ratings on the side of its registers.
        given: Readings, and intervals of :data:`~services.derive.MINUTES`.
        span: The first instant, the one at which the register is wanted, and the last.
        register: Which energy's register, and the profiles that report primary values already.
    """
    (energy, primary), (series, settled) = register, given
    own = series.of(meter.id)
    values = own.values[REGISTERS[energy]]
    known = np.isfinite(values) & ((own.quality & int(DOUBTED)) == 0)
    times, first = np.unique(own.taken_at[known], return_index=True)
    counts = counts_of(values[known][first], meter.resolution)
    taken_at, counts = _undisturbed(meter, times, counts, to_numpy(span[1]))
    grid = slot_grid(span[0], span[2], MINUTES)
    step = ratio_factors(registry, [meter.id], grid, primary)[0] * meter.resolution
    amounts = np.full(len(grid), np.nan)
    mine = np.array([name == meter.id for name in settled.meters], dtype=np.bool_)
    slots = ((settled.starts_at[mine] - grid[0]) // np.timedelta64(MINUTES, "m")).astype(np.int64)
    amounts[slots] = settled.energies[energy][mine]
    point = next((i.service_point for i in registry.installations if i.meter == meter.id), None)
    day, minute_of_day = local_clock(grid, registry.zone_of(point))
    filed = policies(registry, {meter.id: 0}, Slots(starts_at=grid, day=day, minute_of_day=minute_of_day))
    return RegisterReads(
        taken_at=taken_at,
        counts=counts,
        slots_at=grid,
        slot_minutes=MINUTES,
        slot_counts=amounts / step,
        factors=None if filed.profile is None else filed.profile[0],
    )


def shown_counts(meter: Meter, reads: RegisterReads, estimated: EstimatedRegister) -> int:
    """Return the counts that a register shows: where reads lie within its scale, it begins at zero beyond."""
    scale = full_scale(meter.digits, meter.resolution)
    passed = estimated.counts >= scale > reads.counts.min()
    return estimated.counts - scale if passed else estimated.counts


def _undisturbed(meter: Meter, times: Times, counts: Counts, at: np.datetime64) -> tuple[Times, Counts]:
    """Return the sound readings around an instant between which the register only counted.

    Counts are those of the last of them before it; what rolled over earlier lies below zero, later above the
    scale.
    """
    if not len(times):
        return times, counts
    sound = sound_readings(
        times,
        counts,
        np.zeros(len(times), dtype=np.int64),
        full_scale=full_scale(meter.digits, meter.resolution),
        most_per_hour=most_per_hour(meter),
    )
    after = int(np.searchsorted(sound.taken_at, at, side="right"))
    before = max(after - 1, 0)
    kept = sound.segment == sound.segment[before]
    broken = after < len(kept) and not kept[after]
    if broken and sound.taken_at[before] != at:
        kept = np.arange(len(kept)) == before
    read = int(counts[np.searchsorted(times, sound.taken_at[before])])
    return sound.taken_at[kept], sound.counts[kept] - (sound.counts[before] - read)
