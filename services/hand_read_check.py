"""Compares reads taken by hand with what the system read around them; a difference is a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from pipeline.hand_read_check import REACH, expected_register
from pipeline.intervals import most_per_hour
from pipeline.model import EVERYTHING, MeterId, Origin
from pipeline.quantities import Quantity
from pipeline.registry import Registry
from pipeline.shown_ratings import as_shown
from pipeline.timegrid import to_numpy
from storage.database import Connection
from storage.hand_reads import HandRead
from storage.readings import reading_series

RULE = "hand_read"
"""The rule of the findings, beside the sixteen of :mod:`pipeline.validation`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A register that cannot have been what somebody wrote down."""

    meter: MeterId
    taken_at: datetime
    quantity: Quantity
    expected: str
    came: str

    @property
    def shown(self) -> str:
        """The difference in one line."""
        at = self.taken_at.isoformat()
        return f"meter {self.meter} at {at}, {self.quantity}: expected {self.expected}, came {self.came}"


def differences(
    connection: Connection, registry: Registry, reads: Sequence[HandRead], primary: frozenset[str]
) -> list[Difference]:
    """Return where hand reads lie outside of what the reads around them allow.

    ``primary`` names the profiles that report primary values already.

    Raises:
        StorageError: If the database is away or refuses.
    """
    quantities = sorted({Quantity(name) for read in reads for name in read.registers})
    if not quantities:
        return []
    reach = timedelta(microseconds=int(REACH.astype("timedelta64[us]").astype(np.int64)))
    series = reading_series(
        connection,
        quantities,
        scope=EVERYTHING,
        starts_at=min(read.taken_at for read in reads) - reach,
        ends_at=max(read.taken_at for read in reads) + reach + timedelta(microseconds=1),
        meters=sorted({MeterId(read.meter) for read in reads}),
        origins=[origin for origin in Origin if origin is not Origin.MANUAL],
    )
    shown = as_shown(registry, primary).meter_by_id
    found = []
    for read in reads:
        meter = shown[MeterId(read.meter)]
        own = series.of(meter.id)
        for name, register in read.registers.items():
            quantity = Quantity(name)
            known = np.isfinite(own.values[quantity])
            expected = expected_register(
                own.taken_at[known],
                own.values[quantity][known],
                to_numpy(read.taken_at),
                most_per_hour(meter) * meter.resolution,
            )
            if expected is not None and not expected.holds(register):
                found.append(
                    Difference(
                        meter=meter.id,
                        taken_at=read.taken_at,
                        quantity=quantity,
                        expected=f"{expected.low:.10g} to {expected.high:.10g} {quantity.unit}",
                        came=f"{register:.10g} {quantity.unit}",
                    )
                )
    return found
