"""What archive and readings say of a subject of load: contract, transformers, demand register, phases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.load.demand import RegisterReadings
from analysis.load.problems import LoadProblem, fed_in_problems
from analysis.load.summary import Facts, Subject, SubjectKind
from analysis.power_factor import standards
from pipeline.block import Times
from pipeline.contracts import Contract
from pipeline.load_wants import Want
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.records import TimedValues
from pipeline.registry import Registry, Role
from pipeline.timegrid import from_numpy, to_numpy
from services.load_capacity import area_capacity_kva, point_capacity_kva
from services.load_contracts import contract_stretches
from services.load_groups import AreaGroup
from services.load_subjects import PHASE_POWERS, Energies
from services.load_sums import GroupSum, group_sum
from storage.matrices import ratio_factors

Floats = NDArray[np.float64]
DEMAND, DEMAND_AT = Quantity.MAX_DEMAND_IMPORT, Quantity.MAX_DEMAND_IMPORT_AT
_SINCE_EVER = datetime.min.replace(tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)
_READINGS = {
    "register": Want(key="demand_register", parameters={"quantities": [DEMAND.value, DEMAND_AT.value]}),
    "phases": Want(key="phases", parameters={"quantities": [quantity.value for quantity in PHASE_POWERS]}),
}
_OF_ONE_METER = {"register": Want(key="one_meter_demand"), "phases": Want(key="one_meter_phases")}
_REACTIVE = {"power_factor": Want(key="reactive", parameters={"quantities": ["import_kvarh"]})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a demand register showed, with the time that it gave in the same reading; on the meter's side."""

    taken_at: Times
    kw: Floats
    at: Times


@dataclass(frozen=True, kw_only=True)
class Known:
    """Everything that facts are looked up in."""

    registry: Registry
    energies: Energies
    registers: Mapping[MeterId, Shown]
    """What each demand register showed."""
    primary: frozenset[str]
    """Profiles whose values are primary ones already."""
    ends_at: datetime
    """End of the span: contracts are those in force just before it."""

    @cached_property
    def temperatures(self) -> dict[str, dict[date, float]]:
        """Mean temperatures of local days by area."""
        found: dict[str, dict[date, float]] = defaultdict(dict)
        for temperature in self.registry.temperatures:
            found[temperature.area][temperature.day] = temperature.mean_c
        return found

    @property
    def starts_at(self) -> datetime:
        """Start of the span."""
        return from_numpy(self.energies.starts_at[0])

    def supplies_area(self, point: str | None) -> bool:
        """Tell whether a service point's meters feed an area within the span."""
        return bool(self.registry.supplying(point, self.starts_at, self.ends_at))


def shown_demands(readings: Mapping[Quantity, TimedValues]) -> dict[MeterId, Shown]:
    """Return what each demand register showed, of readings that also told the register's time."""
    demands, times = readings.get(DEMAND), readings.get(DEMAND_AT)
    if demands is None or times is None:
        return {}
    second_of = {
        (meter, at): second
        for meter, at, second in zip(
            times.meters, times.taken_at.astype(np.int64).tolist(), times.values.tolist(), strict=True
        )
    }
    found: dict[MeterId, list[tuple[int, float, float]]] = defaultdict(list)
    for meter, at, kw in zip(
        demands.meters, demands.taken_at.astype(np.int64).tolist(), demands.values.tolist(), strict=True
    ):
        if (meter, at) in second_of:
            found[meter].append((at, kw, second_of[meter, at]))
    return {meter: _shown(rows) for meter, rows in found.items()}


def primary_readings(
    registry: Registry, registers: Mapping[MeterId, Shown], meter: MeterId, primary: frozenset[str]
) -> RegisterReadings | None:
    """Return what a meter's demand register showed, on the primary side: by the ratio at the demand's time.

    That time is the demand's end: one that ends as a ratio changes was drawn through the ratio before.
    """
    shown = registers.get(meter)
    if shown is None:
        return None
    drawn_at: Times = np.where(np.isnat(shown.at), shown.taken_at, shown.at)
    drawn_at -= np.timedelta64(1, "us")
    factor = ratio_factors(registry, [meter], drawn_at, primary)[0]
    return RegisterReadings(kw=shown.kw * factor, at=shown.at, taken_at=shown.taken_at)


def meter_facts(known: Known, meter: MeterId) -> Facts:
    """Return what is known of a meter beside its energies."""
    point = known.registry.service_point_of(meter, known.ends_at - _MOMENT)
    return Facts(
        suspended=None if point is None else _suspended(known, point),
        supplies_area=known.supplies_area(point),
        register=_register(known, meter),
        phases_kw=_phases(known, meter),
        problems=known.energies.problems.get(meter, ()),
        wants=_READINGS | _REACTIVE,
    )


def point_facts(known: Known, point: str) -> Facts:
    """Return what is known of a service point."""
    contract = known.registry.contract_of(point, known.ends_at - _MOMENT)
    tariff = None if contract is None else contract.tariff
    meter = only_meter(known.registry, point, known.energies)
    return Facts(
        contract=contract,
        contracts=contract_stretches(known.registry, point, known.starts_at, known.ends_at),
        tariffs=sorted(
            (version for version in known.registry.tariffs if version.id == tariff),
            key=lambda version: version.starts_at or _SINCE_EVER,
        ),
        capacity_kva=point_capacity_kva(known.registry, point, known.energies.starts_at),
        temperatures=_temperatures(known, point),
        suspended=_suspended(known, point),
        supplies_area=known.supplies_area(point),
        register=None if meter is None else _register(known, meter),
        phases_kw=None if meter is None else _phases(known, meter),
        wants={
            **(_OF_ONE_METER if meter is None else _READINGS),
            **_REACTIVE,
            "contract": _filed(point, "contract_demand_kw"),
            "double_kw": _filed(point, "basic_charge"),
            "tariff": _filed(point, "tariff")
            if tariff is None
            else Want(key="tariff_over_span", parameters={"tariff": tariff}),
            "standard": _standard(point, contract),
            "transformer": Want(
                key="point_transformer", parameters={"point": point, "fields": ["capacity_kva"]}
            ),
        },
    )


def point_problems(known: Known, point: Subject) -> list[LoadProblem]:
    """Return what is odd about the energies of a service point and its meters."""
    placed = known.registry.installations_of(point.name)
    meters = dict.fromkeys(i.meter for i in placed if i.role is not Role.CHECK)
    found = [problem for meter in meters for problem in known.energies.problems.get(meter, ())]
    stretches = contract_stretches(known.registry, point.name, known.starts_at, known.ends_at)
    if (
        point.export_kwh is None
        or known.supplies_area(point.name)
        or any(s.contract.generation for s in stretches)
    ):
        return found
    fed_in_kwh = float(np.nansum(point.export_kwh))
    return [*found, *fed_in_problems(fed_in_kwh, len(point.starts_at), point.minutes)]


def total_facts() -> Facts:
    """Return what is known of a totalising group: nothing beside its energies."""
    return Facts(wants=_REACTIVE)


def category_facts(group: GroupSum) -> Facts:
    """Return what the members of a category draw."""
    return Facts(group=group.facts, wants=_REACTIVE)


def area_facts(known: Known, area: AreaGroup, group: GroupSum, points: Mapping[str, Subject]) -> Facts:
    """Return what is known of an area, what its members draw and what its supply meters count."""
    feeding = sorted({supply.point for supply in area.supplies})
    meter = only_meter(known.registry, feeding[0], known.energies) if len(feeding) == 1 else None
    one_supply = Want(key="one_supply", parameters={"area": area.name})
    capacity_kva = area_capacity_kva(known.registry, area.name, known.energies.starts_at)
    carried = Want(key="supply_energies", parameters={"area": area.name, "points": feeding})
    return replace(
        category_facts(group),
        capacity_kva=capacity_kva,
        supplied=_supplied(area, points),
        register=None if meter is None else _register(known, meter),
        phases_kw=None if meter is None else _phases(known, meter),
        wants={
            **_REACTIVE,
            **(dict.fromkeys(_READINGS, one_supply) if meter is None else _READINGS),
            "transformer": Want(
                key="area_transformer", parameters={"area": area.name, "fields": ["capacity_kva"]}
            )
            if capacity_kva is None
            else (carried if feeding else one_supply),
        },
    )


def _suspended(known: Known, point: str) -> NDArray[np.bool_] | None:
    """Return the slots that a suspension of a point touches; None where it has none."""
    filed = known.registry.suspensions_by_point.get(point, ())
    if not filed:
        return None
    starts_at = known.energies.starts_at
    ends_at = starts_at + np.timedelta64(known.energies.minutes, "m")
    touched: NDArray[np.bool_] = np.zeros(len(starts_at), dtype=np.bool_)
    for each in filed:
        within = ends_at > to_numpy(each.starts_at)
        touched |= within if each.ends_at is None else within & (starts_at < to_numpy(each.ends_at))
    return touched


def _temperatures(known: Known, point: str) -> Mapping[date, float]:
    """Return the temperatures filed for a point's area."""
    place = known.registry.service_point_by_id.get(point)
    return {} if place is None or place.area is None else known.temperatures.get(place.area, {})


def only_meter(registry: Registry, point: str, energies: Energies) -> MeterId | None:
    """Return the meter that alone measures a point throughout the span; None where several do."""
    first, last = (from_numpy(energies.starts_at[edge]) for edge in (0, -1))
    placed = [
        i
        for i in registry.installations_of(point)
        if i.role is not Role.CHECK
        and (i.starts_at is None or i.starts_at <= last)
        and (i.ends_at is None or i.ends_at > first)
    ]
    return placed[0].meter if len(placed) == 1 else None


def _shown(rows: Sequence[tuple[int, float, float]]) -> Shown:
    taken_at, kw, seconds = zip(*rows, strict=True)
    return Shown(
        taken_at=np.array(taken_at, dtype=np.int64).view("datetime64[us]"),
        kw=np.array(kw),
        at=np.rint(np.array(seconds) * 1e6).astype(np.int64).view("datetime64[us]"),
    )


def _supplied(area: AreaGroup, points: Mapping[str, Subject]) -> Subject | None:
    """Return what an area's supply meters count together; None where not all are known."""
    found = group_sum(SubjectKind.AREA, area.name, area.supplies, points, least_share=0.0)
    return None if found.absent else found.subject


def _filed(point: str, *names: str) -> Want:
    return Want(key="contract", parameters={"point": point, "fields": names})


def _standard(point: str, contract: Contract | None) -> Want:
    """Return what would tell the power-factor standard of a point."""
    named = ("category", "capacity_kva")
    if contract is None:
        return _filed(point, *named)
    if contract.power_factor_standard is not None:
        known = [f"{standard.value:.2f}" for standard in standards()]
        filed = f"{contract.power_factor_standard:g}"
        return Want(key="standard", parameters={"point": point, "known": known, "filed": filed})
    lacking = [name for name in named if getattr(contract, name) is None]
    return _filed(point, *(lacking or ["category"]))


def _register(known: Known, meter: MeterId) -> RegisterReadings | None:
    return primary_readings(known.registry, known.registers, meter, known.primary)


def _phases(known: Known, meter: MeterId) -> Floats | None:
    """Return the phase powers of a meter on the primary side."""
    row = known.energies.row_of.get(meter)
    if known.energies.phases_kw is None or row is None:
        return None
    factor = ratio_factors(known.registry, [meter], known.energies.starts_at, known.primary)[0]
    powers: Floats = known.energies.phases_kw[:, row] * factor
    return powers
