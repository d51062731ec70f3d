"""The planted faults of the demo, in the digits of a meter, before the detectors: no twin is accused."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Verdict
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from pipeline.timegrid import from_numpy, slot_grid
from simulators.fleet.archive import archive_of
from simulators.fleet.build import Fleet, SimulatedMeter, build_fleet, load_fleet

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
JUDGED = ("suspended_load", "voltage_deviation")
VOLTAGES = (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C)


def concerned(fleet: Fleet) -> list[SimulatedMeter]:
    """Return the meters with a label or a suspension, and an ordinary neighbour on each line."""
    named = {t.meter for t in fleet.truth} | {s.meter for s in fleet.plan.suspensions}
    remembering = [m for m in fleet.meters if not m.plan.line.startswith("modbus")]
    return [m for m in remembering if m.id in named or m.id.endswith("-01")]


def seen(fleet: Fleet, meters: list[SimulatedMeter]) -> MeterMatrix:
    """Return what the load records of the meters say, in the digits of DL/T 645, on the primary side."""
    starts_at = slot_grid(fleet.memory_from, fleet.now - QUARTER, 15)
    shape = (len(meters), len(starts_at))
    volts = {quantity: np.full(shape, np.nan, np.float32) for quantity in VOLTAGES}
    power = np.full(shape, np.nan)
    registers = np.full((2, len(meters), len(starts_at) + 1), np.nan)
    for row, meter in enumerate(meters):
        for column, slot in enumerate([*starts_at, starts_at[-1] + np.timedelta64(15, "m")]):
            shown = meter.model.read(from_numpy(slot))
            if not shown:
                continue  # it had no power
            registers[0, row, column] = round(shown[Quantity.ACTIVE_ENERGY_IMPORT], 2)
            registers[1, row, column] = round(shown[Quantity.REACTIVE_ENERGY_IMPORT], 2)
            if column == len(starts_at):
                continue
            power[row, column] = round(shown[Quantity.ACTIVE_POWER], 4)
            if meter.plan.wiring is not Wiring.THREE_PHASE_THREE_WIRE:
                for quantity in VOLTAGES:
                    volts[quantity][row, column] = round(shown.get(quantity, np.nan), 1)
    ratio = np.array([meter.plan.ct * meter.plan.pt for meter in meters])
    energy = np.diff(registers, axis=2) * ratio[:, None]
    return MeterMatrix(
        meters=[meter.id for meter in meters],
        starts_at=starts_at,
        minutes=15,
        values=volts,
        import_kwh=energy[0],
        quality=np.full(shape, "A"),
        step_kwh=ratio * 0.01,
        power_kw=power * ratio[:, None],
        import_kvarh=energy[1],
    )


def abnormal(fleet: Fleet, meters: list[SimulatedMeter]) -> list[Episode]:
    """Return what the detectors that there are find in load records."""
    registry = archive_of(fleet, {bus.id: "tcp://127.0.0.1:1" for bus in fleet.plan.buses})
    found = run(seen(fleet, meters), registry, only=list(JUDGED))
    return [episode for episode in found if episode.verdict is Verdict.ABNORMAL]


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return build_fleet(load_fleet("demo"), NOW)


@pytest.fixture(scope="module")
def episodes(fleet: Fleet) -> list[Episode]:
    return abnormal(fleet, concerned(fleet))


def test_every_planted_fault_is_found(fleet: Fleet, episodes: list[Episode]) -> None:
    for truth in (t for t in fleet.truth if not t.twin):
        assert any(
            episode.meter == truth.meter
            and episode.detector == truth.detector
            and episode.starts_at <= truth.starts_at
            and (episode.ends_at is None or (truth.ends_at is not None and truth.ends_at <= episode.ends_at))
            for episode in episodes
        ), truth


def test_no_twin_and_no_neighbour_is_accused(fleet: Fleet, episodes: list[Episode]) -> None:
    guilty = {(t.meter, t.detector) for t in fleet.truth if not t.twin}
    assert {(episode.meter, episode.detector) for episode in episodes} == guilty


def test_the_energy_at_stake_is_the_planted_energy(fleet: Fleet, episodes: list[Episode]) -> None:
    (episode,) = [e for e in episodes if e.meter == "IND-03"]
    planted_kwh = sum(t.energy_kwh or 0.0 for t in fleet.truth if t.meter == "IND-03")
    assert episode.energy_kwh == pytest.approx(planted_kwh, rel=0.01)


@pytest.mark.parametrize("name", ["lab", "area", "substation"])
def test_in_the_other_fleets_too_every_fault_is_found_and_no_twin_is_accused(name: str) -> None:
    fleet = build_fleet(load_fleet(name), NOW)
    modbus = {bus.id for bus in fleet.plan.buses if bus.protocol == "modbus"}
    named = {t.meter for t in fleet.truth} | {s.meter for s in fleet.plan.suspensions}
    meters = [m for m in fleet.meters if m.id in named and m.plan.line not in modbus]
    found = {(episode.meter, episode.detector) for episode in abnormal(fleet, meters)}
    guilty = {(t.meter, t.detector) for t in fleet.truth if not t.twin and t.detector in JUDGED}
    suspected = {(t.meter, detector) for t in fleet.truth for detector in t.also}
    assert guilty <= found <= guilty | suspected
