from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.contracts import Contract, Suspension
from pipeline.errors import ConfigError
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Registry, ServicePoint
from services.customers import archive_of, capacity_of, chosen_customers, customers_of

AT = datetime(2026, 3, 31, tzinfo=UTC)
ARCHIVE = Registry(
    meters=[Meter(id=MeterId(f"M{n}")) for n in range(4)],
    installations=[Installation(meter=MeterId(f"M{n}"), service_point=f"P{n}") for n in range(4)],
    service_points=[
        ServicePoint(id="P0", customer="Works"),
        ServicePoint(id="P1"),
        ServicePoint(id="P2", customer="Works"),
        ServicePoint(id="P3", customer="Shop"),
    ],
    contracts=[
        Contract(service_point="P0", capacity_kva=60.0),
        Contract(service_point="P2", capacity_kva=50.0),
        Contract(service_point="P1", capacity_kva=500.0, ends_at=datetime(2026, 1, 1, tzinfo=UTC)),
        Contract(service_point="P3", capacity_kva=99.0),
    ],
    suspensions=[Suspension(id=f"S{n}", service_point=f"P{n}", starts_at=AT, ends_at=None) for n in range(4)],
)


def test_service_points_of_one_name_are_one_customer() -> None:
    known = customers_of(ARCHIVE)
    assert {name: [p.id for p in points] for name, points in known.items()} == {
        "Works": ["P0", "P2"],
        "P1": ["P1"],
        "Shop": ["P3"],
    }


def test_a_large_one_has_the_capacity_in_all_its_contracts_at_that_time() -> None:
    assert list(chosen_customers(ARCHIVE, None, 100.0, AT)) == ["Works"]
    assert list(chosen_customers(ARCHIVE, None, 0.0, AT)) == ["Works", "P1", "Shop"]
    assert capacity_of(ARCHIVE, customers_of(ARCHIVE)["P1"], AT) == 0.0


def test_a_wanted_one_need_not_be_large_but_known() -> None:
    assert list(chosen_customers(ARCHIVE, ["Shop", "Shop"], 100.0, AT)) == ["Shop"]
    with pytest.raises(ConfigError, match=r"Nobody: no such customer .* choose one of P1, Shop, Works"):
        chosen_customers(ARCHIVE, ["Nobody"], 0.0, AT)


def test_a_customer_s_archive_holds_nothing_of_others() -> None:
    own = archive_of(ARCHIVE, customers_of(ARCHIVE)["Works"])
    assert [m.id for m in own.meters] == ["M0", "M2"]
    assert [p.id for p in own.service_points] == ["P0", "P2"]
    assert [s.id for s in own.suspensions] == ["S0", "S2"]
    assert [c.service_point for c in own.contracts] == ["P0", "P2"]
    none = archive_of(replace(ARCHIVE, installations=[]), customers_of(ARCHIVE)["Shop"])
    assert list(none.meters) == []
