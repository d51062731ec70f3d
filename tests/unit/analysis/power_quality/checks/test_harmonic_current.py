"""Harmonic currents in amperes against the user's scaled share."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.harmonic_limits import GB_14549
from analysis.power_quality.checks.harmonic_current import judge
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import PointMonth
from pipeline.quantities import Quantity
from tests.harmonic_months import SUPPLY, TEN_KV, by_subject, every_phase, exact_load, load_month, reason_keys
from tests.quality_months import POINT, month, slots, wavering

Q = Quantity
GOOD, BAD = Compliance.COMPLIANT, Compliance.VIOLATING
OPEN, NONE = Compliance.NOT_DECIDABLE, Compliance.NOT_APPLICABLE
FULL = {"a": 60.0, "b": 60.0, "c": 60.0}
DRIVES = {5: 20.0, 7: 14.0, 11: 6.0, 13: 4.0}


def by(judged: PointMonth) -> dict[str, Judgement]:
    return by_subject(judge(judged), GB_14549)


def test_amperes_are_judged_against_the_scaled_and_shared_limit() -> None:
    """Cases T5 and T19: 12 A of order 5 against 12.599210 A, 8.4 A of order 7."""
    found = by(exact_load())
    five = found["h5"]
    assert five.value == pytest.approx(12.0, rel=1e-5)
    assert five.limit == pytest.approx(12.599210, rel=1e-6)
    assert five.verdict is GOOD
    assert five.unit == "A"
    assert five.formula == "I_5 = 20 A × 200 MVA / 100 MVA × (5 MVA / 20 MVA)^(1/1.2) = 12.5992 A"
    assert found["h3"].limit == pytest.approx(11.343125, rel=1e-6)
    assert found["h2"].limit == pytest.approx(26.0, rel=1e-9)
    assert found["h7"].value == pytest.approx(8.4, rel=1e-5)
    assert {"sharing_clause", "polls_for_means"} <= reason_keys(found["h2"])


def test_the_limits_origin_and_the_voltage_that_the_current_makes_are_figures() -> None:
    figures = by(exact_load())["h5"].figures
    assert (figures["table_a"], figures["power_factor"]) == (20.0, 2.0)
    assert figures["share"] == pytest.approx(0.25 ** (1 / 1.2))
    assert figures["voltage_percent"] == pytest.approx(3.0**0.5 * 10 * 5 * 12.0 / 2000.0, rel=1e-5)


def test_a_violation_names_the_phase() -> None:
    found = by(load_month(FULL | {"b": 90.0}, every_phase(DRIVES)))["h5"]
    assert (found.verdict, found.evidence.phase) == (BAD, "B")


def test_a_small_load_of_large_distortion_violates_nothing() -> None:
    """THD_I of 60 % of 1 A."""
    found = by(load_month(dict.fromkeys("abc", 1.0), every_phase({3: 40.0, 5: 45.0})))
    assert {j.verdict for j in found.values()} == {GOOD}


@pytest.mark.parametrize(
    ("entry", "supply"),
    [
        ("[[supply]] short_circuit_mva", replace(SUPPLY, short_circuit_mva=None)),
        ("[[supply]] agreed_mva", replace(SUPPLY, agreed_mva=None)),
        ("[[supply]] equipment_mva", replace(SUPPLY, equipment_mva=0.0)),
        ("[[supply]] short_circuit_mva", None),
    ],
)
def test_without_the_supplys_powers_nothing_is_decided_and_the_entry_is_named(
    entry: str, supply: object
) -> None:
    point = replace(TEN_KV, supply=supply)  # type: ignore[arg-type] # parametrize gives objects
    found = by(load_month(FULL, every_phase(DRIVES), point=point))
    assert {j.verdict for j in found.values()} == {OPEN}
    assert found["h5"].value is not None
    assert (found["h5"].limit, found["h5"].formula) == (None, "")
    wanted = [r.parameters["entry"] for r in found["h5"].reasons if r.key == "wants_entry"]
    assert entry in wanted


def test_without_a_limit_the_phase_of_the_most_amperes_is_told() -> None:
    """12 A of order 5 in A and C (case T5), half as much again in B."""
    judged = exact_load(replace(TEN_KV, supply=None))
    judged.values[Q.CURRENT_B][:] *= 1.5
    five = by(judged)["h5"]
    assert five.value == pytest.approx(18.0, rel=1e-5)
    assert five.evidence.phase == "B"
    signature = next(j for j in judge(judged) if j.subject == "signature")
    assert signature.value == pytest.approx(18.0, rel=1e-5)
    assert signature.evidence.phase == "B"


def test_an_agreed_power_above_the_equipments_contradicts_itself() -> None:
    point = replace(TEN_KV, supply=replace(SUPPLY, agreed_mva=40.0))
    found = by(load_month(FULL, every_phase(DRIVES), point=point))
    assert {j.verdict for j in found.values()} == {OPEN}
    assert "agreed_over_equipment" in reason_keys(found["h5"])


def test_the_total_alone_can_prove_that_every_order_complies() -> None:
    """At 0.5 A of all harmonics no order is over; at 5 A those of large limits are not, others are open."""
    for rms, thd, some in ((10.0, 5.0, GOOD), (50.0, 10.0, OPEN)):
        columns = {Q(f"current_{p}"): wavering(rms, slots(), 0.1, seed=ord(p)) for p in "abc"}
        columns |= {Q(f"current_thd_{p}"): wavering(thd, slots(), 0.1, seed=ord(p)) for p in "abc"}
        found = by(month(columns, point=TEN_KV))
        assert (found["h5"].verdict, found["h24"].verdict) == (GOOD, some)
        assert len(found) == 24
        assert "currents_bounded_by_thd" in reason_keys(found["h2"])
    assert not [j for j in judge(month(columns, point=TEN_KV)) if j.subject == "signature"]


def test_a_total_in_percent_without_amperes_is_never_a_violation() -> None:
    columns = {Q(f"current_thd_{p}"): wavering(80.0, slots(), seed=ord(p)) for p in "abc"}
    (found,) = by(month(columns, point=TEN_KV)).values()
    assert found.verdict is OPEN
    assert "thd_without_current" in reason_keys(found)


def test_a_meter_without_current_harmonics_is_not_decidable() -> None:
    (found,) = by(month({Q.CURRENT_A: wavering(50.0, slots())}, point=TEN_KV)).values()
    assert (found.verdict, reason_keys(found)) == (OPEN, {"absent"})


def test_a_current_read_at_another_time_than_its_spectrum_is_not_taken() -> None:
    judged = load_month(FULL, every_phase(DRIVES))
    near = replace(judged, spectrum_at=judged.spectrum_at + np.timedelta64(60, "s"))
    far = replace(judged, spectrum_at=judged.spectrum_at + np.timedelta64(400, "s"))
    assert by(near)["h5"].evidence.n == slots()
    assert "currents_bounded_by_thd" in reason_keys(by(far)["h2"])


def test_a_missing_current_leaves_its_phase_open() -> None:
    found = by(load_month({"a": 20.0, "b": 20.0}, every_phase(DRIVES)))
    assert found["h5"].verdict is OPEN
    assert "absent" in reason_keys(found["h2"])


def test_the_spectrum_tells_what_kind_of_load_it_is() -> None:
    found = next(j for j in judge(load_month(FULL, every_phase(DRIVES))) if j.subject == "signature")
    assert (found.verdict, found.reference) == (NONE, None)
    assert reason_keys(found) == {"dominant_order", "looks_six_pulse"}
    assert found.figures["dominant"] == 5


def test_a_level_of_no_row_is_not_applicable() -> None:
    point = replace(POINT, nominal_kv=3.0, supply=SUPPLY)
    found = judge(load_month(FULL, every_phase(DRIVES), point=point))
    assert found[0].verdict is NONE
    assert reason_keys(found[0]) == {"no_level"}


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_amperes_grow_with_the_current(factor: float) -> None:
    small = by(load_month(FULL, every_phase(DRIVES)))
    large = by(load_month({p: factor * a for p, a in FULL.items()}, every_phase(DRIVES)))
    for subject, judgement in small.items():
        assert large[subject].value == pytest.approx(factor * (judgement.value or 0.0))
