import pytest

from analysis.harmonic_limits import GB_14549
from analysis.power_quality.consistency import Consistency
from analysis.power_quality.harmonic_voltages import judge_voltages
from services.benchmarks import harmonic_registers


def test_every_row_compares_with_partitions_of_the_same_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harmonic_registers, "ROUNDS", 2)
    rows = list(harmonic_registers.register_rows())
    assert len(rows) == 3
    assert all(row.value > 0 and row.limit is not None and row.limit > 0 for row in rows)


def test_the_month_that_is_measured_is_judged_in_every_order() -> None:
    month = harmonic_registers._month()
    found = judge_voltages(Consistency(month=month), GB_14549, "harmonic_voltage")
    assert len(found) == 26
    assert {j.evidence.n for j in found} == {2976}
