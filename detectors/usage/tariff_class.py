"""Another class than the contract's (用电类别不符, D30): one class's profile on the tariff of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, Together, detectors, parameter
from detectors.shapes import Said, record_episode
from detectors.stretches import number
from detectors.thresholds import limit
from detectors.usage.class_profiles import ClassProfiles, class_profiles, likeness
from detectors.usage.day_curves import HOURS, hour_curves
from detectors.usage.known_changes import suspended_days
from detectors.usage.tariff_prices import PriceDifference, price_difference, usual_tariff
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Json, MeterId, Severity
from pipeline.registry import Registry, Role

Floats = NDArray[np.float64]
PENALTY_RULE = "Rules on supply and use of electricity (供电营业规则), higher-price use on a lower-price line"
_HOMES = "none of 258 Swiss homes, 12 of 14 SimBench trade profiles found"


@detectors.register("tariff_class")
@dataclass(frozen=True, slots=True, kw_only=True)
class TariffClass:
    """Compares a main meter's average days with the median of its class and of the other classes around it.

    A class is known by its customers in the same area, so there must be some. Where the tariffs of both
    classes are filed, the difference in price of the customer's own curve tells the yuan at stake.
    """

    least_other: float = parameter(0.8, "1", f"correlation with another class; {_HOMES}", "M", Effect.TRIGGER)
    most_own: float = parameter(
        0.3, "1", f"correlation with the contract's class; {_HOMES}", "M", Effect.RESTORE
    )
    own_members: float = parameter(10, "customers", "that make up the profile of the own class", "own")
    other_members: float = parameter(5, "customers", "that make up that of another one", "own")
    days: float = parameter(28, "days", "the last ones, of which 10 working days and 4 others", "own")

    about: ClassVar[About] = About(
        name="tariff_class",
        number="D30",
        version=2,
        kind=Kind.SLOTS,
        together=Together.AREA,
        needs=Needs(
            interval_energy=True,
            daily=True,
            essential=("interval_energy",),
            archive=("contract", "installation", "suspension", "area"),
        ),
        messages=("episode.tariff_class",),
        severity=Severity.MINOR,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode a meter whose profile is that of another class."""
        daily = window.daily
        if daily is None or not window.import_kwh.size:
            return []
        contracts = [_contract(registry, daily, row, meter) for row, meter in enumerate(window.meters)]
        categories = [None if contract is None else contract.category for contract in contracts]
        if len({category for category in categories if category is not None}) < 2:  # noqa: PLR2004 - own and other
            return []
        hours = hour_curves(window, daily, window.actual_kwh())
        hours[suspended_days(window, daily, registry)] = np.nan
        first = max(len(daily.days) - int(self.days), 0)
        profiles = class_profiles(
            hours[:, first:], daily.days[first:], categories, int(min(self.own_members, self.other_members))
        )
        likes = {name: likeness(profiles.customers, profile) for name, profile in profiles.classes.items()}
        other, own = (
            limit(self, name, window, registry).values[:, 0] for name in ("least_other", "most_own")
        )
        found = []
        for row, contract in enumerate(contracts):
            category = categories[row]
            if contract is None or category not in likes or profiles.members[category] < self.own_members:
                continue
            better = [
                (float(likes[name][row]), name)
                for name in likes
                if name != category and profiles.members[name] >= self.other_members
            ]
            best, name = max(better, default=(-1.0, ""))
            if best > other[row] and likes[category][row] < own[row]:
                usual = usual_tariff([c.tariff for c in contracts if c is not None and c.category == name])
                cost = price_difference(window, daily, registry, row, first, contract.tariff, usual)
                said = _said(
                    contract, profiles, row, (category, float(likes[category][row])), (name, best), cost
                )
                found.append(self._episode(window, daily, registry, row, first, said))
        return found

    def _episode(  # noqa: PLR0913, PLR0917 - one customer and all that tells about him
        self, window: MeterMatrix, daily: DailyRows, registry: Registry, row: int, first: int, said: Said
    ) -> Episode:
        known = np.flatnonzero(daily.coverage[row, first:] > 0) + first
        return record_episode(
            self.about,
            registry,
            window.meters[row],
            said,
            starts_at=daily.span(row, int(known[0]), int(known[0]) + 1)[0],
            ends_at=None,
            detected_at=daily.span(row, int(known[-1]), int(known[-1]) + 1)[1],
        )


def _contract(registry: Registry, daily: DailyRows, row: int, meter: MeterId) -> Contract | None:
    """Return the contract at the end of the window where a meter is the main one."""
    placed = registry.installations_by_meter.get(meter, ())
    if not placed or placed[-1].role is not Role.MAIN or placed[-1].service_point is None:
        return None
    contracts = registry.contracts_by_point.get(placed[-1].service_point, ())
    if len(contracts) == 1 and contracts[0].starts_at is None and contracts[0].ends_at is None:
        return contracts[0]
    last = len(daily.days) - 1
    return registry.contract_of(placed[-1].service_point, daily.span(row, last, last + 1)[0])


def _said(  # noqa: PLR0913, PLR0917 - one customer beside two classes, and what it costs
    contract: Contract,
    profiles: ClassProfiles,
    row: int,
    own: tuple[str, float],
    other: tuple[str, float],
    cost: PriceDifference,
) -> Said:
    wanted: list[Json] = list(cost.wanted)
    if contract.tariff is None:
        wanted = [f"[[contract]] of service point {contract.service_point}: tariff", *wanted]
    return Said(
        key=own[0],
        message="episode.tariff_class",
        score=round(other[1] * (1.0 - max(own[1], 0.0)), 3),
        parameters={
            "service_point": contract.service_point,
            "filed": own[0],
            "looks": other[0],
            "own": round(own[1], 2),
            "other": round(other[1], 2),
        },
        evidence={
            "by_the_clock": _by_the_clock(
                profiles.customers[row], profiles.classes[own[0]], profiles.classes[other[0]]
            ),
            "by_the_clock_means": "percent of the energy of an average working day and weekend day together, "
            "in each hour; of the classes the median of their customers in this area",
            "members": {name: profiles.members[name] for name in (own[0], other[0])},
            "penalty": {
                "rule": PENALTY_RULE,
                "basis": "if the right class is dearer: the difference in price for the real time (three "
                "months if it is not known), plus twice that",
                **cost.facts,
                "wanted_entries": wanted,
            },
        },
    )


def _by_the_clock(customer: Floats, own: Floats, other: Floats) -> list[Json]:
    """Return a row an hour: the customer beside his class and the one that he looks like."""
    names = ("customer_percent", "filed_percent", "looks_percent")
    columns = [column.reshape(2, HOURS) for column in (customer, own, other)]
    return [
        {
            "at_hour": hour,
            **{
                f"{day}_{name}": number(100.0 * column[place, hour], 2)
                for place, day in enumerate(("day", "weekend"))
                for name, column in zip(names, columns, strict=True)
            },
        }
        for hour in range(HOURS)
    ]
