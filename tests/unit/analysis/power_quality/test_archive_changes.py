"""What the archive changed at a point and in its area within a stretch of time."""

from datetime import UTC, datetime, timedelta

import pytest

from analysis.power_quality.archive_changes import archive_changes
from pipeline.archive_records import Transformer, WorkOrder
from pipeline.contracts import Contract, Suspension
from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Ratio, Registry, ServicePoint

BEGIN = datetime(2026, 7, 1, tzinfo=UTC)
END = datetime(2026, 9, 1, tzinfo=UTC)
DAY = timedelta(days=1)
M = MeterId("M")
POINTS = [ServicePoint(id=name, area="A") for name in ("P", *(f"N{n}" for n in range(5)))]


def told(**archive: object) -> list[tuple[str, str]]:
    registry = Registry(
        areas=[Area(id="A")],
        service_points=POINTS,
        meters=[Meter(id=M)],
        **archive,  # type: ignore[arg-type]  # one table a test
    )
    return [(c.entry, c.what) for c in archive_changes(registry, "P", BEGIN, END)]


def contract(point: str, kva: float | None, starts_at: datetime | None = None) -> Contract:
    return Contract(service_point=point, capacity_kva=kva, starts_at=starts_at)


def test_a_contract_tells_what_is_other_than_in_the_one_before() -> None:
    later = Contract(service_point="P", capacity_kva=1000.0, generation=True, starts_at=BEGIN)
    assert told(contracts=[contract("P", 630.0), later]) == [
        ("[[contract]] P", "capacity_kva 630 -> 1000, generation false -> true")
    ]
    assert told(contracts=[contract("P", 630.0), contract("P", 630.0, BEGIN)]) == []
    assert told(contracts=[contract("P", 630.0, BEGIN)]) == [("[[contract]] P", "new, capacity_kva 630")]
    assert told(contracts=[contract("P", 630.0, END)]) == []


def test_suspensions_work_and_transformers_have_their_dates() -> None:
    rest = Suspension(id="S", service_point="P", starts_at=BEGIN - DAY, ends_at=BEGIN + DAY)
    assert told(suspensions=[rest]) == [("[[suspension]] S", "to")]
    works = [WorkOrder(id="W", service_point="P", kind="meter change", starts_at=BEGIN)]
    assert told(work_orders=works) == [("[[work_order]] W", "meter change")]
    units = [
        Transformer(id="T1", service_point="P", capacity_kva=400.0, starts_at=BEGIN),
        Transformer(id="T2", area="A", starts_at=BEGIN + DAY),
        Transformer(id="T3", area="A"),
        Transformer(id="T4", area="B", starts_at=BEGIN),
    ]
    assert told(transformers=units) == [
        ("[[transformer]] T1", "new, capacity_kva 400"),
        ("[[transformer]] T2", "new"),
    ]


def test_other_meters_and_ratios_change_the_measuring() -> None:
    stays = [Installation(meter=M, service_point="P", starts_at=BEGIN)]
    ratios = [Ratio(meter=M, ct=20.0), Ratio(meter=M, ct=40.0, starts_at=BEGIN + DAY)]
    assert told(installations=stays, ratios=ratios) == [
        ("[[installation]] M", "main"),
        ("[[ratio]] M", "ct 20 -> 40"),
    ]


def test_of_other_customers_of_the_area_the_largest_contracts_are_told() -> None:
    others = [contract(f"N{n}", 100.0 * (n + 1), BEGIN + n * DAY) for n in range(5)]
    assert told(contracts=others) == [
        (f"[[contract]] N{n}", f"new, capacity_kva {100 * (n + 1)}") for n in (2, 3, 4)
    ]


@pytest.mark.parametrize("point", ["P", "nowhere"])
def test_an_archive_without_changes_has_none(point: str) -> None:
    assert archive_changes(Registry(service_points=POINTS), point, BEGIN, END) == []
