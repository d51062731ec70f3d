"""The ready fleets, served as a user serves them and read by our own collector."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import NoAnswerError
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.profile import Side
from services.read_meter import ReadNow, read_meter_at
from services.scan import scan
from services.wiring import load_profiles, utc_now
from simulators.fleet.build import SimulatedMeter, build_fleet, load_fleet
from simulators.fleet.serving import ServedFleet
from simulators.line import FaultKind
from storage.registry_files import read_registry
from tests.integration.served_fleet import served

PROGRAM = [sys.executable, "-c", "from cli.main import main; main()", "simulate"]
START_S = 60.0
SHOWN = (Quantity.ACTIVE_ENERGY_IMPORT, Quantity.ACTIVE_POWER, Quantity.CURRENT_A, Quantity.FREQUENCY)
VOLTAGE = {Wiring.THREE_PHASE_THREE_WIRE: Quantity.VOLTAGE_AB}
READ = [
    ("lab", "LAB-H2"), ("lab", "LAB-M1"), ("lab", "WIRE-1"), ("lab", "WIRE-9"),
    ("lab", "LAB-97"), ("lab", "LAB-SUN"), ("lab", "LAB-R1"),
    ("area", "H-001"), ("area", "SHOP-1"), ("area", "SUPPLY"),
    ("substation", "SUB-MAIN"), ("substation", "MILL"), ("substation", "OFFICE"), ("substation", "PV"),
]  # fmt: skip
"""A meter of each protocol, wiring and kind of line."""


@pytest.fixture(scope="module", params=["lab", "area", "substation"])
def running(request: pytest.FixtureRequest) -> Iterator[ServedFleet]:
    with served(build_fleet(load_fleet(request.param), utc_now())) as fleet:
        yield fleet


def url_of(fleet: ServedFleet, meter: SimulatedMeter) -> str:
    line, _, options = line_of(fleet, meter.plan.line).partition("?")
    place = f"{line}/{meter.plan.address}?{options}{'&' if options else ''}"
    return f"{place}profile={meter.plan.profile}&wiring={meter.plan.wiring}&timeout_s=1"


def line_of(fleet: ServedFleet, bus: str) -> str:
    protocol = next(plan.protocol for plan in fleet.fleet.plan.buses if plan.id == bus)
    return f"{protocol}+{fleet.urls[bus]}"


def ratio_of(meter: SimulatedMeter, unit: str) -> float:
    """Return what stands between the secondary value and what the meter's profile gives."""
    if load_profiles()[meter.plan.profile or ""].side is Side.SECONDARY:
        return 1.0
    ct, pt = meter.plan.ct, meter.plan.pt
    return {"V": pt, "A": ct, "Hz": 1.0}.get(unit, ct * pt)


@pytest.mark.timeout(180)
def test_our_collector_reads_what_the_meters_show(running: ServedFleet) -> None:
    chosen = [name for fleet, name in READ if fleet == running.fleet.plan.name]
    for meter in (m for m in running.fleet.meters if m.id in chosen):
        wanted = {*SHOWN, VOLTAGE.get(meter.plan.wiring, Quantity.VOLTAGE_A)}
        wanted &= load_profiles()[meter.plan.profile or ""].quantities  # one of 1997 has no frequency
        for _ in range(6):  # a fifth of the answers of some lines is lost or late
            read = read_meter_at(url_of(running, meter), frozenset(wanted))
            if not read.failure:
                break
        assert read.failure == "", meter.id
        shown = meter.model.read(read.snapshot.taken_at)
        for quantity in wanted:
            expected = shown[quantity] * ratio_of(meter, quantity.unit)
            value = read.snapshot.values[quantity]
            assert value == pytest.approx(expected, rel=0.01, abs=0.05), (meter.id, quantity)


def one_of(fleet: ServedFleet, name: str) -> SimulatedMeter:
    (meter,) = (m for m in fleet.fleet.meters if m.id == name)
    return meter


@pytest.fixture(scope="module")
def lab() -> Iterator[ServedFleet]:
    with served(build_fleet(load_fleet("lab"), utc_now())) as fleet:
        yield fleet


@pytest.mark.parametrize(
    ("bus", "found"),
    [
        ("lab-1997", {("199700000001", "dlt645_1997", 1997), ("199700000002", "dlt645_1997", 1997)}),
        ("lab-sunspec", {("1", "sunspec_meter", None)}),
        # Three meters of one maker have the same measurements; the settings registers tell this one.
        ("lab-rtu", {("1", "eastron_sdm630", None)}),
    ],
)
def test_a_scan_finds_the_meters_of_other_protocols(
    lab: ServedFleet, bus: str, found: set[tuple[str, str | None, int | None]]
) -> None:
    report = scan(line_of(lab, bus), units=(1, 2), tell=lambda _said: None)
    assert {(meter.address, meter.profile, meter.version) for meter in report.meters} == found


def test_each_deviation_of_a_meter_shows_over_the_wire(lab: ServedFleet) -> None:
    energy = Quantity.ACTIVE_ENERGY_IMPORT

    def read(name: str, *wanted: Quantity) -> ReadNow:
        return read_meter_at(url_of(lab, one_of(lab, name)), frozenset(wanted or {energy}))

    assert "closes blocks with AA" in read("TRAIT-AA", Quantity.VOLTAGE_A, Quantity.VOLTAGE_B).deviations
    assert "04001501" in " ".join(read("TRAIT-RPT", energy, Quantity.VOLTAGE_A).deviations)
    (echoing,) = scan(line_of(lab, "wildcard"), tell=lambda _said: None).meters
    assert "wildcard AA" in " ".join(echoing.deviations)
    assert read("TRAIT-BOOT").snapshot.values[energy] == 0.0
    counted = one_of(lab, "TRAIT-DIG").model.read(utc_now())[energy]
    assert counted > 10_000
    assert read("TRAIT-DIG").snapshot.values[energy] == pytest.approx(counted % 10_000, abs=0.1)
    # 20 s behind, half a second a day for eight days, and a leap of 90 s.
    offset = read("TRAIT-CLK", Quantity.CLOCK_OFFSET).snapshot.values[Quantity.CLOCK_OFFSET]
    assert offset == pytest.approx(-20 + 90 + 4, abs=3)
    volts = read("TRAIT-97", Quantity.VOLTAGE_A).snapshot.values[Quantity.VOLTAGE_A]
    assert volts == pytest.approx(2250, rel=0.05)
    for sound in ("TRAIT-ONE", "TRAIT-SEQ", "TRAIT-D5", "TRAIT-FRZ", "TRAIT-ESC"):
        assert read(sound, *SHOWN).failure == ""


def test_a_wrong_clock_and_a_silent_meter_show_over_the_wire(running: ServedFleet) -> None:
    meters = {m.id: m for m in running.fleet.meters}
    truth = [t for t in running.fleet.truth if t.ends_at is None and t.deed in {"clock_jump", "silent"}]
    for planted in truth:
        url = url_of(running, meters[planted.meter])
        if planted.deed == "silent":
            with pytest.raises(NoAnswerError, match="no answer"):
                read_meter_at(url, frozenset({Quantity.VOLTAGE_A}))
        else:
            read = read_meter_at(url, frozenset({Quantity.CLOCK_OFFSET}))
            expected = 40.0 if planted.twin else 420.0
            # The meter tells whole seconds.
            assert read.snapshot.values[Quantity.CLOCK_OFFSET] == pytest.approx(expected, abs=2.0)
    assert bool(truth) is (running.fleet.plan.name == "area")


def test_the_areas_supply_is_its_homes_and_a_few_percent_of_loss() -> None:
    fleet = build_fleet(load_fleet("area"), datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC))
    plans: dict[str, SimulatedMeter] = {m.id: m for m in fleet.meters}
    day = datetime(2024, 6, 11, 16, tzinfo=UTC)

    def day_kwh(name: str) -> float:
        """Return the net import of a day, primary side."""
        first, last = (plans[name].model.read(edge) for edge in (day, day + timedelta(days=1)))
        imported, exported = (
            last[quantity] - first[quantity]
            for quantity in (Quantity.ACTIVE_ENERGY_IMPORT, Quantity.ACTIVE_ENERGY_EXPORT)
        )
        return (imported - exported) * plans[name].plan.ct

    members = [m.id for m in fleet.meters if m.plan.area == "TQ-200" and m.id != "SUPPLY"]
    assert len([name for name in members if name.startswith("H-")]) == 200
    supply = day_kwh("SUPPLY")
    metered = sum(day_kwh(name) for name in members)
    assert 0.02 < 1 - metered / supply < 0.10


@pytest.mark.parametrize("name", ["lab", "area", "substation"])
def test_the_same_seed_gives_the_same_fleet_and_another_one_another(name: str) -> None:
    plan, now = load_fleet(name), datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)
    first, again, other = (build_fleet(p, now) for p in (plan, plan, replace(plan, seed=plan.seed + 1)))
    assert first.truth == again.truth
    different = 0
    for one, same, else_ in zip(first.meters, again.meters, other.meters, strict=True):
        assert one.model.read(now) == same.model.read(now)
        different += one.model.read(now) != else_.model.read(now)
    # A meter that is dark now shows nothing either way.
    assert different >= len(first.meters) - 2


@pytest.mark.parametrize("name", ["lab", "area", "substation"])
def test_a_voltage_fault_leaves_the_band_and_its_twin_does_not(name: str) -> None:
    fleet = build_fleet(load_fleet(name), datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC))
    meters: dict[str, SimulatedMeter] = {m.id: m for m in fleet.meters}
    for truth in (t for t in fleet.truth if t.deed == "voltage"):
        meter = meters[truth.meter]
        low, high = (0.90, 1.07) if meter.plan.wiring is Wiring.ONE_PHASE else (0.93, 1.07)
        volts = []
        instant = truth.starts_at
        while instant < (truth.ends_at or fleet.now):
            volts.append(meter.model.read(instant)[Quantity.VOLTAGE_A] / meter.plan.rated_voltage_v)
            instant += timedelta(minutes=15)
        inside = all(low <= u <= high for u in volts)
        assert inside is truth.twin, truth


def test_neighbours_voltages_tell_the_phase() -> None:
    """A home's voltage follows its own phase: what the topology detectors live on."""
    fleet = build_fleet(load_fleet("area"), datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC))
    times = [fleet.now - timedelta(minutes=15 * n) for n in range(1, 300)]

    def volts(name: str, quantity: Quantity = Quantity.VOLTAGE_A) -> np.ndarray:
        (model,) = (m.model for m in fleet.meters if m.id == name)
        return np.array([model.read(time)[quantity] for time in times])

    supply = [volts("SUPPLY", Quantity(f"voltage_{phase}")) for phase in "abc"]
    for name, own in (("H-001", 0), ("H-002", 1), ("H-003", 2)):
        likeness = [np.corrcoef(volts(name), other)[0, 1] for other in supply]
        assert int(np.argmax(likeness)) == own


def test_the_substations_main_meter_sees_its_feeders_and_the_check_meter_agrees() -> None:
    fleet = build_fleet(load_fleet("substation"), datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC))
    before_faults = fleet.now - timedelta(days=16)
    power: dict[str, float] = {
        m.id: m.model.read(before_faults)[Quantity.ACTIVE_POWER] * m.plan.ct * m.plan.pt for m in fleet.meters
    }
    feeders = sum(power[m.id] for m in fleet.meters if not m.id.startswith(("SUB-", "T1-IN", "T2-IN")))
    assert power["SUB-MAIN"] == pytest.approx(feeders, rel=0.02)
    assert power["SUB-MAIN"] > feeders
    assert power["SUB-CHECK"] / power["SUB-MAIN"] == pytest.approx(1.0015)
    # It is half past three in the afternoon: the sun is shining.
    assert power["PV"] < 0


@pytest.mark.parametrize("name", ["lab", "area", "substation"])
def test_the_command_serves_it_and_writes_archive_and_truth(name: str, tmp_path: Path) -> None:
    archive, truth = tmp_path / "archive.toml", tmp_path / "truth.jsonl"
    command = [*PROGRAM, name, "--json", "--registry-out", str(archive), "--truth-out", str(truth)]
    with subprocess.Popen(  # noqa: S603  # our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        line = json.loads(child.stdout.readline())
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=START_S)
    assert child.returncode == 0
    plan = load_fleet(name)
    assert (line["fleet"], line["meters"], set(line["buses"])) == (
        name, len(plan.meters), {bus.id for bus in plan.buses},
    )  # fmt: skip
    assert len(read_registry(archive).meters) >= len(plan.meters)
    rows = [json.loads(row) for row in truth.read_text("utf-8").splitlines()]
    planted = {row["deed"] for row in rows if row["detector"] is not None}
    assert planted == {fault.deed for fault in plan.faults}
    on_the_way = {row["deed"] for row in rows if row["detector"] is None}
    if name == "lab":
        assert on_the_way > {*FaultKind, "wrong_sequence", "boot_zero_s", "register_digits", "clock_jumps"}
    assert any(row["twin"] for row in rows)
