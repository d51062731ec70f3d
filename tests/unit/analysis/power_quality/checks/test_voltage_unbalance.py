"""Voltage unbalance: by phasors of waveforms, by lines, as a bound and as an indicator; wiring kept apart."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from analysis.power_quality.checks.voltage_unbalance import judge
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import Columns, PointMonth
from analysis.power_quality.recorded import Recorded, Timed
from analysis.waveform.sequences import unbalances
from pipeline.quantities import Quantity
from pipeline.timegrid import to_numpy
from tests.quality_months import BEGIN, SINGLE_PHASE, THREE_WIRE, month, slots, wavering

Q = Quantity
N, TENS = slots(), slots(600.0)
PHASES = (Q.VOLTAGE_A, Q.VOLTAGE_B, Q.VOLTAGE_C)
LINES = (Q.VOLTAGE_AB, Q.VOLTAGE_BC, Q.VOLTAGE_CA)
GOOD, BAD, OPEN = Compliance.COMPLIANT, Compliance.VIOLATING, Compliance.NOT_DECIDABLE


def found(given: PointMonth) -> dict[str, Judgement]:
    return {f"{j.reference.standard} {j.subject}": j for j in judge(given) if j.reference}


def verdicts(given: PointMonth) -> list[Compliance]:
    return [judgement.verdict for judgement in judge(given)]


def keys(judgement: Judgement) -> list[str]:
    return [reason.key for reason in judgement.reasons]


def levelled(names: tuple[Quantity, ...], levels: tuple[float, float, float]) -> dict[Quantity, Columns]:
    """The three waver together, so that their ratio stays."""
    common = wavering(1.0, N, 0.002)
    return {q: level * common for q, level in zip(names, levels, strict=True)}


def recorded(magnitudes: tuple[float, float, float], degrees: tuple[float, float, float]) -> PointMonth:
    """A month of whole 10 minutes of which waveforms showed these phasors."""
    phasors = np.array(magnitudes) * np.exp(1j * np.radians(degrees))
    at = to_numpy(BEGIN) + np.arange(TENS) * np.timedelta64(600, "s")
    negative, zero = (np.full(TENS, float(part)) for part in unbalances(phasors))
    series = {"negative": Timed(at=at, values=negative), "zero": Timed(at=at, values=zero)}
    return month(recorded=Recorded(unbalance=series))


def test_phasors_of_waveforms_tell_t10() -> None:
    of = found(recorded((220.0, 220.0, 198.0), (0.0, -120.0, 120.0)))
    shown = {name: of[name] for name in of if "recorded" in name}
    assert [j.value for j in shown.values()] == pytest.approx([3.448276] * 3, rel=1e-6)
    assert [j.verdict for j in shown.values()] == [BAD, GOOD, BAD]
    ninety_five, always = of["GB/T 15543 recorded 95 %"], of["GB/T 15543 recorded always"]
    assert (ninety_five.limit, always.limit) == (2.0, 4.0)
    assert ninety_five.evidence.rank == 4104  # ceil(0.95 * 4320)
    assert ninety_five.figures["method"] == "phasors"
    zero = ninety_five.figures["zero_sequence_percent"]
    assert isinstance(zero, dict)
    assert zero["mean"] == pytest.approx(3.448276, rel=1e-6)


def test_phasors_see_a_wrong_angle_that_magnitudes_do_not() -> None:
    """Case T12: 5.830099 %, over the short-time limit too."""
    given = recorded((220.0, 220.0, 220.0), (0.0, -120.0, 130.0))
    assert [j.verdict for name, j in found(given).items() if "recorded" in name] == [BAD, BAD, BAD]
    blind = judge(month(levelled(PHASES, (220.0, 220.0, 220.0))))
    assert {j.verdict for j in blind} == {OPEN}
    assert blind[0].value == pytest.approx(0.0, abs=1e-9)
    assert "indicator_only" in keys(blind[0])
    assert blind[0].figures["interval_percent"] == [0.0, None]


def test_a_record_of_an_hour_leaves_the_month_open_beside_the_registers() -> None:
    lines = month(levelled(LINES, (400.0, 400.0, 399.0)), point=replace(THREE_WIRE, nominal_kv=0.38))
    hour = recorded((220.0, 220.0, 198.0), (0.0, -120.0, 120.0)).recorded.within(
        BEGIN, BEGIN + timedelta(hours=1)
    )
    of = found(replace(lines, recorded=hour, point=replace(lines.point, nominal_v=400.0)))
    assert of["GB/T 15543 95 %"].verdict is GOOD
    assert of["GB/T 15543 recorded 95 %"].verdict is OPEN
    assert of["GB/T 15543 recorded 95 %"].evidence.n == 6


def test_magnitudes_alone_are_an_indicator_without_a_verdict() -> None:
    """PVUR of T10 is twice the unbalance; neither violates nor complies."""
    of = judge(month(levelled(PHASES, (220.0, 220.0, 198.0))))
    assert {j.verdict for j in of} == {OPEN}
    assert of[0].value == pytest.approx(6.896552, rel=1e-6)
    assert of[0].figures["method"] == "magnitudes"
    assert of[0].evidence.if_missing_good is None


@pytest.mark.parametrize(
    ("lines", "percent", "expected"),
    [
        ((380.0, 380.0, 361.0), 3.362972, [BAD, GOOD, BAD]),
        ((100.0, 95.0, 105.0), 5.783780, [BAD, BAD, BAD]),
        ((400.0, 400.0, 399.0), 0.166736, [GOOD, GOOD, GOOD]),
    ],
)
def test_three_lines_are_exact(
    lines: tuple[float, float, float], percent: float, expected: list[Compliance]
) -> None:
    """Case T13; the last by U2/U1 of the triangle's phasors."""
    given = month(levelled(LINES, lines), point=replace(THREE_WIRE, nominal_v=lines[0], nominal_kv=0.38))
    assert verdicts(given) == expected
    assert judge(given)[0].value == pytest.approx(percent, rel=1e-5)
    assert judge(given)[0].figures["method"] == "lines"


def test_lines_that_make_no_triangle_are_not_judged() -> None:
    lines = levelled(LINES, (10_000.0, 10_000.0, 9_990.0))
    lines[Q.VOLTAGE_AB][:5] = 25_000.0
    of = judge(month(lines, point=THREE_WIRE))
    assert [j.verdict for j in of] == [GOOD, GOOD, GOOD]
    assert of[0].reasons[0].parameters == {"n": 5}


def test_lines_of_zeros_are_absent() -> None:
    given = levelled(PHASES, (220.0, 220.0, 220.0)) | {q: np.zeros(N) for q in LINES}
    assert judge(month(given))[0].figures["method"] == "magnitudes"


def test_a_third_line_of_zeros_leaves_two() -> None:
    lines = levelled(LINES, (10_000.0, 9_000.0, 0.0)) | {Q.VOLTAGE_CA: np.zeros(N)}
    of = judge(month(lines, point=THREE_WIRE))[0]
    assert (of.figures["method"], of.verdict) == ("two_lines", BAD)
    assert "lost_phase" not in keys(of)


def test_a_phase_that_is_gone_all_month_is_lost_and_not_absent() -> None:
    given = levelled(PHASES, (220.0, 220.0, 0.0))
    of = judge(month(given))[0]
    assert (of.verdict, of.value) == (OPEN, None)
    assert "lost_phase" in keys(of)


def test_two_lines_bound_it_and_can_only_violate() -> None:
    lines = levelled(LINES, (10_000.0, 9_000.0, 0.0))
    del lines[Q.VOLTAGE_CA]
    of = judge(month(lines, point=THREE_WIRE))
    assert of[0].verdict is BAD
    assert "lower_bound" in keys(of[0])
    lines[Q.VOLTAGE_BC] = lines[Q.VOLTAGE_AB] * 0.995
    of = judge(month(lines, point=THREE_WIRE))
    assert of[0].verdict is OPEN
    assert of[0].figures["interval_percent"] == [of[0].value, None]


def test_a_turned_transformer_of_two_is_wiring() -> None:
    """Its third line is the root of three of the others: 50 % by the formula."""
    of = judge(month(levelled(LINES, (10_000.0, 10_000.0, 17_320.508)), point=THREE_WIRE))
    assert of[0].verdict is OPEN
    assert "wiring" in keys(of[0])


def test_one_phase_of_three_is_lost_and_not_unbalanced() -> None:
    """Case T11 would be 100 %."""
    given = month(levelled(PHASES, (220.0, 220.0, 220.0)) | levelled(LINES, (381.0, 381.0, 381.0)))
    for gone in (Q.VOLTAGE_B, Q.VOLTAGE_AB, Q.VOLTAGE_BC):
        given.values[gone][300:330] *= 0.5
    given.values[Q.VOLTAGE_B][300:330] = 0.0
    of = judge(given)
    assert [j.verdict for j in of] == [GOOD, GOOD, GOOD]
    assert keys(of[0]) == ["lost_phase", "samples_for_means"]
    assert of[0].evidence.n == N - 30


def test_of_a_month_with_40_percent_only_a_violation_is_certain() -> None:
    given = levelled(LINES, (400.0, 400.0, 399.0))
    for column in given.values():
        column[N * 2 // 5 :] = np.nan
    point = replace(THREE_WIRE, nominal_v=400.0, nominal_kv=0.38)
    of = judge(month(given, point=point))
    assert [j.verdict for j in of] == [OPEN, OPEN, OPEN]
    assert (of[0].evidence.if_missing_good, of[0].evidence.if_missing_bad) == (GOOD, BAD)
    given[Q.VOLTAGE_CA] *= 0.95
    assert judge(month(given, point=point))[0].verdict is BAD


def test_missing_phases_and_single_phases_have_their_own_words() -> None:
    given = levelled(PHASES, (220.0, 220.0, 220.0))
    del given[Q.VOLTAGE_B]
    of = judge(month(given))
    assert {j.verdict for j in of} == {OPEN}
    assert keys(of[0]) == ["absent"]
    (single,) = judge(month({Q.VOLTAGE_A: wavering(220.0, N)}, point=SINGLE_PHASE))
    assert (single.verdict, keys(single)) == (Compliance.NOT_APPLICABLE, ["single_phase"])


def test_the_worst_reading_is_named_by_its_time() -> None:
    given = month(levelled(LINES, (381.0, 381.0, 380.0)))
    given.values[Q.VOLTAGE_CA][77] = 330.0
    assert judge(given)[1].evidence.at == BEGIN + 77 * timedelta(minutes=15)
    assert judge(given)[1].verdict is BAD
