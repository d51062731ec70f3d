from datetime import UTC, datetime

import pytest

from pipeline.contracts import Contract
from pipeline.registry import Registry
from services.load_contracts import contract_stretches

FIRST, SECOND, THIRD, LAST = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 10, 25, 31))


def _contract(kw: float, starts_at: datetime | None = None, ends_at: datetime | None = None) -> Contract:
    return Contract(service_point="P", contract_demand_kw=kw, starts_at=starts_at, ends_at=ends_at)


def _found(*contracts: Contract) -> list[tuple[datetime, datetime, float | None]]:
    registry = Registry(contracts=contracts)
    stretches = contract_stretches(registry, "P", FIRST, LAST)
    return [(s.starts_at, s.ends_at, s.contract.contract_demand_kw) for s in stretches]


@pytest.mark.parametrize("ends_at", [None, THIRD])
def test_one_contract_follows_another(ends_at: datetime | None) -> None:
    assert _found(_contract(150.0, None, ends_at), _contract(250.0, THIRD)) == [
        (FIRST, THIRD, 150.0),
        (THIRD, LAST, 250.0),
    ]


def test_between_two_contracts_there_is_none() -> None:
    assert _found(_contract(150.0, None, SECOND), _contract(250.0, THIRD)) == [
        (FIRST, SECOND, 150.0),
        (THIRD, LAST, 250.0),
    ]


def test_who_has_no_contract_has_none() -> None:
    assert _found() == []
