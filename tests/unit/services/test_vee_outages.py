"""Slots without supply, as meters tell and as work was planned."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pipeline.archive_records import WorkOrder
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Registry
from pipeline.timegrid import slot_grid
from services.vee_outages import outages
from storage.events import PowerDown

START = datetime(2026, 3, 31, 12, tzinfo=UTC)
GRID = slot_grid(START, START + timedelta(hours=2), 15)
A, B = MeterId("A"), MeterId("B")


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def site(*orders: WorkOrder) -> Registry:
    return Registry(
        meters=[Meter(id=A), Meter(id=B)],
        installations=[
            Installation(meter=A, service_point="P", ends_at=at(60)),
            Installation(meter=B, service_point="P", starts_at=at(60)),
        ],
        work_orders=orders,
    )


def off(registry: Registry, *downs: tuple[float, float]) -> list[list[int]]:
    told = [PowerDown(meter=A, starts_at=at(begins), ends_at=at(ends)) for begins, ends in downs]
    found = outages(registry, told, {A: 0, B: 1}, GRID, 15)
    return [np.flatnonzero(row).tolist() for row in found]


def test_only_slots_that_were_dark_throughout_count() -> None:
    assert off(site(), (7, 52)) == [[1, 2], []]
    assert off(site(), (15, 45)) == [[1, 2], []]
    assert off(site(), (16, 29)) == [[], []]


def test_what_lies_outside_the_window_counts_as_far_as_it_reaches_in() -> None:
    assert off(site(), (-90, 20)) == [[0], []]
    assert off(site(), (100, 999)) == [[7], []]
    assert off(site(), (-90, -30)) == [[], []]


def test_outages_that_touch_are_one() -> None:
    assert off(site(), (22, 40), (8, 22)) == [[1], []]


@pytest.mark.parametrize("kind", ["outage", "停电"])
def test_a_planned_outage_is_one_for_whatever_meter_hangs_at_its_point(kind: str) -> None:
    order = WorkOrder(id="W", service_point="P", kind=kind, starts_at=at(30), ends_at=at(90))
    assert off(site(order)) == [[2, 3], [4, 5]]


def test_other_work_and_work_without_an_end_say_nothing_of_the_supply() -> None:
    inspection = WorkOrder(id="W", service_point="P", kind="inspection", starts_at=at(30), ends_at=at(90))
    begun = WorkOrder(id="V", service_point="P", kind="outage", starts_at=at(30))
    elsewhere = WorkOrder(id="U", service_point="Q", kind="outage", starts_at=at(30), ends_at=at(90))
    assert off(site(inspection, begun, elsewhere)) == [[], []]
