from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from simulators.faults.truth import Truth
from simulators.fleet.archive import archive_of
from simulators.fleet.build import Fleet, SimulatedMeter, build_fleet, fleet_names, load_fleet
from simulators.fleet.file import parse_fleet
from simulators.fleet.plan import FleetPlan
from tests.small_lab import small_lab

LOAD_IN_SUSPENSION, VOLTAGE_DEVIATION = "suspended_load", "voltage_deviation"

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
SINGLE_PHASE_BAND = (0.90, 1.07)
THREE_PHASE_BAND = (0.93, 1.07)

GOOD = """
[fleet]
history_days = 3
[[area]]
id = "TQ"
[[bus]]
id = "line"
protocol = "dlt645"
[[meters]]
count = 2
id = "M{n}"
bus = "line"
address = "1{n}"
profile = "dlt645_2007_three_phase"
area = "TQ"
load = "office"
peak_kw = 10
"""
BEHIND_A_P1_READER = """gateway = "g"
wiring = "3P3W"
area = "TQ"
load = "office"
peak_kw = 10
[[gateway]]
id = "g"
dialect = "dsmr"
"""
LOAD_FAULT = '\n[[fault]]\ndeed = "load"\nmeter = "M1"\ndays_ago = 1\nkw = 5\n'


@pytest.fixture(scope="module")
def demo() -> Fleet:
    return build_fleet(load_fleet("demo"), NOW)


def meter(fleet: Fleet, name: str) -> SimulatedMeter:
    return next(m for m in fleet.meters if m.id == name)


def voltages_pu(simulated: SimulatedMeter, fleet: Fleet, starts_at: datetime) -> np.ndarray:
    """Return the lowest and the highest voltage of each quarter of an hour, per unit."""
    three_wire = simulated.plan.wiring is Wiring.THREE_PHASE_THREE_WIRE
    names = ("voltage_ab", "voltage_bc") if three_wire else ("voltage_a", "voltage_b", "voltage_c")
    rows, instant = [], starts_at
    while instant < fleet.now:
        shown = simulated.model.read(instant)
        volts = [shown[Quantity(n)] for n in names if Quantity(n) in shown]
        rows.append((min(volts), max(volts)))
        instant += QUARTER
    return np.array(rows) / simulated.plan.rated_voltage_v


def quarters(truth: Truth, fleet: Fleet) -> list[datetime]:
    """Return the quarters of an hour that begin in a stretch; our zone has whole hours."""
    end = truth.ends_at or fleet.now
    return [truth.starts_at + QUARTER * n for n in range(-int((truth.starts_at - end) // QUARTER))]


def test_our_fleets_parse() -> None:
    assert fleet_names() == ["area", "demo", "lab", "substation"]
    assert len(small_lab().meters) == 6


def test_the_demo_is_as_large_and_as_mixed_as_promised(demo: Fleet) -> None:
    plan = demo.plan
    on_line = Counter(m.plan.line for m in demo.meters)
    assert len(demo.meters) >= 60
    assert sum(1 for b in plan.buses if b.protocol == "dlt645" and 9 <= on_line[b.id] <= 10) == 4
    assert sum(1 for b in plan.buses if b.protocol == "modbus" and 7 <= on_line[b.id] <= 8) == 2
    assert {on_line[g.id] for g in plan.gateways} == {6}
    assert all(bus.faults.share >= 0.05 for bus in plan.buses)
    assert plan.history_days == 30
    assert demo.memory_from <= NOW - timedelta(days=30)
    assert all(m.model.curve.ends_at >= NOW + timedelta(days=2) for m in demo.meters)


def test_every_kind_of_fault_has_a_twin_on_another_meter(demo: Fleet) -> None:
    for detector in (LOAD_IN_SUSPENSION, VOLTAGE_DEVIATION):
        planted = {t.meter for t in demo.truth if t.detector == detector and not t.twin}
        twins = {t.meter for t in demo.truth if t.detector == detector and t.twin}
        assert len(planted) >= 3
        assert len(twins) >= 3
        assert not planted & twins


def test_modbus_meters_carry_no_fault_because_they_remember_nothing(demo: Fleet) -> None:
    modbus = {bus.id for bus in demo.plan.buses if bus.protocol == "modbus"}
    assert not [t for t in demo.truth if meter(demo, t.meter).plan.line in modbus]


def limit_kw(fleet: Fleet, name: str) -> float:
    """Return the power above which a suspended customer's load counts (rule D15)."""
    suspension = next(s for s in fleet.plan.suspensions if s.meter == name)
    if suspension.remaining_kva:
        return 1.05 * suspension.remaining_kva
    if suspension.setpoint_w is not None:
        return suspension.setpoint_w / 1000
    return max(0.5, suspension.auxiliaries_kw or 0.0)


def longest_run(above: list[bool]) -> int:
    longest = run = 0
    for slot in above:
        run = run + 1 if slot else 0
        longest = max(longest, run)
    return longest


@pytest.mark.parametrize("plan", [load_fleet("demo"), small_lab()], ids=["demo", "lab"])
def test_suspended_load_is_above_its_limit_exactly_where_the_truth_says(plan: FleetPlan) -> None:
    fleet = build_fleet(plan, NOW)
    for suspension in fleet.plan.suspensions:
        simulated = meter(fleet, suspension.meter)
        labels = [t for t in fleet.truth if t.meter == suspension.meter]
        planted = {q for t in labels if not t.twin for q in quarters(t, fleet)}
        registry = archive_of(fleet, {bus.id: "tcp://127.0.0.1:1" for bus in fleet.plan.buses})
        (entry,) = [s for s in registry.suspensions if s.id == suspension.id]
        starts = entry.starts_at
        slots = [starts + QUARTER * n for n in range(int((NOW - starts) / QUARTER))]
        energy = np.diff([simulated.model.curve.energy_kwh(s) for s in [*slots, slots[-1] + QUARTER]])
        above = [bool(kwh * 4 > limit_kw(fleet, suspension.meter)) for kwh in energy]
        if planted:
            assert {s for s, hit in zip(slots, above, strict=True) if hit} == planted & set(slots)
        else:
            assert longest_run(above) < 2


@pytest.mark.parametrize("plan", [load_fleet("demo"), small_lab()], ids=["demo", "lab"])
def test_voltages_leave_their_band_only_where_the_truth_says(plan: FleetPlan) -> None:
    fleet = build_fleet(plan, NOW)
    for simulated in fleet.meters:
        one_phase = simulated.plan.wiring is Wiring.ONE_PHASE
        low, high = SINGLE_PHASE_BAND if one_phase else THREE_PHASE_BAND
        labels = [t for t in fleet.truth if t.meter == simulated.id and t.detector == VOLTAGE_DEVIATION]
        planted = {q for t in labels if not t.twin for q in quarters(t, fleet)}
        # Meters without a label repeat their week; a few days of them are enough.
        starts_at = (
            fleet.memory_from if labels else fleet.memory_from + timedelta(days=fleet.plan.history_days - 3)
        )
        volts = voltages_pu(simulated, fleet, starts_at)
        out = {
            starts_at + QUARTER * int(n) for n in np.flatnonzero((volts[:, 0] < low) | (volts[:, 1] > high))
        }
        if planted:
            assert out == planted
        else:
            assert len(out) <= 1, simulated.id


def test_the_same_plan_and_instant_give_the_same_fleet(demo: Fleet) -> None:
    again = build_fleet(load_fleet("demo"), NOW)
    assert again.truth == demo.truth
    for name in ("RES-01", "IHV-02", "PMP-06"):
        assert meter(again, name).model.read(NOW) == meter(demo, name).model.read(NOW)


def test_the_fleet_follows_the_local_day_of_its_start() -> None:
    late_evening = datetime(2024, 6, 15, 16, 1, tzinfo=UTC)
    fleet = build_fleet(parse_fleet(GOOD + LOAD_FAULT, "x"), late_evening)
    assert fleet.truth[0].starts_at.astimezone(ZoneInfo("Asia/Shanghai")).isoformat() == (
        "2024-06-15T00:00:00+08:00"
    )


def test_the_archive_knows_every_meter_and_how_to_reach_it(demo: Fleet) -> None:
    urls = {bus.id: f"tcp://127.0.0.1:{9000 + n}" for n, bus in enumerate(demo.plan.buses)}
    registry = archive_of(demo, urls)
    assert {m.id for m in registry.meters} == {m.id for m in demo.meters}
    assert {bus.id: bus.url for bus in registry.buses} == urls
    assert registry.ratio_of(meter(demo, "IHV-01").id, NOW).ct == 20
    assert registry.meter_by_id[meter(demo, "IHV-01").id].nominal_voltage_v == 10_000
    behind_gateways = {name for source in registry.mqtt_sources for name in source.meters}
    for installation in registry.installations:
        assert (installation.bus is None) == (installation.meter in behind_gateways)
        assert installation.service_point in registry.service_point_by_id
    assert {(s.group, s.every_s) for s in registry.schedules} == {("register", 10), ("electrical", 10)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("peak_kw = 10", ""), ["[[meters]] entry 1", "'peak_kw'"]),
        (('load = "office"', 'load = "mine"'), ["[[meters]] entry 1", "'load'", "two_shift"]),
        (("count = 2", "count = true"), ["'count'", "whole number"]),
        (("count = 2", "count = 0"), ["'count'", "1 or more"]),
        (('id = "M{n}"', 'id = "M"'), ["meters", "twice", "M"]),
        (('id = "M{n}"', 'id = "M{x}"'), ["'id'", "M{x}"]),
        (('address = "1{n}"', 'address = "1"'), ["addresses", "twice"]),
        (('address = "1{n}"', ""), ["'address'", "missing"]),
        (('bus = "line"', 'bus = "other"'), ["'bus'", "other", "line"]),
        (('bus = "line"\n', ""), ["'gateway'", "missing"]),
        (('area = "TQ"', 'area = "TX"'), ["'area'", "TX"]),
        (('protocol = "dlt645"', 'protocol = "dlms"'), ["[[bus]] entry 1", "'protocol'", "dlms"]),
        (('protocol = "dlt645"', 'protocol = "dlt645"\nfaults = { drop = 3.0 }'), ["'faults'", "drop"]),
        (('protocol = "dlt645"', 'protocol = "dlt645"\nbaud = 1'), ["[[bus]] entry 1", "'baud'"]),
        (('address = "1{n}"', 'address = "A{n}"'), ["'address'", "12 digits", "A1"]),
        (
            ('protocol = "dlt645"', 'protocol = "modbus"\n[[gateway]]\nid = "g"\nfaults.late = 2'),
            ["'faults'"],
        ),
        (
            (
                GOOD.partition('bus = "line"')[1] + GOOD.partition('bus = "line"')[2],
                BEHIND_A_P1_READER,
            ),
            ["[[meters]] entry 1", "'wiring'", "1P2W or 3P4W behind g"],
        ),
        (("history_days = 3", 'zone = "Asia/Atlantis"'), ["'zone'", "Atlantis"]),
        (("history_days = 3", "curve_minutes = 7"), ["'curve_minutes'", "hour"]),
        (("history_days = 3", "= 3"), ["no TOML"]),
        (("[[area]]", "[area]"), ["'area'", "array of tables"]),
    ],
)
def test_a_wrong_fleet_file_names_what_is_wrong(change: tuple[str, str], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_fleet(GOOD.replace(*change), "mine")
    for word in ["fleet mine", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (LOAD_FAULT.replace("M1", "M9"), ["[[fault]] entry 1", "'meter'", "M9"]),
        (LOAD_FAULT.replace('"load"', '"arson"'), ["'deed'", "voltage"]),
        (LOAD_FAULT + 'at = "25:00"\n', ["'at'", "25:00"]),
        (LOAD_FAULT + "factor = 0.9\n", ["unknown keys", "factor"]),
        (LOAD_FAULT.replace("kw = 5", 'kw = "5"'), ["'kw'", "a number"]),
    ],
)
def test_a_wrong_fault_names_what_is_wrong(fault: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_fleet(GOOD + fault, "mine")
    for word in words:
        assert word in str(caught.value)


def test_a_fleet_without_meters_or_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="meters"):
        parse_fleet("", "empty")
    with pytest.raises(ConfigError, match="demo, lab, substation"):
        load_fleet("nowhere")
