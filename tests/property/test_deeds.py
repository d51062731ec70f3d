"""What holds for every planted fault: physics that agree, and no trace outside its window."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.model import MeterId
from pipeline.quantities import Group, Kind, Quantity
from pipeline.registry import Wiring
from simulators.faults.deed import Deed, Key, deeds
from simulators.faults.detector_numbers import DETECTORS
from simulators.faults.planting import PlantedFault, plant
from simulators.physics.harmonics import thd_of
from simulators.physics.model import MeterConfig, MeterModel
from simulators.physics.shapes import LoadPlan, synthetic
from simulators.physics.window import Window
from simulators.physics.world import World, honest_world, model_of

START = datetime(2024, 6, 2, 16, tzinfo=UTC)
DAYS = 16
QUARTER = timedelta(minutes=15)
CURVE = synthetic(
    LoadPlan(shape="two_shift", peak_kw=300, power_factor=0.9),
    START,
    START + timedelta(days=DAYS),
    15,
    seed=5,
)
ELEMENTS = {
    Wiring.ONE_PHASE: {"a": Quantity.VOLTAGE_A},
    Wiring.THREE_PHASE_THREE_WIRE: {"a": Quantity.VOLTAGE_AB, "c": Quantity.VOLTAGE_BC},
    Wiring.THREE_PHASE_FOUR_WIRE: {p: Quantity(f"voltage_{p}") for p in "abc"},
}
RATED_V = {Wiring.THREE_PHASE_THREE_WIRE: 100.0}
CASES = [(name, wiring) for name, deed in deeds.all().items() for wiring in deed.wirings]
DISAGREEING = {"identity_break", "swapped_currents"}
"""What it does is just that."""

each_case = pytest.mark.parametrize(("name", "wiring"), CASES)
some_windows = st.builds(
    lambda first, length: Window(
        starts_at=START + first * QUARTER, ends_at=START + (first + length) * QUARTER
    ),
    st.integers(9 * 96, 14 * 96),
    st.integers(1, 96),
)
some_instants = st.floats(0, DAYS * 86_400.0).map(lambda s: START + timedelta(seconds=s))


def honest(wiring: Wiring) -> World:
    config = MeterConfig(
        id=MeterId("M1"), wiring=wiring, ct=40, rated_voltage_v=RATED_V.get(wiring, 220.0), base_kwh=5000
    )
    return honest_world(config, CURVE, seed=9)


def values_of(deed: Deed, wiring: Wiring, data: st.DataObject) -> dict[str, float | str]:
    return {key.name: data.draw(value_of(key, deed, wiring), label=key.name) for key in deed.keys}


def value_of(key: Key, deed: Deed, wiring: Wiring) -> st.SearchStrategy[float | str]:
    if key.name == "phase":
        return st.sampled_from(list(deed.phases(wiring)))
    if key.words:
        return st.sampled_from(list(key.words))
    if key.is_text:
        return st.just(str(key.default or "TQ"))
    if key.name in {"digits", "rate", "days_back", "open_minutes"}:
        return st.integers(math.ceil(key.least), int(min(key.most, 8))).map(float)
    return st.floats(max(key.least, 0.01), min(key.most, 50.0))


def planted(name: str, wiring: Wiring, window: Window, data: st.DataObject) -> MeterModel:
    fault = PlantedFault(
        meter=MeterId("M1"),
        service_point="SP",
        deed=name,
        windows=[window],
        values=values_of(deeds.get(name), wiring, data),
    )
    world, _ = plant(honest(wiring), [fault], START + timedelta(days=DAYS))
    return model_of(world)


@each_case
@settings(max_examples=6, deadline=None)
@given(data=st.data(), window=some_windows, instant=some_instants)
def test_a_fault_changes_nothing_outside_its_window(
    name: str, wiring: Wiring, data: st.DataObject, window: Window, instant: datetime
) -> None:
    assume(not window.starts_at <= instant < window.ends_at)
    shown = planted(name, wiring, window, data).read(instant)
    usual = model_of(honest(wiring)).read(instant)
    same = {q for q in usual if q.group in {Group.ELECTRICAL, Group.DEVICE}}
    if instant < window.starts_at and name != "roll_over":
        # Afterwards registers lack what was not counted; before a roll-over they stand elsewhere all along.
        same |= {q for q in usual if q.kind is Kind.COUNTER}
    for quantity in same:
        assert shown[quantity] == pytest.approx(usual[quantity], rel=1e-9, abs=1e-9), quantity


@each_case
@settings(max_examples=6, deadline=None)
@given(data=st.data(), window=some_windows, share=st.floats(0, 1))
def test_powers_voltages_and_currents_agree_under_every_fault(
    name: str, wiring: Wiring, data: st.DataObject, window: Window, share: float
) -> None:
    shown = planted(name, wiring, window, data).read(
        window.starts_at + share * (window.ends_at - window.starts_at)
    )
    if not shown or name in DISAGREEING:
        return
    elements = ELEMENTS[wiring]
    for stem in ("active_power", "reactive_power"):
        parts = [shown[Quantity(f"{stem}_{p}")] for p in elements]
        assert sum(parts) == pytest.approx(shown[Quantity(stem)], abs=1e-9)
    for phase, voltage in elements.items():
        p_kw, q_kvar, s_kva, factor, angle, amps = (
            shown[Quantity(f"{stem}_{phase}")]
            for stem in (
                "active_power", "reactive_power", "apparent_power", "power_factor", "phase_angle", "current",
            )
        )  # fmt: skip
        assert shown[voltage] * amps / 1000 == pytest.approx(s_kva, rel=1e-9, abs=1e-9)
        assert math.hypot(p_kw, q_kvar) == pytest.approx(s_kva, rel=1e-9, abs=1e-12)
        assert s_kva * factor == pytest.approx(p_kw, rel=1e-9, abs=1e-9)
        assert s_kva * math.cos(math.radians(angle)) == pytest.approx(p_kw, rel=1e-7, abs=1e-9)


@each_case
@settings(max_examples=4, deadline=None)
@given(data=st.data(), window=some_windows, offset_s=st.floats(0, 899))
def test_registers_grow_by_the_power_that_is_shown_unless_the_fault_is_theirs(
    name: str, wiring: Wiring, data: st.DataObject, window: Window, offset_s: float
) -> None:
    if deeds.get(name).act.__module__.endswith((".registers", ".display", ".archive")):
        return
    model = planted(name, wiring, window, data)
    instant = window.starts_at + timedelta(seconds=offset_s)
    shown = model.read(instant)
    step = timedelta(seconds=min(1.0, 899.5 - offset_s) if offset_s < 899 else 0.5)
    grown_kwh = sum(
        sign * (model.read(instant + step)[q] - shown[q])
        for sign, q in ((1, Quantity.ACTIVE_ENERGY_IMPORT), (-1, Quantity.ACTIVE_ENERGY_EXPORT))
        if shown
    )
    expected_kwh = shown[Quantity.ACTIVE_POWER] * step.total_seconds() / 3600 if shown else 0.0
    assert grown_kwh == pytest.approx(expected_kwh, rel=1e-5, abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(
    wiring=st.sampled_from(list(Wiring)),
    voltage=st.floats(0.5, 5),
    current=st.floats(0.5, 5),
    instant=some_instants,
)
def test_spectra_and_total_distortion_agree(
    wiring: Wiring, voltage: float, current: float, instant: datetime
) -> None:
    fault = PlantedFault(
        meter=MeterId("M1"),
        service_point="SP",
        deed="harmonics",
        windows=[Window(starts_at=START, ends_at=START + timedelta(days=8))],
        values={"voltage_factor": voltage, "current_factor": current},
    )
    world, _ = plant(honest(wiring), [fault], START + timedelta(days=DAYS))
    model = model_of(world)
    shown, spectra = model.read(instant), model.spectrum(instant)
    assert len(spectra) == 2 * len(ELEMENTS[wiring])
    for quantity, content in spectra.items():
        thd = Quantity(quantity.value.replace("harmonic", "thd"))
        assert thd_of(content) == pytest.approx(shown[thd], rel=1e-9)
        assert (content[1], len(content)) == (100.0, 22)


def test_every_deed_names_a_known_detector_and_has_keys_of_its_own() -> None:
    for name, deed in deeds.all().items():
        assert {deed.detector, *deed.also} <= set(DETECTORS), name
        assert deed.detector not in deed.also, name
        keys = [key.name for key in deed.keys]
        reserved = {"deed", "meter", "days_ago", "at", "minutes", "days", "nights", "twin", "why"}
        assert len({*keys, *reserved}) == len(keys) + len(reserved), name
