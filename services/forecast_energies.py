"""The energies that a forecast stands on: of a meter, and of those at its service point before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from pipeline.block import MeterMatrix, Times
from pipeline.model import MeterId
from pipeline.registry import Installation, Registry, Role, in_force
from pipeline.timegrid import lie_in, to_numpy
from services.point_energies import point_energies

MISSING = "N"
"""The quality of a slot of which nothing is known."""


def point_alone(archive: Registry, meter: MeterId, at: datetime) -> str | None:
    """Return the service point that a meter alone measures at ``at``; None if there is none."""
    point = archive.service_point_of(meter, at)
    if point is None:
        return None
    here = {i.meter for i in _counted(archive, point) if in_force(i.starts_at, i.ends_at, at)}
    return point if here == {meter} else None


def is_gone(archive: Registry, meter: MeterId, at: datetime) -> bool:
    """Whether a meter was taken down for good before ``at``: nothing comes of it any more."""
    placed = archive.installations_by_meter.get(meter, ())
    return bool(placed) and all(i.ends_at is not None and i.ends_at <= at for i in placed)


def with_predecessors(archive: Registry, meters: Sequence[MeterId], at: datetime) -> list[MeterId]:
    """Return meters, and after them the others that ever counted at the service points they alone measure."""
    points = (point_alone(archive, meter, at) for meter in meters)
    before = (i.meter for point in points if point is not None for i in _counted(archive, point))
    return list(dict.fromkeys([*meters, *before]))


def joined(matrix: MeterMatrix, archive: Registry, at: datetime) -> MeterMatrix:
    """Return a matrix in which each meter has the energies of the service point where it hangs at ``at``.

    One that replaced others has theirs too, so that a swap (换表) costs neither the history nor the month's
    highest demand. Where a meter is deducted at the point, or one that hung there is not in the matrix, the
    meter's own energies stay. What a meter drew at another point before is that customer's, and left out.
    """
    of_point = {p.name: p for p in point_energies(archive, matrix, matrix.import_kwh, matrix.quality)}
    kwh, quality = matrix.import_kwh.copy(), matrix.quality.copy()
    for row, meter in enumerate(matrix.meters):
        point = archive.service_point_of(meter, at)
        if point is None:
            continue
        placed = _counted(archive, point)
        replaced = len({i.meter for i in placed}) > 1 and all(i.role is Role.MAIN for i in placed)
        if replaced and point in of_point and point_alone(archive, meter, at) is not None:
            kwh[row], quality[row] = of_point[point].kwh, of_point[point].quality
        else:
            elsewhere = ~_hung_throughout(archive, meter, point, matrix)
            kwh[row, elsewhere], quality[row, elsewhere] = np.nan, MISSING
    return replace(matrix, import_kwh=kwh, quality=quality)


def known_share(
    known: NDArray[np.bool_], starts_at: Times, minutes: int, span: tuple[datetime, datetime]
) -> float | None:
    """Return the share of a span's slots that are known; None where it has no slot."""
    begin, end = (to_numpy(instant) for instant in span)
    count = int((end - begin) / np.timedelta64(minutes * 60_000_000, "us"))
    inside = (starts_at >= begin) & (starts_at < end)
    return round(int((known & inside).sum()) / count, 6) if count > 0 else None


def _hung_throughout(archive: Registry, meter: MeterId, point: str, matrix: MeterMatrix) -> NDArray[np.bool_]:
    """Tell in which slots a meter hung at a point from their beginning to their end."""
    begins = matrix.starts_at
    ends = begins + np.timedelta64(matrix.minutes, "m")
    hung = np.zeros(len(begins), dtype=np.bool_)
    for placed in archive.installations_by_meter.get(meter, ()):
        if placed.service_point == point:
            hung |= lie_in(begins, ends, placed.starts_at, placed.ends_at)
    return hung


def _counted(archive: Registry, point: str) -> list[Installation]:
    return [i for i in archive.installations_of(point) if i.role is not Role.CHECK]
