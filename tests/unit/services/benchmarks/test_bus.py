"""The figures themselves are the benchmark's; here: that it measures what it says."""

import pytest

from services.benchmarks.bus import CYCLES, cycles
from services.benchmarks.rows import benchmarks
from services.benchmarks.skipped_waits import run_skipping


@pytest.fixture
def two_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.benchmarks.bus.CYCLES", 2)


@pytest.mark.usefixtures("two_cycles")
def test_a_cycle_reads_every_meter_and_is_never_faster_than_the_line() -> None:
    first, second = run_skipping(cycles(2))
    for cycle in (first, second):
        assert [read.meter for read in cycle.reads] == ["M0", "M1"]
        assert all(read.snapshot is not None and read.cause is None for read in cycle.reads)
        assert cycle.took_s >= cycle.least_s > 1.0
    assert len(first.reads[0].snapshot.values) > 30 if first.reads[0].snapshot else False


@pytest.mark.usefixtures("two_cycles")
def test_a_silent_meter_brings_nothing_and_costs_time() -> None:
    (first, _), (alone, _) = run_skipping(cycles(2, {0})), run_skipping(cycles(1))
    assert [read.snapshot is None for read in first.reads] == [True, False]
    assert first.took_s > alone.took_s + 1.0


def test_it_is_found_by_name_and_long_enough_to_learn_who_is_silent() -> None:
    assert "bus" in benchmarks.all()
    assert CYCLES > 4
