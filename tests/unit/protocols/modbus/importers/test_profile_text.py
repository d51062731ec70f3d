"""A register list becomes a profile that can be read back; nothing of it is lost."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.quantities import Quantity
from protocols.modbus.importers.foreign import ForeignField, ForeignMap
from protocols.modbus.importers.mbmap import parse_mbmap
from protocols.modbus.importers.profile_text import profile_text
from protocols.modbus.importers.telegraf import parse_telegraf
from protocols.profile import Side, Trust, parse_profile

LISTS = Path("tests") / "data" / "register_lists"
MBMAP = parse_mbmap((LISTS / "meter.mbmap.json").read_text(encoding="utf-8"), "m.json")
TELEGRAF = parse_telegraf((LISTS / "telegraf.conf").read_text(encoding="utf-8"), "t.conf", device="Feeder 1")
TODAY = "2026-11-25"


def test_an_imported_map_reads_back_with_wire_addresses_and_our_units() -> None:
    written = profile_text(MBMAP, Side.SECONDARY, today=TODAY)
    profile = parse_profile(written.text, "m3")
    points = {point.quantity: point for point in profile.points}
    assert written.points == len(points) == 5
    assert (profile.vendor, profile.models, profile.side) == ("Acme", ("M3", "M3-CT"), Side.SECONDARY)
    assert profile.trust is Trust.DOCUMENTED
    assert profile.source == "mbmap m.json, revision 4, after Acme M3 register list 2.1, imported 2026-11-25"
    assert profile.options == {"max_registers": 60}
    assert len(profile.single_sourced) == 5
    power = points[Quantity.ACTIVE_POWER_B]
    assert (power.address, power.function, power.type, power.word_order) == (10, 4, "int32", "CDAB")
    assert power.scale == 0.001
    assert points[Quantity.POWER_FACTOR].scale == 0.001  # 0.1 % a count


def test_what_is_left_to_a_person_stands_in_the_file_and_in_the_report() -> None:
    written = profile_text(TELEGRAF, Side.PRIMARY, today=TODAY)
    assert written.open == (
        "power: active_power, but its unit is not said: W or kW or MW",
        "status: no quantity is called so",
        "odd: registers [20, 30] are not in a row",
        "relay: one bit, no register",
    )
    for why in written.open:
        assert f"}}, # {why}" in written.text
    filled = written.text.replace(
        '# { quantity = "?", address = 4', '{ quantity = "active_power", address = 4'
    )
    assert Quantity.ACTIVE_POWER in parse_profile(filled, "f").quantities


def test_a_person_s_units_leave_less_open() -> None:
    written = profile_text(TELEGRAF, Side.PRIMARY, today=TODAY, assumed={"kW": "W"})
    scales = {point.quantity: point.scale for point in parse_profile(written.text, "f").points}
    assert scales[Quantity.ACTIVE_POWER] == 0.001
    assert len(written.open) == 3


def test_a_second_register_of_a_quantity_is_not_chosen_between() -> None:
    twice = ForeignMap(
        name="x",
        source="s",
        fields=tuple(
            ForeignField(place="p", name="frequency", function=3, address=at, type="uint16") for at in (1, 9)
        ),
    )
    written = profile_text(twice, Side.PRIMARY, today=TODAY)
    assert (written.points, written.open) == (1, ("frequency: frequency is taken by a register before",))


TEXT = st.text(max_size=30)
FIELDS = st.builds(
    ForeignField,
    place=TEXT,
    name=st.one_of(TEXT, st.sampled_from(["voltage_l1", "power_kw", "frequency", "import kWh"])),
    function=st.sampled_from([3, 4, None]),
    address=st.integers(-10, 70_000),
    type=st.sampled_from(["uint16", "int32", "float32", "float64", "int64"]),
    word_order=st.sampled_from(["ABCD", "CDAB", "BADC", "DCBA"]),
    scale=st.floats(),
    unit=st.one_of(TEXT, st.sampled_from(["V", "kW", "Hz", "kWh"])),
)
MAPS = st.builds(
    ForeignMap,
    name=TEXT,
    vendor=TEXT,
    models=st.lists(TEXT, max_size=3).map(tuple),
    firmware=TEXT,
    source=TEXT,
    address_base=st.sampled_from([0, 1]),
    max_registers=st.one_of(st.none(), st.integers(-1, 300)),
    fields=st.lists(FIELDS, max_size=6).map(
        lambda fields: tuple(f if f.function else _noted(f) for f in fields)
    ),
)


def _noted(field: ForeignField) -> ForeignField:
    return ForeignField(
        place=field.place, name=field.name, function=None, address=field.address, type="", note="no register"
    )


@given(MAPS)
def test_any_list_gives_a_file_that_parses_and_accounts_for_every_register(foreign: ForeignMap) -> None:
    written = profile_text(foreign, Side.PRIMARY, today=TODAY)
    profile = parse_profile(written.text, "any")
    assert len(profile.points) == written.points
    assert written.points + len(written.open) == len(foreign.fields)
