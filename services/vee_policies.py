"""How each meter's gaps are to be estimated, slot by slot, as the archive has it for its point or class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.contracts import Contract
from pipeline.estimation import week_kind
from pipeline.model import MeterId
from pipeline.registry import Installation, Registry
from pipeline.timegrid import MINUTES_PER_DAY, begin_in
from pipeline.vee_records import Estimation, LoadProfile
from pipeline.vee_window import Floats, Mask

_SINCE_EVER = datetime.min.replace(tzinfo=UTC)
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """The slots of a window on the local clock."""

    starts_at: Times
    day: NDArray[np.int64]
    """Days since 1970."""
    minute_of_day: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What is filed for some meters; see the fields of the same names of ``VeeWindow``."""

    orders: Sequence[Sequence[str]] = ()
    order_of: NDArray[np.int64] | None = None
    profile: Floats | None = None
    temperature_c: Floats | None = None


def policies(registry: Registry, row_of: Mapping[MeterId, int], slots: Slots) -> Policies:
    """Return what is filed: for the point itself before its class, for its class before everybody.

    Of several alike the one that began last holds.
    """
    shape = len(row_of), len(slots.starts_at)
    placed = [i for i in registry.installations if i.meter in row_of]
    filed = _Filed(registry, placed, row_of, slots)
    temperature_c = filed.temperatures() if registry.temperatures else None
    if not registry.estimations:
        return Policies(temperature_c=temperature_c)
    profiles = {profile.id: profile for profile in registry.load_profiles}
    order_of, factors = np.full(shape, -1, dtype=np.int64), np.full(shape, np.nan)
    ranked = sorted(registry.estimations, key=_rank)
    for number, estimation in enumerate(ranked):
        cells = filed.cells(estimation)
        order_of[cells] = number
        profile = profiles.get(estimation.profile or "")
        of_day = np.full(shape[1], np.nan) if profile is None else _factors(profile, slots)
        factors[cells] = np.broadcast_to(of_day, shape)[cells]
    return Policies(
        orders=[estimation.rules for estimation in ranked],
        order_of=order_of,
        profile=factors if np.isfinite(factors).any() else None,
        temperature_c=temperature_c,
    )


class _Filed:
    """Which slots of which meters an entry of the archive is about."""

    def __init__(
        self,
        registry: Registry,
        placed: Sequence[Installation],
        row_of: Mapping[MeterId, int],
        slots: Slots,
    ) -> None:
        self._registry, self._row_of, self._slots = registry, row_of, slots
        self._shape = len(row_of), len(slots.starts_at)
        self._of_point: dict[str, list[Installation]] = defaultdict(list)
        for installation in placed:
            if installation.service_point is not None:
                self._of_point[installation.service_point].append(installation)
        self._contracts: dict[str, list[Contract]] = defaultdict(list)
        for contract in registry.contracts:
            if contract.category is not None and contract.service_point in self._of_point:
                self._contracts[contract.category].append(contract)

    def cells(self, estimation: Estimation) -> Mask:
        """Return the cells that an entry is about."""
        found = np.zeros(self._shape, dtype=np.bool_)
        if estimation.service_point is not None:
            self._at_point(found, estimation.service_point, self._inside(estimation))
        elif estimation.category is not None:
            for contract in self._contracts.get(estimation.category, ()):
                during = self._inside(estimation) & self._inside(contract)
                self._at_point(found, contract.service_point, during)
        else:
            found[:] = self._inside(estimation)
        return found

    def temperatures(self) -> Floats:
        """Return the temperature of each slot's day in the area of each meter."""
        found = np.full(self._shape, np.nan)
        by_area: dict[str, dict[int, float]] = defaultdict(dict)
        for told in self._registry.temperatures:
            by_area[told.area][(told.day - _EPOCH).days] = told.mean_c
        for point, placed in self._of_point.items():
            filed = self._registry.service_point_by_id.get(point)
            of_day = by_area.get(filed.area or "") if filed is not None else None
            if of_day is None:
                continue
            warm = np.array([of_day.get(day, np.nan) for day in self._slots.day.tolist()])
            for installation in placed:
                row, during = self._row_of[installation.meter], self._inside(installation)
                found[row, during] = warm[during]
        return found

    def _at_point(self, found: Mask, point: str, during: Mask) -> None:
        for installation in self._of_point.get(point, ()):
            found[self._row_of[installation.meter]] |= during & self._inside(installation)

    def _inside(self, entry: Estimation | Contract | Installation) -> Mask:
        return begin_in(self._slots.starts_at, entry.starts_at, entry.ends_at)


def _rank(estimation: Estimation) -> tuple[bool, bool, datetime]:
    return (
        estimation.service_point is not None,
        estimation.category is not None,
        estimation.starts_at or _SINCE_EVER,
    )


def _factors(profile: LoadProfile, slots: Slots) -> Floats:
    """Return the factor of each slot."""
    kinds = (np.array(profile.working_day), np.array(profile.day_off))
    off = week_kind(slots.day) == 1
    place = [slots.minute_of_day * len(kind) // MINUTES_PER_DAY for kind in kinds]
    factors: Floats = np.where(off, kinds[1][place[1]], kinds[0][place[0]])
    return factors
