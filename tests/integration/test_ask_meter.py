"""What a person asks one meter: identifiers by their digits, event records, and periods long closed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.bus import BusOwner
from collectors.targets import MeterBackfill
from pipeline.errors import ConfigError, NoAnswerError
from pipeline.events import EventKind
from pipeline.model import MeterId, Origin
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Meter, Wiring
from services.answer_inquiry import answer
from services.ask_meter import ask_events, ask_identifiers
from services.inquiry import Inquiry, Reply
from services.read_meter import read_meter_at
from services.shown_values import shown_time
from services.wiring import load_profiles, target_of
from simulators.dlt645.traits import Traits
from simulators.dlt645_meter import Dlt645Meter
from tests.threads import line_of
from tests.unit.simulators.dlt645.bench import ADDRESS, ZONE, Load

NOW = datetime.now(UTC).replace(microsecond=0)
MEMORY_FROM = NOW - timedelta(days=70)
SINGLE = "000000000077"
STUBBORN = "000000000078"
"""Says that more follows and refuses to tell it."""
OUTAGE = (NOW - timedelta(days=3), NOW - timedelta(days=3) + timedelta(minutes=95))


@pytest.fixture(scope="module")
def line() -> Iterator[str]:
    """The URL of a line with a three-phase meter and a single-phase one, served by a thread of its own."""
    load = Load(kw=2.0)
    load.dark.append(OUTAGE)
    meter = Dlt645Meter(ADDRESS, load, lambda: datetime.now(UTC), zone=ZONE, memory_from=MEMORY_FROM)
    single = Dlt645Meter(
        SINGLE, Load(), lambda: datetime.now(UTC), zone=ZONE, memory_from=MEMORY_FROM, wiring=Wiring.ONE_PHASE
    )
    stubborn = Dlt645Meter(
        STUBBORN,
        Load(),
        lambda: datetime.now(UTC),
        zone=ZONE,
        memory_from=MEMORY_FROM,
        traits=Traits(refuses_following=True),
    )
    with line_of([meter, single, stubborn]) as peer:
        yield f"tcp://{peer}"


def test_identifiers_are_told_by_name_and_a_refusal_costs_only_itself(line: str) -> None:
    told = ask_identifiers(f"dlt645+{line}/{ADDRESS}", ["04000503", "0201FF00", "00B0B0B0", "04000601"])
    by_identifier = {item.identifier: item for item in told}
    assert "relay closed" in by_identifier["04000503"].fields["status word 3"]
    assert by_identifier["0201FF00"].fields == {f"voltage_{phase}": "220.0 V" for phase in "abc"}
    assert "no such data" in by_identifier["00B0B0B0"].failure
    assert by_identifier["04000601"].zh == "有功组合方式特征字"
    assert not by_identifier["04000601"].failure


def test_a_description_stands_in_where_there_is_no_quantity(line: str) -> None:
    """A date is none of our quantities; a time of ours is told with the meter's offset."""
    date, demand = ask_identifiers(f"dlt645+{line}/{ADDRESS}", ["04000101", "01010000"])
    assert any(f"{datetime.now(ZONE):%Y-%m}" in text for text in date.fields.values())
    assert demand.fields["max_demand_import_at"].endswith("+08:00")


def test_load_records_come_with_their_times_from_a_time_on(line: str) -> None:
    """The meter stores every quarter of an hour what its registers and voltages were then."""
    since = (NOW - timedelta(days=2)).replace(minute=0, second=0)
    url = f"dlt645+{line}/{ADDRESS}"
    energies, voltages = ask_identifiers(url, ["06040001", "06010001"], since=since, blocks=3)
    quarters = [since + timedelta(minutes=15 * n) for n in range(3)]
    assert [record.at for record in energies.records] == [shown_time(at, ZONE) for at in quarters]
    for record, at in zip(energies.records, quarters, strict=True):
        expected = Load(kw=2.0).read(at)[Quantity.ACTIVE_ENERGY_IMPORT]
        told, unit = record.fields["active_energy_import"].split()
        assert float(told) == pytest.approx(expected, abs=0.011)
        assert unit == "kWh"
        assert record.fields["combined reactive energy 1, total"].endswith(" kvarh")
    assert [record.fields["voltage_a"] for record in voltages.records] == ["220.0 V"] * 3


def test_more_load_records_than_a_frame_holds_come_in_following_frames(line: str) -> None:
    since = (NOW - timedelta(days=2)).replace(minute=0, second=0)
    [told] = ask_identifiers(f"dlt645+{line}/{ADDRESS}", ["06000001"], since=since, blocks=9)
    assert [record.at for record in told.records] == [
        shown_time(since + timedelta(minutes=15 * n), ZONE) for n in range(9)
    ]
    assert not told.failure


def test_an_answer_in_parts_is_whole_while_slots_are_read(line: str, tmp_path: Path) -> None:
    """A meter's session joins one answer at a time: a slot between two parts would cost the rest."""
    since = (NOW - timedelta(days=2)).replace(minute=0, second=0)
    target = target_of(Meter(id=MeterId("M")), ADDRESS, load_profiles()["dlt645_2007_three_phase"], line)

    async def scenario() -> Reply:
        owner = BusOwner(Bus(id="b", url=line), now=lambda: datetime.now(UTC), lock_dir=tmp_path)

        async def slots() -> None:
            while True:
                await owner.read_meter(target, {Quantity.VOLTAGE_A}, datetime.now(UTC))

        reading = asyncio.create_task(slots())
        try:
            return await answer(owner, target, Inquiry(identifiers=("06000001",), since=since, blocks=9))
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await owner.close()

    [told] = asyncio.run(scenario()).items
    assert len(told.records) == 9
    assert not told.failure


def test_what_came_before_a_part_that_is_refused_is_kept_and_said_to_be_a_part(line: str) -> None:
    since = (NOW - timedelta(days=2)).replace(minute=0, second=0)
    [told] = ask_identifiers(f"dlt645+{line}/{STUBBORN}", ["06000001"], since=since, blocks=9)
    assert [record.at for record in told.records] == [shown_time(since, ZONE)]
    assert told.failure.startswith("the rest did not come (refused)")


def test_a_time_without_load_records_is_said_to_have_none(line: str) -> None:
    [told] = ask_identifiers(f"dlt645+{line}/{ADDRESS}", ["06040001"], since=NOW + timedelta(days=1))
    assert (told.records, told.failure) == ((), "the meter stores no such record")


def test_a_freeze_is_told_with_the_time_it_was_made(line: str) -> None:
    before = datetime.now(ZONE).date()
    [told] = ask_identifiers(f"dlt645+{line}/{ADDRESS}", ["05060102"])
    [record] = told.records
    # The meter's clock goes on, past a midnight too.
    assert record.at in {f"{day - timedelta(days=1)} 00:00" for day in (before, datetime.now(ZONE).date())}
    assert len(record.fields) == 5  # total and four tariffs
    assert told.fields == {}


@pytest.mark.parametrize("digits", ["06040001", "06070002", "06040003"])
def test_a_load_record_that_cannot_be_asked_is_told_before_a_line_is_opened(digits: str) -> None:
    with pytest.raises(ConfigError, match="add --from" if digits == "06040001" else "060k0001"):
        ask_identifiers("dlt645+tcp://127.0.0.1:1/1", [digits])


def test_events_that_a_meter_does_not_count_are_refused_and_not_unanswered(line: str) -> None:
    told = ask_events(
        f"dlt645+{line}/{ADDRESS}", [EventKind.POWER_FACTOR_LOW, EventKind.POWER_DOWN], newest=1
    )
    [refused] = told.refused
    assert (refused.kind, refused.part, refused.identifier) == (EventKind.POWER_FACTOR_LOW, "", "1F000001")
    assert "no such data 无请求数据" in refused.reason
    assert told.failures == []
    assert [count.kind for count in told.counts] == [EventKind.POWER_DOWN]


def test_a_person_gets_what_was_asked_for_and_hears_what_is_not_told(line: str) -> None:
    """Phases are answered in one block; a single-phase meter leaves two of them empty."""
    url = f"dlt645+{line}/{SINGLE}"
    read = read_meter_at(url, frozenset({Quantity.VOLTAGE_A, Quantity.VOLTAGE_B}))
    assert dict(read.snapshot.values) == {Quantity.VOLTAGE_A: 220.0}
    assert read.not_told == (Quantity.VOLTAGE_B,)
    with pytest.raises(NoAnswerError, match="answers, but not with voltage_b"):
        read_meter_at(url, frozenset({Quantity.VOLTAGE_B}))
    whole = read_meter_at(f"dlt645+{line}/{ADDRESS}", frozenset({Quantity.VOLTAGE_B}))
    assert dict(whole.snapshot.values) == {Quantity.VOLTAGE_B: 220.0}


def test_an_outage_is_among_the_events_with_its_start_and_end(line: str) -> None:
    told = ask_events(f"dlt645+{line}/{ADDRESS}", [EventKind.POWER_DOWN, EventKind.PROGRAMMING], newest=2)
    assert [(count.kind, count.count) for count in told.counts] == [(EventKind.POWER_DOWN, 1)]
    [event] = told.events
    assert event.ends_at is not None
    assert abs(event.starts_at - OUTAGE[0]) <= timedelta(seconds=1)
    assert abs(event.ends_at - OUTAGE[1]) <= timedelta(seconds=1)
    assert told.failures == []


def test_a_meter_that_is_not_there_is_told_with_what_to_check(line: str) -> None:
    with pytest.raises(NoAnswerError, match="check the address"):
        ask_identifiers(f"dlt645+{line}/000000000009?timeout_s=0.1", ["04000503"])


@pytest.mark.parametrize(
    ("url", "digits", "said"),
    [
        (
            "modbus+tcp://127.0.0.1:502/1?profile=eastron_sdm630",
            "04000503",
            "identifiers and events are of DL/T 645",
        ),
        ("dlt645+tcp://127.0.0.1:1/1", "9010", "8 hexadecimal digits"),
        ("dlt645+tcp://127.0.0.1:1/1?profile=dlt645_1997", "04000503", "4 hexadecimal digits"),
        ("dlt645+tcp://127.0.0.1:1/1", "not hex", "8 hexadecimal digits"),
    ],
)
def test_what_cannot_be_asked_is_told_before_a_line_is_opened(url: str, digits: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ask_identifiers(url, [digits])


def test_closed_periods_come_back_with_the_time_they_were_closed(line: str, tmp_path: Path) -> None:
    """Settlement registers have a number and no time: the meter's clock and days date them."""
    profile = load_profiles()["dlt645_2007_three_phase"]
    target = target_of(Meter(id=MeterId("M")), ADDRESS, profile, line)
    month = NOW.astimezone(ZONE).replace(day=1, hour=0, minute=0, second=0)
    earlier = (month - timedelta(days=1)).replace(day=1)
    filled = asyncio.run(_backfill(line, target, earlier, month + timedelta(minutes=1), tmp_path))
    closed = {s.taken_at: s for s in filled.snapshots if s.origin is Origin.SETTLEMENT_FREEZE}
    assert list(closed) == [earlier.astimezone(UTC), month.astimezone(UTC)]
    for taken_at, snapshot in closed.items():
        expected = Load(kw=2.0).read(taken_at)[Quantity.ACTIVE_ENERGY_IMPORT]
        assert snapshot.values[Quantity.ACTIVE_ENERGY_IMPORT] == pytest.approx(expected, abs=0.011)


async def _backfill(
    line: str, target: object, starts_at: datetime, ends_at: datetime, lock_dir: Path
) -> MeterBackfill:
    owner = BusOwner(Bus(id="b", url=line), now=lambda: datetime.now(UTC), lock_dir=lock_dir)
    try:
        return await owner.backfill_meter(target, starts_at, ends_at)  # type: ignore[arg-type]  # a Target
    finally:
        await owner.close()
