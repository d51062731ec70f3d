from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline.model import Origin
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645 import orders
from protocols.dlt645.authority import Authority, Password
from protocols.dlt645.driver import Dlt645Driver
from protocols.dlt645.explain import explain
from protocols.dlt645.frame import Frame
from protocols.dlt645.questions import address_query, read_query
from protocols.dlt645.relay import Control, ControlOrder
from protocols.dlt645.session import Dlt645Session
from protocols.profile import Profile, Side
from protocols.session import NEED_DATA, Answer, Query, Record, Refused
from simulators.dlt645.traits import Traits
from simulators.dlt645_meter import Dlt645Meter

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 10, 2, 20, tzinfo=UTC)  # 10:20 local
MEMORY_FROM = datetime(2026, 2, 1, tzinfo=UTC)
Q = Quantity


class GrowingModel:
    """One kilowatt since the beginning of 2026, in four rates of equal share."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        hours = (instant - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds() / 3600
        return {
            Q.ACTIVE_ENERGY_IMPORT: hours,
            **{Q(f"active_energy_import_t{n}"): hours / 4 for n in range(1, 5)},
            Q.ACTIVE_ENERGY_EXPORT: 0.0,
            Q.REACTIVE_ENERGY_IMPORT: hours / 2,
            Q.VOLTAGE_A: 230.04,
            Q.VOLTAGE_B: 231.0,
            Q.VOLTAGE_C: 229.0,
            Q.VOLTAGE_AB: 100.2,
            Q.VOLTAGE_BC: 99.8,
            Q.CURRENT_A: 4.3478,
            Q.CURRENT_C: 4.0,
            Q.ACTIVE_POWER: -1.0,
            Q.FREQUENCY: 50.01,
            Q.MAX_DEMAND_IMPORT: 1.5,
            Q.MAX_DEMAND_IMPORT_AT: NOW.timestamp() - 1200,
        }


def meter(wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE, **traits: object) -> Dlt645Meter:
    return Dlt645Meter(
        "123456789012",
        GrowingModel(),
        lambda: NOW,
        wiring=wiring,
        zone=ZONE,
        memory_from=MEMORY_FROM,
        traits=Traits(**traits),  # type: ignore[arg-type]  # names of traits
    )


def driver(wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE) -> Dlt645Driver:
    profile = Profile(
        name="t",
        protocol="dlt645-2007",
        description="t",
        side=Side.SECONDARY,
        source="t",
        quantities=frozenset(),
        load_record_minutes=15,
        load_record_days=62,
        daily_freeze_days=62,
    )
    return Dlt645Driver(profile, wiring, ZONE)


def exchange(session: Dlt645Session, slave: Dlt645Meter, query: Query) -> Answer | Refused:
    session.receive_data(slave.receive(session.ask(query)))
    event = session.next_event()
    assert isinstance(event, Answer | Refused), event
    assert session.next_event() is NEED_DATA
    return event


def present(slave: Dlt645Meter, wanted: set[Quantity], wiring: Wiring) -> dict[Quantity, object]:
    session = driver(wiring).session("123456789012")
    values: dict[Quantity, object] = {}
    refused: set[str] = set()
    asked: set[str] = set()
    while queries := [q for q in driver(wiring).plan(wanted, refused) if q.what not in asked]:
        asked.add(queries[0].what)
        event = exchange(session, slave, queries[0])
        if isinstance(event, Refused):
            refused.add(event.query.what)
        else:
            values |= event.values
    return values


def backfilled(
    slave: Dlt645Meter, starts_at: datetime, ends_at: datetime, origin: Origin
) -> dict[datetime, Record]:
    session = driver().session("123456789012")
    records: dict[datetime, Record] = {}
    for query in driver().backfill_plan(starts_at, ends_at):
        event = exchange(session, slave, query)
        if isinstance(event, Answer):
            records |= {r.taken_at: r for r in event.records if r.origin is origin}
    return records


WANTED = {Q.ACTIVE_ENERGY_IMPORT, Q.ACTIVE_ENERGY_IMPORT_T3, Q.VOLTAGE_A, Q.VOLTAGE_B, Q.ACTIVE_POWER}


@pytest.mark.parametrize("traits", [{}, {"refuses_blocks": True}, {"trailing_aa": True}, {"preamble": 0}])
def test_what_the_meter_shows_comes_back_whatever_its_traits(traits: dict[str, Any]) -> None:  # Any: a trait
    values = present(meter(**traits), WANTED, Wiring.THREE_PHASE_FOUR_WIRE)
    hours = (NOW - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds() / 3600
    assert values[Q.ACTIVE_ENERGY_IMPORT] == round(hours, 2)
    # A quarter of everything up to midnight, and the hour from 07:00 in which rate 3 ran today.
    assert values[Q.ACTIVE_ENERGY_IMPORT_T3] == (hours - (10 + 20 / 60)) / 4 + 1
    assert values[Q.VOLTAGE_A] == 230.0
    assert values[Q.ACTIVE_POWER] == -1.0


def test_a_three_wire_meter_gives_line_voltages_and_no_phase_b() -> None:
    wiring = Wiring.THREE_PHASE_THREE_WIRE
    values = present(meter(wiring), {Q.VOLTAGE_AB, Q.VOLTAGE_BC, Q.CURRENT_A, Q.CURRENT_C}, wiring)
    assert values == {Q.VOLTAGE_AB: 100.2, Q.VOLTAGE_BC: 99.8, Q.CURRENT_A: 4.348, Q.CURRENT_C: 4.0}


def test_the_maximum_demand_keeps_its_time() -> None:
    wiring = Wiring.THREE_PHASE_FOUR_WIRE
    values = present(meter(), {Q.MAX_DEMAND_IMPORT, Q.MAX_DEMAND_IMPORT_AT}, wiring)
    assert values == {Q.MAX_DEMAND_IMPORT: 1.5, Q.MAX_DEMAND_IMPORT_AT: NOW.timestamp() - 1200}


def test_a_load_record_is_what_the_meter_showed_at_its_slot() -> None:
    starts_at = datetime(2026, 3, 9, 0, 7, tzinfo=UTC)
    records = backfilled(meter(), starts_at, starts_at + timedelta(hours=6), Origin.LOAD_RECORD)
    first = datetime(2026, 3, 9, 0, 15, tzinfo=UTC)
    slots = [first + i * timedelta(minutes=15) for i in range(24)]
    assert set(slots) <= set(records)
    for slot in slots:
        hours = (slot - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds() / 3600
        energies = [
            r.values[Q.ACTIVE_ENERGY_IMPORT] for r in [records[slot]] if Q.ACTIVE_ENERGY_IMPORT in r.values
        ]
        assert energies in ([], [round(hours, 2)])


def test_no_record_before_the_memory_begins_is_an_empty_answer() -> None:
    session, slave = driver().session("123456789012"), meter()
    later = NOW + timedelta(days=3)
    query = next(q for q in driver().backfill_plan(later, later + timedelta(hours=1)) if q.what[:2] == "06")
    event = exchange(session, slave, query)
    assert isinstance(event, Answer)
    assert event.records == ()


@pytest.mark.parametrize("missing", [frozenset(), frozenset({date(2026, 3, 9), date(2026, 3, 5)})])
def test_daily_freezes_of_an_old_gap_are_found_by_their_day(missing: frozenset[date]) -> None:
    starts_at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    slave = meter(missing_freezes=missing)
    records = backfilled(slave, starts_at, starts_at + timedelta(days=4), Origin.DAILY_FREEZE)
    for day in (date(2026, 3, n) for n in (3, 4, 5, 6)):
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
        assert (midnight in records) == (day not in missing)
        if midnight in records:
            hours = (midnight - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds() / 3600
            assert records[midnight].values[Q.ACTIVE_ENERGY_IMPORT] == round(hours, 2)
            assert records[midnight].values[Q.ACTIVE_ENERGY_IMPORT_T1] == round(hours / 4, 2)


def test_a_midnight_between_time_and_values_gives_no_record_with_a_wrong_day() -> None:
    now = [datetime(2026, 3, 9, 15, 59, 59, tzinfo=UTC)]  # a second before local midnight
    slave = Dlt645Meter("1", GrowingModel(), lambda: now[0], zone=ZONE, memory_from=MEMORY_FROM)
    session = driver().session("1")
    records: list[Record] = []
    starts_at = datetime(2026, 3, 1, tzinfo=UTC)
    for query in driver().backfill_plan(starts_at, now[0]):
        if query.what.startswith("050601 2026-03-09"):
            now[0] += timedelta(seconds=2)
        event = exchange(session, slave, query)
        records += [r for r in getattr(event, "records", ()) if r.origin is Origin.DAILY_FREEZE]
    assert records
    for record in records:
        hours = (record.taken_at - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds() / 3600
        assert record.values[Q.ACTIVE_ENERGY_IMPORT] == round(hours, 2)


def test_the_clock_is_told_in_one_answer() -> None:
    [query] = driver().plan({Q.CLOCK_OFFSET})
    event = exchange(driver().session("123456789012"), meter(clock_offset_s=90), query)
    assert isinstance(event, Answer)
    assert datetime.fromisoformat(event.facts["clock"]) == NOW + timedelta(seconds=90)


@pytest.mark.parametrize("asked", ["AAAAAAAAAAAA", "AAAAAAAA9012", "123456789012"])
def test_a_wildcard_address_is_answered_with_the_meters_own(asked: str) -> None:
    answer = meter().receive(Frame(asked, 0x11, bytes.fromhex("00000100")).encode())
    assert explain(answer)["address"] == "123456789012"


def test_a_meter_that_echoes_the_wildcard_is_understood() -> None:
    session = driver().session("AAAAAAAAAAAA")
    query = read_query(bytes.fromhex("00010102"), 2)
    assert exchange(session, meter(echoes_wildcard=True), query).raw[1:7] == b"\xaa" * 6


def test_the_address_is_told_to_who_asks_with_a_wildcard() -> None:
    event = exchange(driver().session("AAAAAAAAAAAA"), meter(), address_query())
    assert isinstance(event, Answer)
    assert event.facts == {"address": "123456789012"}


@pytest.mark.parametrize(
    "sent",
    [
        Frame("999999999999", 0x11, bytes.fromhex("00000100")).encode(),
        Frame("999999999999", 0x13).encode(),
        Frame("AAAAAAAAAAAA", 0x14, bytes(13)).encode(),
        Frame("AAAAAAAA9012", 0x1C, bytes(16)).encode(),
        Frame("123456789012", 0x31, bytes.fromhex("00000100")).encode(),
        Frame("123456789013", 0x11, bytes.fromhex("00000100")).encode(),
        Frame("AAAAAAAA9013", 0x11, bytes.fromhex("00000100")).encode(),
        Frame("999999999999", 0x08, bytes(6)).encode(),
        Frame("123456789012", 0x91, bytes.fromhex("00000100 00000000")).encode(),
        Frame("123456789012", 0x11, bytes.fromhex("00000100")).encode()[:-2] + b"\x00\x16",
    ],
)
def test_the_meter_is_silent_unless_it_is_meant(sent: bytes) -> None:
    assert meter().receive(sent) == b""


def test_an_unknown_identifier_is_refused_with_error_2() -> None:
    answer = meter().receive(Frame("123456789012", 0x11, bytes.fromhex("EFBEADDE")).encode())
    assert explain(answer)["err_bits"] == ["无请求数据"]


def test_absent_phases_of_a_single_phase_meter_are_ff_in_a_block() -> None:
    single = meter(Wiring.ONE_PHASE)
    answer = single.receive(Frame("123456789012", 0x11, bytes.fromhex("00FF0102")).encode())
    assert explain(answer)["value"] == ["230.0", None, None]


def test_no_answer_is_longer_than_the_standard_allows() -> None:
    for load_class in range(7):
        asked = bytes((0x00, 0x00, load_class, 0x06, 0xFF))
        answer = meter().receive(Frame("123456789012", 0x11, asked).encode())
        length = explain(answer)["L"]
        assert isinstance(length, int)
        assert 4 < length <= 200


def test_an_order_to_everybody_is_obeyed_in_silence_where_the_standard_allows_it() -> None:
    slave = meter()
    assert slave.receive(Frame("999999999999", 0x16, b"\x99" * 4).encode()) == b""
    assert slave.core.freezes.instant(1, 1) == NOW


def test_a_meter_without_power_says_nothing() -> None:
    slave = Dlt645Meter("123456789012", Dark(), lambda: NOW)
    assert slave.receive(Frame("123456789012", 0x13).encode()) == b""


class Dark:
    def read(self, instant: datetime) -> Mapping[Quantity, float]:  # noqa: ARG002 - the shape of every model
        return {}


def test_an_answer_in_parts_is_joined_by_our_own_master() -> None:
    session, slave = driver().session("123456789012"), meter()
    query = read_query(bytes((0x02, 0x00, 0x00, 0x06)), 1000, b"\x08")
    records: Sequence[Record] = ()
    more: Query | None = query
    while more is not None:
        event = exchange(session, slave, more)
        assert isinstance(event, Answer)
        records, more = event.records, event.more
    slots = [NOW - timedelta(minutes=5) - i * timedelta(minutes=15) for i in range(8)]
    assert sorted(r.taken_at for r in records) == sorted(slots)


def test_a_meter_that_says_more_and_refuses_it_leaves_the_first_part() -> None:
    session, slave = driver().session("123456789012"), meter(refuses_following=True)
    first = exchange(session, slave, read_query(bytes((0x02, 0x00, 0x00, 0x06)), 1000, b"\x08"))
    assert isinstance(first, Answer)
    assert first.more is not None
    assert isinstance(exchange(session, slave, first.more), Refused)


def test_an_event_is_reported_in_place_of_every_second_answer_until_it_is_reset() -> None:
    slave = meter(reports_status=True)
    asked = Frame("123456789012", 0x11, bytes.fromhex("00000100")).encode()
    told = [Frame.decode(slave.receive(asked)[4:]).data[:4].hex() for _ in range(4)]
    assert told == ["01150004", "00000100", "01150004", "00000100"]
    reset = bytes.fromhex("03150004 02563412 78563412") + bytes(12)
    assert Frame.decode(slave.receive(Frame("123456789012", 0x14, reset).encode())[4:]).control == 0x94
    assert {Frame.decode(slave.receive(asked)[4:]).data[:4].hex() for _ in range(3)} == {"00000100"}


def test_frames_one_after_the_other_are_answered_one_after_the_other() -> None:
    asked = Frame("123456789012", 0x13).encode()
    slave = meter(preamble=0)
    assert slave.receive(asked + b"\xfe" + asked) == 2 * slave.receive(asked)


WRITER = Authority(password=Password(4, "000000"), operator="00000001")
CLEARER = Authority(password=Password(2, "123456"), operator="00000001")
ORDERS = [
    orders.write(bytes.fromhex("03010004"), b"\x30", WRITER),
    orders.freeze("99999999"),
    orders.change_rate(9600),
    orders.change_password(Password(4, "000000"), Password(4, "654321")),
    orders.reset_demand(WRITER),
    orders.clear_meter(CLEARER),
    orders.clear_events(CLEARER),
    orders.control(
        ControlOrder(control=Control.OPEN, deadline=datetime(2026, 3, 10, 10, 30, tzinfo=ZONE)), CLEARER
    ),
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.what)
def test_every_order_of_our_own_master_is_acknowledged(order: Query) -> None:
    session = driver().session("123456789012")
    assert isinstance(exchange(session, meter(), order), Answer)


def test_an_order_of_our_own_master_after_its_deadline_is_refused() -> None:
    late = ControlOrder(control=Control.OPEN, deadline=datetime(2026, 3, 10, 10, 10, tzinfo=ZONE))
    session = driver().session("123456789012")
    assert isinstance(exchange(session, meter(), orders.control(late, CLEARER)), Refused)
