"""Which demand registers tell of a month: the meter's own, and those that hung there before it."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Ratio, Registry, Role
from pipeline.timegrid import to_numpy
from services.forecast_registers import register_demand_kw
from services.load_facts import Shown

BEGINS, SWAP, AT = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 10, 20))
OLD, NEW = MeterId("OLD"), MeterId("NEW")
MONTH = (BEGINS, AT)


def _shown(day: int, kw: float) -> Shown:
    at, taken_at = (np.array([to_numpy(datetime(2026, 3, day, hour, tzinfo=UTC))]) for hour in (12, 13))
    return Shown(taken_at=taken_at, kw=np.array([kw]), at=at)


def _archive(role: Role = Role.MAIN) -> Registry:
    return Registry(
        meters=[Meter(id=OLD), Meter(id=NEW)],
        installations=[
            Installation(meter=OLD, service_point="P", ends_at=SWAP, role=role),
            Installation(meter=NEW, service_point="P", starts_at=SWAP),
        ],
        ratios=[Ratio(meter=OLD, ct=20), Ratio(meter=NEW, ct=30)],
    )


def test_the_register_that_was_taken_down_tells_of_the_month_too() -> None:
    shown = {OLD: _shown(5, 10.0), NEW: _shown(15, 4.0)}
    # 10 kW times 20 before the swap, 4 kW times 30 after it.
    assert register_demand_kw(_archive(), shown, NEW, MONTH, frozenset()) == 200.0
    assert register_demand_kw(_archive(), {NEW: _shown(15, 4.0)}, NEW, MONTH, frozenset()) == 120.0


def test_a_demand_drawn_at_another_place_is_none_of_this_one() -> None:
    # OLD hung at P until the year 2024 and at Q since: its 25 kW times 20 = 500 kW are Q's.
    gone = datetime(2024, 1, 1, tzinfo=UTC)
    archive = replace(
        _archive(),
        installations=[
            Installation(meter=OLD, service_point="P", ends_at=gone),
            Installation(meter=OLD, service_point="Q", starts_at=gone),
            Installation(meter=NEW, service_point="P", starts_at=gone),
        ],
    )
    shown = {OLD: _shown(5, 25.0), NEW: _shown(15, 4.0)}
    assert register_demand_kw(archive, shown, NEW, MONTH, frozenset()) == 120.0
    assert register_demand_kw(archive, {OLD: shown[OLD]}, NEW, MONTH, frozenset()) is None
    assert register_demand_kw(archive, shown, OLD, MONTH, frozenset()) == 500.0
    # NEW itself came from Q on the 10th: 10 kW that it drew there on the 5th are Q's; P's begin on the 10th.
    moved = [
        Installation(meter=NEW, service_point="Q", ends_at=SWAP),
        Installation(meter=NEW, service_point="P", starts_at=SWAP),
    ]
    came = replace(_archive(), installations=moved)
    assert register_demand_kw(came, {NEW: _shown(5, 10.0)}, NEW, MONTH, frozenset()) is None
    assert register_demand_kw(came, {NEW: _shown(15, 10.0)}, NEW, MONTH, frozenset()) == 300.0


def test_a_meter_that_is_taken_off_says_nothing_of_the_place() -> None:
    shown = {OLD: _shown(5, 10.0), NEW: _shown(15, 4.0)}
    assert register_demand_kw(_archive(Role.SUBTRACT), shown, NEW, MONTH, frozenset()) == 120.0


def test_other_months_and_missing_registers_are_nothing() -> None:
    assert register_demand_kw(_archive(), {}, NEW, MONTH, frozenset()) is None
    april = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 20, tzinfo=UTC)
    assert register_demand_kw(_archive(), {NEW: _shown(15, 4.0)}, NEW, april, frozenset()) is None
