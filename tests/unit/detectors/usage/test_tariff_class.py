from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pytest

from detectors.engine import run
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.model import Episode, MeterId
from pipeline.registry import Area, Installation, Meter, Registry, Role, ServicePoint
from pipeline.tariff import EnergyCharge, Tariff
from simulators.physics.shapes import LoadPlan, synthetic
from tests.day_windows import UTC as UTC_ZONE
from tests.day_windows import by_slots

NAME = "tariff_class"
START = datetime(2024, 6, 3, tzinfo=UTC)
HOMES, OFFICES = 12, 6


@cache
def _window() -> MeterMatrix:
    """Twelve homes, six offices and, last, an office that is filed as a home."""
    shapes = ["home"] * HOMES + ["office"] * (OFFICES + 1)
    curves = [
        synthetic(
            LoadPlan(shape=shape, peak_kw=6.0, zone=UTC_ZONE), START, START + timedelta(days=28), 15, seed=n
        )
        for n, shape in enumerate(shapes)
    ]
    return by_slots(np.array([curve.active_kw / 4.0 for curve in curves]))


def _registry(categories: list[str | None], role: Role = Role.MAIN) -> Registry:
    names = [MeterId(f"M{number}") for number in range(len(categories))]
    return Registry(
        meters=[Meter(id=name) for name in names],
        installations=[Installation(meter=name, service_point=f"P{name}", role=role) for name in names],
        service_points=[ServicePoint(id=f"P{name}", area="A") for name in names],
        areas=[Area(id="A", zone=UTC_ZONE)],
        contracts=[
            Contract(service_point=f"P{name}", category=category, tariff="T1")
            for name, category in zip(names, categories, strict=True)
        ],
    )


FILED: list[str | None] = [*["residential"] * HOMES, *["commercial"] * OFFICES, "residential"]


def _found(categories: list[str | None], window: MeterMatrix | None = None) -> list[Episode]:
    return run(window or _window(), _registry(categories), only=[NAME])


def test_an_office_on_a_home_s_tariff_is_found_with_what_a_loss_needs() -> None:
    (episode,) = _found(FILED)
    assert episode.meter == f"M{HOMES + OFFICES}"
    assert (episode.parameters["filed"], episode.parameters["looks"]) == ("residential", "commercial")
    assert episode.ends_at is None
    hours: Any = episode.evidence["by_the_clock"]
    assert [row["at_hour"] for row in hours] == list(range(24))
    shares = [row["day_customer_percent"] + row["weekend_customer_percent"] for row in hours]
    assert sum(shares) == pytest.approx(100.0, abs=0.2)
    # At ten in the morning an office works, as the office class does and homes do not.
    assert hours[10]["day_customer_percent"] > 1.5 * hours[10]["day_filed_percent"]
    assert hours[10]["day_customer_percent"] == pytest.approx(hours[10]["day_looks_percent"], rel=0.3)
    penalty = episode.evidence["penalty"]
    assert isinstance(penalty, dict)
    assert penalty["wanted_entries"] == ["[[tariff]] T1: charges"]


def test_the_yuan_at_stake_are_told_where_both_tariffs_are_filed() -> None:
    registry = _registry(FILED)
    contracts = [
        replace(c, tariff="shop" if c.category == "commercial" else "home") for c in registry.contracts
    ]
    tariffs = [
        Tariff(id=name, charges=(EnergyCharge(item="energy", price=Decimal(price)),))
        for name, price in (("home", "0.52"), ("shop", "0.80"))
    ]
    registry = replace(registry, contracts=contracts, tariffs=tariffs)
    (episode,) = run(_window(), registry, only=[NAME])
    penalty: Any = episode.evidence["penalty"]
    assert penalty["wanted_entries"] == []
    assert (penalty["filed_tariff"], penalty["looks_tariff"]) == ("home", "shop")
    assert (penalty["filed_yuan_kwh"], penalty["looks_yuan_kwh"]) == (0.52, 0.80)
    # Flat prices: 28 days' energy for 90 days, the difference of 0.28 yuan made up and twice charged.
    energy = float(_window().import_kwh[-1].sum()) / 28 * 90
    assert penalty["three_months_kwh"] == pytest.approx(energy, abs=0.1)
    assert penalty["three_months_yuan"] == pytest.approx(0.28 * 3 * energy, abs=0.2)


def test_who_is_filed_right_is_not() -> None:
    assert _found([*FILED[:-1], "commercial"]) == []


def test_a_class_of_a_few_says_nothing_of_others() -> None:
    few: list[str | None] = [*FILED[:HOMES], *["commercial"] * 4, None, None, "residential"]
    assert _found(few) == []
    assert _found([*["residential"] * 8, *[None] * 4, *["commercial"] * OFFICES, "residential"]) == []


def test_a_check_meter_and_estimated_energy_are_not_judged() -> None:
    registry = _registry(FILED)
    checks = [replace(i, role=Role.CHECK) if i.meter == "M18" else i for i in registry.installations]
    assert run(_window(), replace(registry, installations=checks), only=[NAME]) == []
    window = _window()
    estimated = replace(window, quality=np.full_like(window.quality, "E"), daily=None)
    assert _found(FILED, estimated) == []
