"""Energy of service points and totalising groups from final intervals; mains against check meters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.model import MeterId
from pipeline.point_energy import Compared, Member, compare_main_and_check, total_energy
from pipeline.registry import Installation, Registry, Role
from pipeline.timegrid import touch
from pipeline.vee_records import Sense, TotalMember
from pipeline.vee_window import Floats, VeeWindow


class LinedUp(Protocol):
    """Meters and slots of something lined up: a window or a matrix."""

    @property
    def meters(self) -> Sequence[MeterId]:
        """The rows."""
        ...

    @property
    def starts_at(self) -> Times:
        """The slots."""
        ...

    @property
    def minutes(self) -> int:
        """Their length."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PointEnergy:
    """One service point or totalising group; arrays of shape (slots,)."""

    kind: str = "service_point"
    """Or ``total``."""
    name: str
    starts_at: Times
    kwh: Floats
    quality: NDArray[np.str_]

    @property
    def known_kwh(self) -> float:
        """Sum of the slots that are not missing."""
        return float(np.nansum(self.kwh))

    @property
    def missing(self) -> int:
        """How many slots are missing."""
        return int(np.isnan(self.kwh).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPoint:
    """A service point whose main and check meter were compared."""

    service_point: str
    main: MeterId
    check: MeterId
    compared: Compared


def point_energies(
    registry: Registry, window: LinedUp, kwh: Floats, quality: NDArray[np.str_]
) -> list[PointEnergy]:
    """Return the energy of every service point that has a main meter in ``window``.

    ``kwh`` and ``quality`` are the final intervals of the window's meters. The slot of a meter change adds up
    the parts of both meters, each known up to its closing or from its opening register.
    """
    row_of = {meter: row for row, meter in enumerate(window.meters)}
    found = []
    for point, placed in _by_point(registry, row_of).items():
        if not any(i.role is Role.MAIN for i in placed):
            continue
        members = [
            Member(
                kwh=kwh[row_of[i.meter]],
                quality=quality[row_of[i.meter]],
                sign=-1 if i.role is Role.SUBTRACT else 1,
                counts=_touched(i, window),
            )
            for i in placed
            if i.role is not Role.CHECK
        ]
        total, letters = total_energy(members)
        mains = np.any([_touched(i, window) for i in placed if i.role is Role.MAIN], axis=0)
        found.append(
            PointEnergy(
                name=point,
                starts_at=window.starts_at,
                kwh=np.where(mains, total, np.nan),
                quality=np.where(mains, letters, "N"),
            )
        )
    return found


def total_energies(
    registry: Registry, lined_up: LinedUp, kwh: Floats, quality: NDArray[np.str_]
) -> list[PointEnergy]:
    """Return the energy of the totalising groups (总加组) all of whose meters are there.

    A slot in which a member belongs to the group for a part only counts with all of its energy.
    """
    row_of = {meter: row for row, meter in enumerate(lined_up.meters)}
    members: dict[str, list[TotalMember]] = defaultdict(list)
    for member in registry.total_members:
        members[member.total].append(member)
    found = []
    for name, group in sorted(members.items()):
        if any(member.meter not in row_of for member in group):
            continue
        total, letters = total_energy(
            [
                Member(
                    kwh=kwh[row_of[m.meter]],
                    quality=quality[row_of[m.meter]],
                    sign=-1 if m.sense is Sense.SUBTRACT else 1,
                    counts=_touched(m, lined_up),
                )
                for m in group
            ]
        )
        found.append(
            PointEnergy(kind="total", name=name, starts_at=lined_up.starts_at, kwh=total, quality=letters)
        )
    return found


def checked_points(registry: Registry, window: VeeWindow) -> list[CheckedPoint]:
    """Compare each main meter with each check meter beside it, over the raw slots that both measured.

    Slots with several main meters are left out: nobody has filed which of them the check meter stands beside.
    """
    row_of = {meter: row for row, meter in enumerate(window.meters)}
    actual = window.quality == "A"
    found = []
    for point, placed in _by_point(registry, row_of).items():
        mains = [i for i in placed if i.role is Role.MAIN]
        alone = np.sum([_touched(i, window) for i in mains], axis=0) == 1
        for main, check in product(mains, (i for i in placed if i.role is Role.CHECK)):
            rows = row_of[main.meter], row_of[check.meter]
            both = (
                alone & _touched(main, window) & _touched(check, window) & actual[rows[0]] & actual[rows[1]]
            )
            compared = compare_main_and_check(
                np.where(both, window.kwh[rows[0]], np.nan),
                window.kwh[rows[1]],
                steps_kwh=float(window.step_kwh[rows[0]] + window.step_kwh[rows[1]]),
            )
            if compared is not None:
                pair = CheckedPoint(
                    service_point=point, main=main.meter, check=check.meter, compared=compared
                )
                found.append(pair)
    return found


def _by_point(registry: Registry, row_of: dict[MeterId, int]) -> dict[str, list[Installation]]:
    """Return the installations of each point of which the window has every meter but check meters."""
    placed: dict[str, list[Installation]] = defaultdict(list)
    absent: set[str] = set()
    for installation in registry.installations:
        point = installation.service_point
        if point is None:
            continue
        if installation.meter in row_of:
            placed[point].append(installation)
        elif installation.role is not Role.CHECK:
            absent.add(point)
    return {point: found for point, found in sorted(placed.items()) if point not in absent}


def _touched(placed: Installation | TotalMember, window: LinedUp) -> NDArray[np.bool_]:
    ends = window.starts_at + np.timedelta64(window.minutes, "m")
    return touch(window.starts_at, ends, placed.starts_at, placed.ends_at)
