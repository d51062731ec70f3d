"""What is wrong on the way to a meter stands in the truth file too."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from simulators.fleet.build import Fleet, build_fleet, load_fleet
from simulators.fleet.wire_truth import wire_truths
from simulators.line import FaultKind

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def lab() -> Fleet:
    return build_fleet(load_fleet("lab"), NOW)


def test_each_fault_of_a_line_has_a_row_for_each_meter_on_it(lab: Fleet) -> None:
    rows = [(row.meter.id, row.deed, row.share) for row in wire_truths(lab) if row.share is not None]
    assert {deed for _, deed, _ in rows} == {kind.value for kind in FaultKind}
    assert ("WIRE-2", "corrupt", 0.2) in rows
    assert {(name, share) for name, deed, share in rows if deed == "noise"} == {
        ("LAB-H1", 0.03), ("LAB-H2", 0.03), ("LAB-F1", 0.03), ("WIRE-4", 0.2),
    }  # fmt: skip


def test_each_trait_of_a_meter_has_a_row(lab: Fleet) -> None:
    rows = {(str(row.meter.id), row.deed): row for row in wire_truths(lab) if row.share is None}
    assert rows["TRAIT-SEQ", "wrong_sequence"].why == "the meter has wrong_sequence = true"
    assert ("TRAIT-CLK", "clock_jumps") in rows
    assert ("TRAIT-FRZ", "missing_freezes") in rows
    assert not any(name.startswith("LAB-") for name, _ in rows)


def test_a_row_has_the_keys_of_a_planted_fault_and_is_for_no_detector(lab: Fleet) -> None:
    row = next(iter(wire_truths(lab))).as_json(lab)
    assert row.keys() == lab.truth[0].as_json().keys() | {"share"}
    assert row["detector"] is None
    assert row["starts_at"] == NOW.isoformat()
