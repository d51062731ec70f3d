from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import pytest

from pipeline.errors import ConfigError
from pipeline.model import Origin
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.driver import Dlt645Driver, Dlt645Driver1997
from protocols.dlt645.frame import Frame
from protocols.dlt645.questions import read_query
from protocols.dlt645.replay import read_answer, replay
from protocols.dlt645.session import Dlt645Session
from protocols.dlt645.values import parse_format
from protocols.dlt645.version import VERSION_1997
from protocols.profile import Profile, parse_profile
from protocols.session import Answer, drivers

ZONE = ZoneInfo("Asia/Shanghai")
Q = Quantity
MIDNIGHT = datetime(2026, 3, 9, 16, tzinfo=UTC)  # 2026-03-10 00:00 local


def profile(name: str = "dlt645_2007_three_phase") -> Profile:
    text = resources.files("protocols.profiles").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return parse_profile(text, name)


def driver(
    wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE, name: str = "dlt645_2007_three_phase"
) -> Dlt645Driver:
    return Dlt645Driver(profile(name), wiring, ZONE)


def asked(wanted: set[Quantity], refused: set[str] | None = None, **kwargs: object) -> list[str]:
    return [q.what for q in driver(**kwargs).plan(wanted, refused or set())]  # type: ignore[arg-type]  # wiring, name


def backfill(starts_at: datetime, ends_at: datetime, refused: frozenset[str] = frozenset()) -> list[str]:
    return [q.what for q in driver().backfill_plan(starts_at, ends_at, refused)]


def test_the_driver_is_found_by_its_name() -> None:
    assert drivers.get("dlt645-2007") is Dlt645Driver


@pytest.mark.parametrize("name", ["dlt645_2007_three_phase", "dlt645_2007_single_phase"])
def test_no_planned_block_is_longer_than_an_answer_may_be(name: str) -> None:
    """L <= 200 (5.2.2): what is planned for a meter with six rates fits one frame, with room to spare."""
    made = driver(name=name)
    present = made.plan(profile(name).quantities)
    stored = made.backfill_plan(MIDNIGHT - timedelta(days=40), MIDNIGHT)
    kept = [query for query in stored if not query.what.startswith("06")]  # load records are counted to fit
    assert present
    assert kept
    assert all(query.answer_bytes < 4 + 12 + 200 for query in (*present, *kept))


@pytest.mark.parametrize("name", ["dlt645_2007_three_phase", "dlt645_2007_single_phase"])
def test_every_quantity_of_a_profile_can_be_asked(name: str) -> None:
    given = profile(name)
    for quantity in given.quantities:
        wiring = (
            Wiring.THREE_PHASE_THREE_WIRE
            if quantity in {Q.VOLTAGE_AB, Q.VOLTAGE_BC}
            else Wiring.THREE_PHASE_FOUR_WIRE
        )
        assert driver(wiring, name).plan({quantity}), quantity


def test_several_values_of_a_block_are_one_question_and_one_value_is_the_single_item() -> None:
    assert asked({Q.VOLTAGE_A, Q.VOLTAGE_B, Q.ACTIVE_ENERGY_IMPORT}) == ["0201FF00", "00010000"]


def test_a_refused_block_is_asked_item_by_item() -> None:
    assert asked({Q.VOLTAGE_A, Q.VOLTAGE_C}, {"0201FF00"}) == ["02010100", "02010300"]


def test_a_refused_item_is_looked_for_in_its_block_and_then_given_up() -> None:
    assert asked({Q.VOLTAGE_A}, {"02010100"}) == ["0201FF00"]
    assert asked({Q.VOLTAGE_A}, {"02010100", "0201FF00"}) == []


def test_a_maximum_demand_and_its_time_are_one_question() -> None:
    assert asked({Q.MAX_DEMAND_IMPORT, Q.MAX_DEMAND_IMPORT_AT}) == ["01010000"]


def test_a_single_phase_meter_is_asked_for_its_one_phase() -> None:
    asks = asked({Q.VOLTAGE_A, Q.VOLTAGE_B}, wiring=Wiring.ONE_PHASE, name="dlt645_2007_single_phase")
    assert asks == ["02010100"]


def test_a_three_wire_meter_is_asked_for_its_line_voltages() -> None:
    wiring = Wiring.THREE_PHASE_THREE_WIRE
    assert asked({Q.VOLTAGE_AB, Q.VOLTAGE_BC}, wiring=wiring) == ["0201FF00"]
    assert asked({Q.VOLTAGE_AB}, wiring=wiring) == ["02010100"]


def test_imported_reactive_energy_is_asked_by_its_quadrants() -> None:
    assert asked({Q.REACTIVE_ENERGY_IMPORT}) == ["00050000", "00060000"]


def test_the_clock_is_one_question_or_two() -> None:
    assert asked({Q.CLOCK_OFFSET}) == ["0400010C"]
    assert asked({Q.CLOCK_OFFSET}, {"0400010C"}) == ["04000101", "04000102"]


def test_a_day_of_load_records_is_asked_in_as_few_frames_as_fit() -> None:
    whats = backfill(MIDNIGHT, MIDNIGHT + timedelta(days=1))
    classes = [sum(w.startswith(f"060{c}0001 ") for w in whats) for c in (4, 1, 2, 5)]
    # 96 records: seven, seven, five and seven blocks fit into 200 bytes.
    assert classes == [14, 14, 20, 14]
    assert len(set(whats)) == len(whats)


def test_a_load_record_question_says_count_and_local_time() -> None:
    start = MIDNIGHT + timedelta(minutes=7)
    query = next(
        q for q in driver().backfill_plan(start, start + timedelta(minutes=30)) if q.what[:4] == "0604"
    )
    # DI 06040001, two blocks from 00:15 on 2026-03-10: mm hh DD MM YY.
    assert query.body == bytes.fromhex("11 01000406 02 1500100326")
    assert query.what == "06040001 2026-03-10 00:15"


def test_a_gap_with_a_midnight_asks_for_its_freeze_and_one_without_does_not() -> None:
    hour = timedelta(hours=1)
    freezes = [w for w in backfill(MIDNIGHT - hour, MIDNIGHT + hour) if w.startswith("0506")]
    assert freezes == [
        "05060001",
        "050600 2026-03-10 first",
        "050600 2026-03-10",
        "050601 2026-03-10",
        "050602 2026-03-10",
        "05060001 again",
    ]
    assert not [w for w in backfill(MIDNIGHT + hour, MIDNIGHT + 5 * hour) if w.startswith("0506")]
    assert not [w for w in backfill(MIDNIGHT - hour, MIDNIGHT) if w.startswith("0506")]


def test_a_meter_without_freezes_or_load_records_is_not_asked_for_them_again() -> None:
    refused = frozenset({"05060001", *(f"06040001 2026-03-0{n} 00:00" for n in (1, 2, 3))})
    whats = backfill(MIDNIGHT - timedelta(days=1), MIDNIGHT + timedelta(hours=1), refused)
    assert whats
    assert not [w for w in whats if w.startswith(("0506", "0604"))]


@pytest.mark.parametrize("address", ["12345678901x", "1234567890123", "12.4"])
def test_an_address_that_no_meter_has_is_a_mistake_in_the_archive(address: str) -> None:
    with pytest.raises(ConfigError, match="12 digits"):
        driver().session(address)


@pytest.mark.parametrize("options", [{"typo": 1}, {"load_record_classes": [7]}, {"daily_freeze_items": 1}])
def test_a_wrong_option_is_named(options: dict[str, object]) -> None:
    wrong = Profile(
        **{
            **{f: getattr(profile(), f) for f in Profile.__dataclass_fields__},
            "options": options,
        }
    )
    with pytest.raises(ConfigError, match=next(iter(options))):
        Dlt645Driver(wrong, Wiring.ONE_PHASE, ZONE)


def test_a_meter_that_refuses_its_quadrants_is_asked_for_its_combination_words_and_sums() -> None:
    import_alone = {Q.REACTIVE_ENERGY_IMPORT}
    assert asked(import_alone) == ["00050000", "00060000"]
    refused = {"00050000", "0005FF00", "00060000", "0006FF00"}
    assert asked(import_alone, refused) == ["04000602", "04000603", "00030000", "00040000"]
    assert asked({Q.REACTIVE_ENERGY_Q1, Q.REACTIVE_ENERGY_Q2}, refused)[:2] == ["04000602", "04000603"]
    assert asked(import_alone, refused | {"04000603", "00040000"}) == ["04000602", "00030000"]


def test_the_clock_is_asked_before_times_that_lack_their_year() -> None:
    assert asked({Q.VOLTAGE_HIGHEST_AT}) == ["0400010C", "03100000"]


def test_a_gap_over_a_settlement_day_asks_for_the_period_between_two_looks_at_the_clock() -> None:
    first = datetime(2026, 2, 28, 16, tzinfo=UTC)  # midnight of 1 March
    whats = [what for what in backfill(first, first + timedelta(hours=1)) if what[:2] not in ("05", "06")]
    assert whats == [
        "0400010C",
        "04000B01",
        "04000B02",
        "04000B03",
        "03300C01",
        "0001FF 2026-03-01 00:00",
        "0002FF 2026-03-01 00:00",
        "0101FF 2026-03-01 00:00",
        "03300C01 settled",
        "0400010C settled",
    ]
    later = backfill(first + timedelta(hours=1), first + timedelta(days=20))
    assert not [what for what in later if what[:2] in ("00", "01", "04")]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"settlement_items": ["0201FF"]}, "kept by settlement period"),
        ({"settlement_items": ["1"]}, "kept by settlement period"),
        ({"settlement_items": ["0003FF"]}, "kept by settlement period"),
        ({"settlement_days": ["3100"]}, "day 1 to 28"),
        ({"settlement_day": ["0100"]}, "unknown options"),
    ],
)
def test_a_wrong_settlement_option_is_told(options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Dlt645Driver(replace(profile(), options=options), Wiring.THREE_PHASE_FOUR_WIRE, ZONE)


def old(**options: object) -> Dlt645Driver1997:
    given = profile("dlt645_1997")
    return Dlt645Driver1997(replace(given, options=options), Wiring.THREE_PHASE_FOUR_WIRE, ZONE)


def heard(session: Dlt645Session, di: str, content: str) -> dict[Quantity, object]:
    wire = bytes.fromhex(di)[::-1]
    session.ask(read_query(wire, 12, version=VERSION_1997))
    session.receive_data(Frame("000000000101", 0x81, wire + bytes.fromhex(content)).encode())
    event = session.next_event()
    assert isinstance(event, Answer)
    return dict(event.values)


def test_a_profile_says_where_its_maker_widened_an_item() -> None:
    assert heard(old().session("101"), "B611", "2302") == {Q.VOLTAGE_A: 223.0}
    wide = old(formats={"voltage": "XXX.X", "current": "XXX.XXX"}).session("101")
    assert heard(wide, "B611", "3422") == {Q.VOLTAGE_A: 223.4}
    assert heard(wide, "B621", "341200") == {Q.CURRENT_A: 1.234}
    assert heard(wide, "B61F", "342235223622") == {Q.VOLTAGE_A: 223.4, Q.VOLTAGE_B: 223.5, Q.VOLTAGE_C: 223.6}


def test_a_stored_answer_of_such_a_meter_is_read_alike() -> None:
    decoder = Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE, {"current": parse_format("XXX.XXX")})
    raw = Frame("000000000101", 0x81, bytes.fromhex("21B6 341200")).encode()
    assert read_answer(raw, decoder).values == {Q.CURRENT_A: 1.234}
    [columns] = replay([raw], decoder).columns
    assert columns.numbers[Q.CURRENT_A].tolist() == [1.234]


@pytest.mark.parametrize(
    ("formats", "said"),
    [
        ({"voltag": "XXX.X"}, "formats has voltag; only numbers"),
        ({"voltage": "MMDDhhmm"}, "formats has voltage; only numbers"),
        ({"time": "XXXXXX"}, "formats has time; only numbers"),
        ({"voltage": "wide"}, "unknown DL/T 645 format 'wide'"),
        ("XXX.X", "write for example"),
    ],
)
def test_a_wrong_format_is_told(formats: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        old(formats=formats)


@pytest.mark.parametrize(
    "memory",
    [{"load_record_minutes": 15}, {"daily_freeze_days": 62}],
)
def test_a_meter_of_1997_is_not_asked_for_a_memory_of_2007(memory: dict[str, object]) -> None:
    given = replace(profile("dlt645_1997"), **memory)  # type: ignore[arg-type]  # one field of a profile
    with pytest.raises(ConfigError, match="a meter of 1997 is not asked for load records"):
        Dlt645Driver1997(given, Wiring.THREE_PHASE_FOUR_WIRE, ZONE)


@pytest.mark.parametrize("item", ["0001FF", "941F", "C117", "B611", "9"])
def test_an_item_that_no_meter_of_1997_keeps_by_month_is_told(item: str) -> None:
    with pytest.raises(ConfigError, match="such as '901F'"):
        old(settlement_items=[item])


def test_a_meter_of_1997_is_asked_for_two_months_between_two_looks_at_its_clock() -> None:
    past = old(settlement_items=["901F", "A010"], settlement_days=["0100"])
    month = datetime(2026, 2, 28, 16, tzinfo=UTC)
    queries = past.backfill_plan(month, month + timedelta(minutes=1))
    assert [query.what for query in queries] == [
        "C010",
        "C011",
        "C117",
        "941F",
        "A410",
        "981F",
        "A810",
        "C010 settled",
        "C011 settled",
    ]
    assert past.backfill_plan(month + timedelta(days=1), month + timedelta(days=9)) == []
    assert past.backfill_plan(month, month + timedelta(minutes=1), {"C011"}) == []
    assert list(past.kept_instants(month, month + timedelta(days=1))[Origin.SETTLEMENT_FREEZE]) == [month]


def test_a_driver_tells_at_which_instants_its_meters_freeze_registers() -> None:
    month = datetime(2026, 2, 28, 16, tzinfo=UTC)  # 1 March, 00:00 local
    kept = driver().kept_instants(month, month + timedelta(days=3))
    assert kept[Origin.DAILY_FREEZE] == [month + timedelta(days=day) for day in range(3)]
    assert list(kept[Origin.SETTLEMENT_FREEZE]) == [month]
    hour = timedelta(hours=1)
    assert not any(driver().kept_instants(month + hour, month + 2 * hour).values())
    assert not any(old().kept_instants(month, month + timedelta(days=3)).values())
    memory = driver().kept_instants(month, month + timedelta(days=100))[Origin.DAILY_FREEZE]
    assert len(memory) == 62
    assert memory[-1] == month + timedelta(days=99)
