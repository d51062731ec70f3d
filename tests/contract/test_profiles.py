"""Every meter profile that comes with the project can be read back from a simulated meter of that model."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from pipeline.model import Value
from pipeline.quantities import QUADRANTS_OF, Quantity
from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.modbus.driver import modbus_driver, with_framing
from protocols.modbus.framing import Framing
from protocols.modbus.registers import register_count
from protocols.profile import POINT_KEYS, PROFILE_KEYS, Profile, Side, Trust
from protocols.quadrants import sums_of
from protocols.session import NEED_DATA, Answer, Query, Refused, drivers
from services.import_profile import check_text
from services.wiring import load_profiles
from simulators.modbus_meter import ModbusMeter

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CT, PT = 40.0, 10.0
MODBUS = [profile for profile in load_profiles().values() if profile.protocol == "modbus"]
DTSU666 = Path("tests") / "data" / "dtsu666_registers.csv"
SDM630 = Path("tests") / "data" / "sdm630_input_registers.csv"

each_profile = pytest.mark.parametrize("profile", MODBUS, ids=lambda profile: profile.name)


class Model:
    """A plausible meter, secondary side; every quantity has a value of its own."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:  # noqa: ARG002 - the shape of every model
        shown = {quantity: 1.0 + 0.01 * place for place, quantity in enumerate(Quantity)}
        shown |= {q: 220.0 + 0.1 * n for n, q in enumerate(Quantity) if q.value.startswith("voltage_")}
        shown |= {q: 0.9 for q in Quantity if q.value.startswith("power_factor")}
        return shown | {Quantity.FREQUENCY: 50.02, Quantity.ACTIVE_ENERGY_IMPORT: 1234.5}


def read_all(profile: Profile, wiring: Wiring, meter: ModbusMeter) -> dict[Quantity, Value]:
    driver = modbus_driver(profile, wiring, DEFAULT_ZONE)
    session = driver.session("5")
    values: dict[Quantity, Value] = {}
    for query in driver.plan(profile.quantities):
        session.receive_data(meter.receive(session.ask(query)))
        event = session.next_event()
        assert event is not NEED_DATA
        assert isinstance(event, Answer), event
        assert event.deviations == ()
        values |= event.values
    return values


def resolution(profile: Profile, quantity: Quantity) -> float:
    """Return one step of a whole-number register on the side on which the value ends."""
    point = next(point for point in profile.points if point.quantity is quantity)
    own = {"ct": CT, "pt": PT}
    step = 0.0 if point.type == "float32" else point.scale
    for name in point.ratio:
        step *= own[name]
    return step


def factor(profile: Profile, quantity: Quantity) -> float:
    """Return what turns the model's secondary value into what the profile gives."""
    if profile.side is Side.SECONDARY:
        return 1.0
    both = dict.fromkeys(("kW", "kvar", "kVA", "kWh", "kvarh", "kVAh"), CT * PT)
    return {"V": PT, "A": CT, **both}.get(quantity.unit, 1.0)


@each_profile
@pytest.mark.parametrize("wiring", list(Wiring))
@pytest.mark.parametrize("framing", list(Framing))
def test_what_the_meter_shows_is_what_is_read(profile: Profile, wiring: Wiring, framing: Framing) -> None:
    profile = with_framing(profile, framing)
    meter = ModbusMeter(5, profile, Model(), lambda: NOW, framing=framing, ct=CT, pt=PT)
    values = read_all(profile, wiring, meter)
    meant = {p.quantity for p in profile.points if not p.wiring or wiring.value in p.wiring}
    sums = sums_of(meant)
    assert set(values) == meant | sums
    shown = Model().read(NOW)
    for whole in sums:
        one, other = (values[part] for part in QUADRANTS_OF[whole])
        assert isinstance(one, float)
        assert isinstance(other, float)
        assert values.pop(whole) == pytest.approx(one + other, rel=1e-12)
    for quantity, value in values.items():
        expected = shown[quantity] * factor(profile, quantity)
        step = resolution(profile, quantity)
        assert value == pytest.approx(expected, rel=2e-7, abs=step / 2 + 1e-9), quantity


@each_profile
def test_no_two_points_stand_on_the_same_registers(profile: Profile) -> None:
    taken: dict[tuple[int, int], str] = {}
    for point in profile.points:
        for offset in range(register_count(point.type)):
            key = (point.function, point.address + offset)
            assert key not in taken, f"{point.quantity} and {taken[key]}"
            taken[key] = point.quantity.value


@pytest.mark.parametrize("profile", load_profiles().values(), ids=lambda profile: profile.name)
def test_a_profile_says_where_it_is_from_and_makes_a_driver(profile: Profile) -> None:
    assert len(profile.source) > 20
    assert profile.quantities
    assert bool(profile.vendor) == bool(profile.models)
    if profile.trust is Trust.CROSS_CHECKED:
        assert not all(point.single_source for point in profile.points)
    for wiring in Wiring:
        assert drivers.get(profile.protocol)(profile, wiring, DEFAULT_ZONE).plan(profile.quantities)


def refusals_of(profile: Profile, meter: ModbusMeter) -> tuple[dict[Quantity, Value], list[str]]:
    """Read what a profile wants of a meter that may be of another; return the values and what was said."""
    session = modbus_driver(profile, Wiring.THREE_PHASE_FOUR_WIRE, DEFAULT_ZONE).session("5")
    values: dict[Quantity, Value] = {}
    said: list[str] = []
    refused: set[str] = set()
    asked: set[str] = set()
    while todo := [q for q in plan_of(profile, refused) if q.what not in asked]:
        asked.add(todo[0].what)
        session.receive_data(meter.receive(session.ask(todo[0])))
        event = session.next_event()
        if isinstance(event, Answer):
            values |= event.values
            said += event.deviations
        elif isinstance(event, Refused):
            refused.add(todo[0].what)
            said.append(str(event.error))
    return values, said


def plan_of(profile: Profile, refused: Collection[str]) -> Sequence[Query]:
    driver = modbus_driver(profile, Wiring.THREE_PHASE_FOUR_WIRE, DEFAULT_ZONE)
    return driver.plan(profile.quantities, refused)


def test_the_page_of_profiles_explains_every_key_and_its_example_is_sound() -> None:
    page = Path("docs/profiles.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    profile = check_text(example, "acme_m3")
    assert profile.pauses.after_connect_s == 1.0
    assert [
        key
        for key in sorted(PROFILE_KEYS | POINT_KEYS)
        if f"`{key}`" not in page and f"{key} = " not in example
    ] == []


VARIANTS = [(profile, other) for profile in MODBUS for other in profile.variants]


@pytest.mark.parametrize(("profile", "other"), VARIANTS, ids=lambda each: getattr(each, "name", each))
def test_a_meter_of_another_variant_is_refused_rather_than_guessed(profile: Profile, other: str) -> None:
    sibling = load_profiles()[other]
    assert profile.name in sibling.variants
    assert profile.probe
    meter = ModbusMeter(5, sibling, Model(), lambda: NOW, ct=CT, pt=PT)
    values, said = refusals_of(profile, meter)
    assert values == {}
    assert said


@pytest.mark.parametrize("profile", [p for p in load_profiles().values() if p.vendor], ids=lambda p: p.name)
def test_a_profile_states_what_is_single_sourced(profile: Profile) -> None:
    (line,) = [line for line in text_of(profile).splitlines() if line.startswith("# Single-sourced: ")]
    assert ("nothing" in line) == (not profile.single_sourced)
    assert ("everything" in line) == (len(profile.single_sourced) == len(profile.points))


def text_of(profile: Profile) -> str:
    return (files("protocols") / "profiles" / f"{profile.name}.toml").read_text("utf-8")


def addresses_in_comments(profile: Profile) -> set[int]:
    """Return the registers that a profile's comments name, ranges included."""
    comments = " ".join(line for line in text_of(profile).splitlines() if line.startswith("#"))
    named: set[int] = set()
    for first, last in re.findall(r"0x([0-9A-F]{4})(?:-0x([0-9A-F]{4}))?", comments):
        named |= set(range(int(first, 16), int(last or first, 16) + 1))
    return named


NO_QUANTITY = {
    # Averages, sums, ampere hours and demands of current, line-to-line THD, totals of two directions,
    # reactive energy by phase.
    "eastron_sdm630": "avg|_sum$|^ah$|_dmd|^phi$|^s_dmd|thd_u_(ab|bc|ca)|_total_[abc]$|^er_(imp|exp)_[abc]$",
    # Settings, the clock, codes.
    "chint_dtsu666": "^(rev|ucode|clre|meter_type|prot|baud|addr|clock_.*)$",
}
ONLY_IN_A_VARIANT = {"chint_dtsu666": "er_q[1-4]"}


@pytest.mark.parametrize(("name", "table"), [("eastron_sdm630", SDM630), ("chint_dtsu666", DTSU666)], ids=str)
def test_no_row_of_a_meters_register_table_is_lost(name: str, table: Path) -> None:
    profile = load_profiles()[name]
    known = {point.address for point in profile.points} | {r.address for r in profile.ratios.values()}
    known |= addresses_in_comments(profile)
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert len(rows) > 50
    without = re.compile(f"{NO_QUANTITY[name]}|{ONLY_IN_A_VARIANT.get(name, '^$')}")
    lost = [
        row["key"] for row in rows if int(row["address_dec"]) not in known and not without.search(row["key"])
    ]
    assert lost == []


def test_the_variant_with_energies_at_401e_has_the_quadrants_of_the_table() -> None:
    points = {point.quantity.value: point.address for point in load_profiles()["chint_dtsu666_401e"].points}
    rows = csv.DictReader(DTSU666.read_text(encoding="utf-8").splitlines())
    quadrants = {
        r["key"].replace("er_", "reactive_energy_"): int(r["address_dec"]) for r in rows if "er_q" in r["key"]
    }
    assert quadrants.items() <= points.items()
    assert len(quadrants) == 4


def test_the_dtsu666_stands_where_its_register_table_says() -> None:
    names = {"u": "voltage", "i": "current", "p": "active_power", "q": "reactive_power", "pf": "power_factor"}
    rows = {row["key"]: row for row in csv.DictReader(DTSU666.read_text(encoding="utf-8").splitlines())}
    profile = load_profiles()["chint_dtsu666"]
    points = {point.quantity.value: point for point in profile.points}
    checked = 0
    for key, row in rows.items():
        stem, _, phase = key.partition("_")
        name = names.get(stem, "") + (f"_{phase}" if phase else "")
        point = points.get(name)
        if point is not None and row["type"] == "float32":
            kilo = 1000 if row["unit"] in ("W", "var") else 1
            assert (point.address, point.function) == (int(row["address_hex"], 16), int(row["fc"]))
            assert point.scale == pytest.approx(float(row["scale"]) / kilo)
            assert {"-": (), "CT": ("ct",), "VT": ("pt",), "CT*VT": ("ct", "pt")}[row["ratio"]] == point.ratio
            checked += 1
    assert checked >= 20
