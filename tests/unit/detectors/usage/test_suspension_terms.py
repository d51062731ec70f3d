from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from detectors.usage.suspended_load import SuspendedLoad
from detectors.usage.suspension_terms import LoadLimit, load_limit, penalty_basis
from pipeline.archive_records import Transformer
from pipeline.contracts import BasicCharge, Contract, Suspension
from pipeline.registry import Registry
from pipeline.tariff import BasicTerms, Tariff
from tests.unit.detectors.usage.suspended_plant import REGISTRY as PLANT
from tests.unit.detectors.usage.suspended_plant import plant_window, suspended, with_nights

FROM = datetime(2026, 1, 1, tzinfo=UTC)


def _suspension(
    *, setpoint_w: float | None = None, remaining_kva: float = 0.0, auxiliaries_kw: float | None = None
) -> Suspension:
    return Suspension(
        id="S",
        service_point="P",
        starts_at=FROM,
        ends_at=None,
        setpoint_w=setpoint_w,
        remaining_kva=remaining_kva,
        auxiliaries_kw=auxiliaries_kw,
    )


def _limit(suspension: Suspension) -> LoadLimit:
    return load_limit(suspension, floor_kw=0.5, partial_factor=1.05)


@pytest.mark.parametrize(
    ("suspension", "kw", "unit", "source"),
    [
        (_suspension(), 0.5, "kW", "0.5 kW for a full suspension"),
        (_suspension(auxiliaries_kw=0.2), 0.5, "kW", "0.5 kW for a full suspension"),
        (_suspension(auxiliaries_kw=8.0), 8.0, "kW", "auxiliaries_kw of the suspension"),
        (_suspension(remaining_kva=200.0), 210.0, "kVA", "1.05 x remaining_kva of the suspension"),
        (
            _suspension(setpoint_w=10_000.0, remaining_kva=200.0, auxiliaries_kw=8.0),
            10.0,
            "kW",
            "setpoint_w of the suspension",
        ),
    ],
)
def test_the_agreed_set_point_comes_first(suspension: Suspension, kw: float, unit: str, source: str) -> None:
    limit = _limit(suspension)
    assert (limit.kw, limit.unit, limit.source) == (kw, unit, source)


def test_the_capacity_suspended_is_what_the_contract_has_beyond_the_rest() -> None:
    contract = Contract(service_point="P", capacity_kva=630.0, basic_charge=BasicCharge.DEMAND)
    basis = penalty_basis(Registry(contracts=(contract,)), _suspension(remaining_kva=230.0), 3)
    assert basis["capacity_suspended_kva"] == 400.0
    assert basis["wanted_entries"] == ["[[contract]] of service point P: tariff"]
    assert basis["days"] == 3


def test_the_units_that_rest_are_listed_with_their_capacity() -> None:
    units = [Transformer(id="T1", service_point="P", capacity_kva=400.0)]
    suspension = replace(_suspension(), transformers=("T1", "T2"))
    basis = penalty_basis(Registry(transformers=units), suspension, 3)
    # One that is not on record has none: it is shown, not left out.
    assert basis["units_at_rest"] == [
        {"unit_id": "T1", "capacity_kva": 400.0},
        {"unit_id": "T2", "capacity_kva": None},
    ]


def test_each_missing_entry_is_named() -> None:
    registry = Registry(contracts=(Contract(service_point="P"),))
    basis = penalty_basis(registry, _suspension(), 1)
    assert basis["capacity_suspended_kva"] is None
    assert basis["wanted_entries"] == [
        "[[contract]] of service point P: capacity_kva",
        "[[contract]] of service point P: basic_charge",
    ]


def test_the_contract_in_force_at_the_start_counts() -> None:
    old = Contract(service_point="P", capacity_kva=100.0, basic_charge=BasicCharge.NONE, ends_at=FROM)
    new = Contract(service_point="P", capacity_kva=900.0, basic_charge=BasicCharge.CAPACITY, starts_at=FROM)
    basis = penalty_basis(Registry(contracts=(old, new)), _suspension(), 1)
    assert basis["capacity_suspended_kva"] == 900.0


def _two_part(kind: BasicCharge, tariffs: tuple[Tariff, ...]) -> Registry:
    contract = Contract(service_point="P", capacity_kva=630.0, basic_charge=kind, tariff="T")
    return Registry(contracts=(contract,), tariffs=tariffs)


TWO_PART = Tariff(id="T", basic=BasicTerms(capacity_price=Decimal("32.00"), demand_price=Decimal("48.00")))


@pytest.mark.parametrize(
    ("kind", "least", "most", "how"),
    [
        # By hand: 230 kVA were left in use, so 80 of 310 kW were beyond.
        # 80 kW x 32 yuan x 3/30 of a month, made up once and charged twice; 400 kVA likewise.
        (BasicCharge.CAPACITY, 768.00, 3840.00, "400.0 × 32.00 × 3 / 30 × 3"),
        (BasicCharge.DEMAND, 1152.00, 5760.00, "400.0 × 48.00 × 3 / 30 × 3"),
        # One occasion of a single-part tariff: 80 x 30 yuan, 400 x 30 yuan.
        (BasicCharge.NONE, 2400.00, 12000.00, "400.0 × 30"),
    ],
)
def test_the_amount_is_told_where_the_tariff_gives_the_basic_price(
    kind: BasicCharge, least: float, most: float, how: str
) -> None:
    basis = penalty_basis(_two_part(kind, (TWO_PART,)), _suspension(remaining_kva=230.0), 3, 310.0)
    assert (basis["least_yuan"], basis["most_yuan"], basis["most_how"]) == (least, most, how)
    assert basis["wanted_entries"] == []


def test_without_a_basic_price_there_is_no_amount_and_the_tariff_is_named() -> None:
    for tariffs in ((), (Tariff(id="T"),)):
        basis = penalty_basis(_two_part(BasicCharge.CAPACITY, tariffs), _suspension(), 3, 80.0)
        assert "most_yuan" not in basis
        assert basis["wanted_entries"] == ["[[tariff]] T: basic.capacity_price"]


def test_load_beyond_what_was_suspended_costs_no_more_than_all_of_it() -> None:
    basis = penalty_basis(_two_part(BasicCharge.NONE, ()), _suspension(remaining_kva=600.0), 3, 680.0)
    assert basis["least_yuan"] == basis["most_yuan"] == 900.0


def test_what_a_partial_suspension_leaves_in_use_costs_nothing() -> None:
    # By hand: 500 of 1000 kVA were left. 540 kW: 40 x 30 yuan; 480 kW: none need be of the suspended part.
    contract = Contract(service_point="P", capacity_kva=1000.0, basic_charge=BasicCharge.NONE)
    registry = Registry(contracts=(contract,))
    for max_kw, least in ((540.0, 1200.0), (480.0, 0.0)):
        basis = penalty_basis(registry, _suspension(remaining_kva=500.0), 1, max_kw)
        assert (basis["least_yuan"], basis["most_yuan"]) == (least, 15000.0)


def test_the_penalty_basis_is_told_in_yuan_where_the_tariff_gives_the_basic_price() -> None:
    contract = replace(PLANT.contracts[0], tariff="T")
    tariff = Tariff(id="T", basic=BasicTerms(capacity_price=Decimal("30.00")))
    registry = replace(PLANT, contracts=(contract,), tariffs=(tariff,))
    (episode,) = SuspendedLoad().detect(plant_window(with_nights(suspended())), registry)
    penalty: Any = episode.evidence["penalty"]
    # 80 kW, the highest load, or all 800 kVA; 30 yuan, 5 of 30 days; made up and twice that.
    assert (penalty["least_yuan"], penalty["most_yuan"]) == (1200.0, 12000.0)
    assert penalty["most_how"] == "800.0 × 30.00 × 5 / 30 × 3"
    assert penalty["wanted_entries"] == []
