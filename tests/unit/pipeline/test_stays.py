"""Swaps with their opening and closing registers, and transformers changed within a slot."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from pipeline.intervals import RegisterBounds, RegisterReadings, SlotGrid, energy_kwh
from pipeline.model import MeterId
from pipeline.registry import Installation, Ratio, Registry
from pipeline.stays import (
    ALWAYS,
    Register,
    RegisterHistory,
    Stay,
    known_slot_edges,
    register_histories,
    slot_energies,
    slot_pieces,
)

GRID = SlotGrid(starts_at=np.datetime64("2026-01-01T00:00", "us"), minutes=15, slots=4)
IMPORT = "active_energy_import"
REGISTER = Register(quantity=IMPORT, resolution=0.01, bounds=RegisterBounds(scale=100_000_000))
M = MeterId("M")


def _at(clock: str) -> np.datetime64:
    return np.datetime64(f"2026-01-01T{clock}", "us")


def _instant(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-01-01T{clock}").replace(tzinfo=UTC)


def _load_records(counts: Sequence[int], times: Sequence[str]) -> RegisterReadings:
    return RegisterReadings(
        taken_at=np.array([_at(t) for t in times]),
        counts=np.array(counts, dtype=np.int64),
        rank=np.zeros(len(counts), dtype=np.int64),
    )


EDGES = ("00:00", "00:15", "00:30", "00:45", "01:00")


def test_an_old_meter_counts_up_to_its_closing_register() -> None:
    taken_off = Stay(ends_at=_at("00:20"), closing={IMPORT: 1.25})
    readings = _load_records([100, 110], EDGES[:2])
    pieces = slot_pieces(readings, GRID, REGISTER, RegisterHistory(stays=(taken_off,)))
    kwh, quality, _ = slot_energies(pieces, energy_kwh(pieces.counts, 0.01))
    # 1.10 - 1.00 in the first slot, 1.25 - 1.10 up to the swap.
    assert kwh[:2] == pytest.approx([0.10, 0.15])
    assert quality.tolist() == ["A", "A", "N", "N"]


def test_a_new_meter_counts_from_its_opening_register_and_not_from_the_bench() -> None:
    fitted = Stay(starts_at=_at("00:20"), opening={IMPORT: 0.40})
    readings = _load_records([7, 12, 45, 50, 56], EDGES)
    pieces = slot_pieces(readings, GRID, REGISTER, RegisterHistory(stays=(fitted,)))
    kwh, quality, _ = slot_energies(pieces, energy_kwh(pieces.counts, 0.01))
    assert quality.tolist() == ["N", "A", "A", "A"]
    assert kwh[1:] == pytest.approx([0.05, 0.05, 0.06])


def test_without_an_opening_register_the_first_part_of_a_slot_is_unknown() -> None:
    fitted = Stay(starts_at=_at("00:20"))
    pieces = slot_pieces(
        _load_records([45, 50, 56], EDGES[2:]), GRID, REGISTER, RegisterHistory(stays=(fitted,))
    )
    kwh, quality, _ = slot_energies(pieces, energy_kwh(pieces.counts, 0.01))
    assert quality.tolist() == ["N", "N", "A", "A"]
    assert np.isnan(kwh[:2]).all()


def test_other_registers_have_their_own_opening() -> None:
    fitted = Stay(starts_at=_at("00:15"), opening={"reactive_energy_q1": 9.0})
    pieces = slot_pieces(
        _load_records([45, 50], EDGES[2:4]), GRID, REGISTER, RegisterHistory(stays=(fitted,))
    )
    assert not pieces.counts.valid[0]


def test_transformers_changed_within_a_slot_cut_it_in_two() -> None:
    history = RegisterHistory(cuts=(_at("00:20"),))
    pieces = slot_pieces(_load_records([0, 10, 25, 30, 40], EDGES), GRID, REGISTER, history)
    assert pieces.counts.counts.tolist() == [10, 5, 10, 5, 10]
    assert pieces.slot.tolist() == [0, 1, 1, 2, 3]
    assert pieces.counts.segment.tolist() == [0, 0, 1, 1, 1]
    factors = np.array([10.0, 10.0, 20.0, 20.0, 20.0])
    kwh, quality, method = slot_energies(pieces, energy_kwh(pieces.counts, 0.01, factors))
    # The cut slot: 0.05 kWh times 10 and 0.10 kWh times 20.
    assert kwh == pytest.approx([1.0, 2.5, 1.0, 2.0])
    assert quality.tolist() == ["A", "E", "A", "A"]
    assert method[1] == "interpolated"


def test_segments_of_two_stays_have_numbers_of_their_own() -> None:
    stays = (
        Stay(ends_at=_at("00:15"), closing={IMPORT: 1.0}),
        Stay(starts_at=_at("00:30"), opening={IMPORT: 1.0}),
    )
    readings = _load_records([90, 999, 100, 110, 120], EDGES)
    pieces = slot_pieces(readings, GRID, REGISTER, RegisterHistory(stays=stays))
    assert pieces.counts.counts.tolist() == [10, 10, 10]
    assert pieces.counts.segment.tolist() == [0, 1, 1]
    assert pieces.slot.tolist() == [0, 2, 3]


def test_a_meter_that_hung_nowhere_in_the_span_has_no_energy() -> None:
    gone = RegisterHistory(stays=(Stay(ends_at=_at("00:00")),))
    pieces = slot_pieces(_load_records([0, 1, 2, 3, 4], EDGES), GRID, REGISTER, gone)
    kwh, quality, _ = slot_energies(pieces, energy_kwh(pieces.counts, 0.01))
    assert np.isnan(kwh).all()
    assert set(quality.tolist()) == {"N"}


def test_a_change_on_paper_alone_does_not_end_a_stay() -> None:
    paper = [
        Installation(meter=M, service_point="P", bus="B1", ends_at=_instant("00:20")),
        Installation(meter=M, service_point="P", bus="B2", starts_at=_instant("00:20")),
    ]
    assert register_histories(Registry(installations=paper))[M] == RegisterHistory(cuts=(_at("00:20"),))


def test_the_archive_tells_stays_and_cuts_of_each_meter() -> None:
    registry = Registry(
        installations=[
            Installation(meter=M, service_point="P", ends_at=_instant("00:20"), closing={IMPORT: 1.25}),
            Installation(meter=M, service_point="Q", starts_at=_instant("00:40"), opening={IMPORT: 1.30}),
        ],
        ratios=[Ratio(meter=MeterId("N"), ct=20.0, starts_at=_instant("00:10"))],
    )
    found = register_histories(registry)
    assert [stay.closing for stay in found[M].stays] == [{IMPORT: 1.25}, {}]
    assert found[M].stays[1].starts_at == _at("00:40")
    assert found[MeterId("N")] == RegisterHistory(stays=ALWAYS.stays, cuts=(_at("00:10"),))


def test_registers_are_known_where_a_stay_or_a_ratio_begins_though_nobody_read_them() -> None:
    long = SlotGrid(starts_at=GRID.starts_at, minutes=15, slots=12)
    readings = _load_records([100, 220], ("00:00", "03:00"))
    moved = RegisterHistory(
        stays=(Stay(ends_at=_at("01:00"), closing={IMPORT: 1.3}), Stay(starts_at=_at("01:00"))),
        cuts=(_at("02:20"),),
    )
    assert np.flatnonzero(known_slot_edges(readings, long, REGISTER)).tolist() == [0, 12]
    # The move falls on an edge, the new transformers between 02:15 and 02:30.
    assert np.flatnonzero(known_slot_edges(readings, long, REGISTER, moved)).tolist() == [0, 4, 9, 10, 12]


def test_a_stay_outside_of_the_slots_names_no_edge() -> None:
    readings = _load_records([100, 104], ("00:00", "01:00"))
    gone = RegisterHistory(stays=(Stay(ends_at=_at("00:00") - np.timedelta64(9, "D")),))
    assert not known_slot_edges(readings, GRID, REGISTER, gone).any()
