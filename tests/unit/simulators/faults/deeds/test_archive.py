"""Slips of the archive: suspensions that should not have been granted, customers in the wrong category."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.registry import Registry
from simulators.fleet.archive import archive_of
from simulators.fleet.build import Fleet, build_fleet, load_fleet

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def lab() -> Fleet:
    return build_fleet(load_fleet("lab"), NOW)


def archive(fleet: Fleet) -> Registry:
    return archive_of(fleet, {bus.id: "tcp://127.0.0.1:1" for bus in fleet.plan.buses})


def test_the_suspensions_in_the_archive_break_the_rules_that_their_labels_say(lab: Fleet) -> None:
    filed = archive(lab).suspensions
    days = {
        meter: [
            (s.ends_at - s.starts_at) // timedelta(days=1)
            for s in filed
            if s.service_point == f"SP-{meter}" and s.ends_at is not None
        ]
        for meter in ("BFIL-1", "BFIL-2", "BFIL-3", "BFIL-4")
    }
    assert days == {"BFIL-1": [14], "BFIL-2": [20], "BFIL-3": [16, 16, 16], "BFIL-4": [190]}
    guilty = [t.meter for t in lab.truth if t.number == "D16" and not t.twin]
    assert guilty == ["BFIL-1", "BFIL-3", "BFIL-4"]


def test_a_customer_keeps_to_a_suspension_that_should_not_have_been_granted(lab: Fleet) -> None:
    (label,) = [t for t in lab.truth if t.meter == "BFIL-1"]
    (meter,) = [m for m in lab.meters if m.id == "BFIL-1"]
    drawn = meter.world.drawn.total
    assert label.ends_at is not None
    spent_kwh = drawn.energy_kwh(label.ends_at) - drawn.energy_kwh(label.starts_at)
    assert spent_kwh == pytest.approx(0.1 * 14 * 24)


def test_a_partial_one_leaves_the_shape_of_the_load_below_what_may_run() -> None:
    plan = load_fleet("lab")
    (fault,) = [f for f in plan.faults if f.meter == "BFIL-1"]
    partly = replace(fault, values={**fault.values, "remaining_kva": 50.0})
    fleet = build_fleet(replace(plan, faults=(partly,)), NOW)
    (meter,) = [m for m in fleet.meters if m.id == "BFIL-1"]
    (filed,) = meter.world.suspensions
    where = meter.world.drawn.slots(filed.window)
    kva = abs(meter.world.drawn.kva[:, where].sum(axis=0))
    assert kva.max() == pytest.approx(50)
    assert kva.min() < 40


def test_only_the_archive_has_the_wrong_category(lab: Fleet) -> None:
    contracts = archive(lab).contracts
    categories = {c.service_point: c.category for c in contracts}
    assert (categories["SP-BCAT-1"], categories["SP-BCAT-2"]) == ("residential", "commercial")
    assert {m.plan.category for m in lab.meters if m.id.startswith("BCAT")} == {"commercial"}
