from dataclasses import replace
from datetime import UTC, datetime

import pytest

from detectors.usage.suspension_terms import LoadLimit, load_limit, penalty_basis
from pipeline.archive_records import Transformer
from pipeline.registry import BasicCharge, Contract, Registry, Suspension

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
    assert basis["wanted_entries"] == []
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
