import csv
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.errors import ConfigError
from pipeline.quantities import QUANTITIES_OF, Group, Quantity
from pipeline.registry import Wiring
from protocols.modbus.conversation import query_span
from protocols.modbus.driver import ModbusDriver, modbus_driver, with_framing
from protocols.modbus.framing import Framing
from protocols.profile import Profile, Side, parse_profile
from protocols.session import drivers

FACTS = Path(__file__).parents[3] / "data" / "sdm630_input_registers.csv"
ZONE = ZoneInfo("Asia/Shanghai")
SCALE_TO_OURS = {"V": 1.0, "A": 1.0, "W": 0.001, "VA": 0.001, "var": 0.001, "": 1.0, "deg": 1.0, "Hz": 1.0}
SCALE_TO_OURS |= {"kWh": 1.0, "kvarh": 1.0, "%": 1.0}
STEMS = {
    "u": "voltage", "i": "current", "p": "active_power", "s": "apparent_power", "q": "reactive_power",
    "pf": "power_factor", "phi": "phase_angle", "thd_u": "voltage_thd", "thd_i": "current_thd",
    "ea_imp": "active_energy_import", "ea_exp": "active_energy_export",
    "er_imp": "reactive_energy_import", "er_exp": "reactive_energy_export", "freq": "frequency",
}  # fmt: skip


def sdm630() -> Profile:
    """Return the register map without its probe, for meters that show little."""
    text = (files("protocols") / "profiles" / "eastron_sdm630.toml").read_text("utf-8")
    return replace(parse_profile(text, "eastron_sdm630"), probe={})


def quantity_name(key: str) -> str:
    stem, _, phase = key.rpartition("_")
    return f"{STEMS[stem]}_{phase}" if stem in STEMS else STEMS[key]


def facts() -> dict[str, dict[str, str]]:
    with FACTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["address_hex"]: row for row in rows}


def test_every_point_of_the_sdm630_is_as_its_document_says() -> None:
    known = facts()
    for point in sdm630().points:
        row = known[f"0x{point.address:04X}"]
        assert int(row["modicon"]) - 30001 == point.address
        assert point.quantity == quantity_name(row["key"])
        assert (point.function, point.type, point.word_order) == (
            int(row["fc"]),
            row["type"],
            row["word_order"],
        )
        assert point.scale == SCALE_TO_OURS[row["unit"]] * float(row["scale"])
        stated = set(row["wiring"].split()) or set(Wiring)
        assert (set(point.wiring) or set(Wiring)) <= stated


def test_the_sdm630_has_each_quantity_once_and_is_on_the_primary_side() -> None:
    profile = sdm630()
    assert len(profile.points) == len(profile.quantities) == 46
    assert profile.side is Side.PRIMARY


def test_registers_that_documents_dispute_are_left_out() -> None:
    disputed = {0x0054, 0x0056, 0x0058, 0x005A, 0x005C, 0x005E, 0x00FE}
    assert not disputed & {point.address for point in sdm630().points}


def test_the_driver_is_found_by_its_name() -> None:
    assert drivers.get("modbus") is modbus_driver


def test_a_full_reading_takes_few_requests_of_at_most_80_registers() -> None:
    driver = modbus_driver(sdm630(), Wiring.THREE_PHASE_FOUR_WIRE, ZONE)
    queries = driver.plan(QUANTITIES_OF[Group.ELECTRICAL] + QUANTITIES_OF[Group.REGISTER])
    assert [query.what for query in queries] == ["4:0x0000+80", "4:0x00C8+46", "4:0x015A+12"]
    assert queries[0].answer_bytes == 9 + 160


def test_registers_without_sense_for_the_wiring_are_neither_read_nor_reported() -> None:
    driver = ModbusDriver(sdm630(), Wiring.ONE_PHASE)
    assert driver.plan([Quantity.VOLTAGE_B]) == ()
    (query,) = driver.plan([Quantity.VOLTAGE_A, Quantity.CURRENT_A])
    session = driver.session("7")
    session.ask(query)
    count = query_span(query).count
    session.receive_data(
        bytes((0, 1, 0, 0, 0, 3 + 2 * count, 7, 4, 2 * count)) + bytes.fromhex("43660000") * (count // 2)
    )
    event = session.next_event()
    assert set(getattr(event, "values", {})) == {Quantity.VOLTAGE_A, Quantity.CURRENT_A}


def test_nothing_is_backfilled_from_a_meter_without_memory() -> None:
    driver = ModbusDriver(sdm630(), Wiring.THREE_PHASE_FOUR_WIRE)
    assert driver.backfill_plan(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)) == ()


def test_the_framing_of_a_line_overrides_the_profile() -> None:
    driver = ModbusDriver(with_framing(sdm630(), Framing.RTU), Wiring.THREE_PHASE_FOUR_WIRE)
    (query,) = driver.plan([Quantity.FREQUENCY])
    assert driver.session("1").ask(query)[:6].hex() == "010400460002"


@pytest.mark.parametrize("address", ["0", "248", "", "a", "-1", "1.5", "²"])
def test_an_address_outside_1_to_247_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="1 to 247"):
        ModbusDriver(sdm630(), Wiring.ONE_PHASE).session(address)


@pytest.mark.parametrize(
    ("key", "value"),
    [("framing", "ascii"), ("max_registers", 126), ("max_gap", -1), ("max_gap", "4"), ("speed", 1)],
)
def test_a_wrong_option_names_the_profile(key: str, value: object) -> None:
    profile = sdm630()
    wrong = parse_profile(
        f'description="x"\nprotocol="modbus"\nside="primary"\nsource="x"\n[options]\n{key} = {value!r}',
        profile.name,
    )
    with pytest.raises(ConfigError, match="eastron_sdm630"):
        ModbusDriver(wrong, Wiring.ONE_PHASE)


@pytest.mark.parametrize(
    "wrong",
    ['type="float16"', 'word_order="ACBD"', "function=6", 'wiring=["2P"]'],
)
def test_a_wrong_point_is_named(wrong: str) -> None:
    table = {"type": 'type="float32"', "function": "function=4"}
    table[wrong.split("=", maxsplit=1)[0]] = wrong
    text = 'description="x"\nprotocol="modbus"\nside="primary"\nsource="x"\n[[points]]\n'
    text += 'quantity="frequency"\naddress=0\n' + "\n".join(table.values())
    with pytest.raises(ConfigError, match="point frequency"):
        ModbusDriver(parse_profile(text, "m"), Wiring.ONE_PHASE)


def test_what_tells_the_model_is_asked_first_and_only_where_nothing_else_is_wanted() -> None:
    text = (files("protocols") / "profiles" / "eastron_sdm630.toml").read_text("utf-8")
    driver = ModbusDriver(parse_profile(text, "eastron_sdm630"), Wiring.THREE_PHASE_FOUR_WIRE)
    probing = [query.what for query in driver.plan({Quantity.FREQUENCY})]
    assert probing == ["3:0x0002+2", "3:0x000A+2", "4:0x0046+2"]
    reading = [query.what for query in driver.plan({Quantity.FREQUENCY, Quantity.VOLTAGE_A})]
    assert not any(what.startswith("3:") for what in reading)
