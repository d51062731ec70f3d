"""The judge of the chaos run finds what is planted, and excuses only what a strike explains."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.judgement import (
    BROKER_MEMORY,
    EXCHANGE,
    LOAD_RECORD,
    PRESENT,
    PUSH,
    Row,
    Slot,
    Stored,
    Verdict,
    judge,
)
from tests.chaos.ledger import Answered, Ledger, Published, Strike

START = datetime(2026, 11, 25, 4, tzinfo=UTC)
PERIOD_S = 2


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def answered(number: int, bus: str = "bus-1") -> Answered:
    return Answered(bus=bus, meter="M", counts=100 + number, at=at(PERIOD_S * number))


def published(number: int, *, heard: bool = True) -> Published:
    return Published(
        gateway="gw",
        meter="G",
        taken_at=at(number),
        counts=number,
        acknowledged_at=at(number + 0.1),
        heard=heard,
    )


def row(one: Answered | Published) -> Row:
    if isinstance(one, Published):
        return Row(meter=one.meter, taken_at=one.taken_at, origin=PUSH, counts=one.counts)
    return Row(meter=one.meter, taken_at=one.at, origin=PRESENT, counts=one.counts)


def strike(action: str, peer: str, seconds: float, victim: str = "") -> Strike:
    return Strike(
        action=action,
        victim=victim or peer,
        peer=peer,
        at=at(seconds),
        still_at=at(seconds + 0.1),
        until=at(seconds + 1),
    )


SLOTS = [Slot(meter="M", at=at(PERIOD_S * number), status="got", cause=None) for number in range(10)]
ANSWERS = [answered(number) for number in range(10)]
MESSAGES = [published(number) for number in range(10)]
ROWS = [*map(row, ANSWERS), *map(row, MESSAGES)]


def verdict(rows: Sequence[Row], slots: Sequence[Slot] = (), strikes: Sequence[Strike] = ()) -> Verdict:
    ledger = Ledger(answers=[*ANSWERS], published=[*MESSAGES], strikes=[*strikes])
    stored = Stored(rows=rows, slots=[*SLOTS, *slots])
    return judged(ledger, stored)


def judged(ledger: Ledger, stored: Stored) -> Verdict:
    return judge(ledger, stored, period_s=PERIOD_S, remembered=lambda _: 7, records_every_s=60)


def without(*gone: Answered | Published) -> list[Row]:
    return [one for one in ROWS if one not in [row(missing) for missing in gone]]


def test_what_is_stored_once_is_well() -> None:
    found = verdict(ROWS)
    assert found.holds
    assert found.readings == 20


@pytest.mark.parametrize("gone", [ANSWERS[4], MESSAGES[4]])
def test_a_planted_loss_is_found(gone: Answered | Published) -> None:
    found = verdict(without(gone))
    assert found.lost == [gone]
    assert not found.holds


@pytest.mark.parametrize("twice", [ANSWERS[4], MESSAGES[4]])
def test_a_planted_doubling_is_found_also_under_another_time(twice: Answered | Published) -> None:
    double = row(twice)
    again = Row(
        meter=double.meter,
        taken_at=double.taken_at + timedelta(seconds=1),
        origin=double.origin,
        counts=double.counts,
    )
    found = verdict([*ROWS, again])
    assert found.duplicated == [(twice.meter, twice.counts)]
    assert not found.holds


def test_what_a_meter_said_twice_to_two_collectors_may_be_stored_twice_and_no_more() -> None:
    said = Ledger(answers=[ANSWERS[0], ANSWERS[0]])
    times = [Row(meter="M", taken_at=at(0.001 * n), origin=PRESENT, counts=100) for n in range(3)]
    assert judged(said, Stored(rows=times[:2], slots=[])).duplicated == []
    assert judged(said, Stored(rows=times, slots=[])).duplicated == [("M", 100)]


def test_a_reading_that_nobody_said_is_found() -> None:
    assert verdict([*ROWS, Row(meter="M", taken_at=at(1), origin=PRESENT, counts=999)]).invented == 1


def test_a_load_record_is_what_the_meter_remembers() -> None:
    records = [Row(meter="M", taken_at=at(60), origin=LOAD_RECORD, counts=counts) for counts in (7, 8)]
    assert verdict([*ROWS, *records]).invented == 1


def test_only_what_was_under_way_when_its_collector_was_struck_is_excused() -> None:
    moment = (ANSWERS[4].at - START).total_seconds()
    late, early = EXCHANGE.total_seconds() / 2, 2 * EXCHANGE.total_seconds()
    under_way = verdict(without(ANSWERS[4]), strikes=[strike("kill", "collector", moment + late)])
    assert under_way.holds
    assert under_way.in_flight == [ANSWERS[4]]
    assert not verdict(without(ANSWERS[4]), strikes=[strike("kill", "collector", moment + early)]).holds
    for peer in ("ingester", "database", "broker", "database link"):
        assert not verdict(without(ANSWERS[4]), strikes=[strike("kill", peer, moment + late)]).holds


def test_a_strike_excuses_one_exchange_on_each_line_and_no_more() -> None:
    """A collector must have kept what it read before."""
    pair = [
        Answered(bus=bus, meter=meter, counts=counts, at=at(8 + after_s))
        for bus, meter, counts, after_s in [
            ("bus-1", "A", 1, 0.0),
            ("bus-1", "B", 2, 0.2),
            ("bus-2", "C", 3, 0.0),
        ]
    ]
    ledger = Ledger(answers=pair, strikes=[strike("kill", "collector", 8.4)])
    found = judged(ledger, Stored(rows=[], slots=[]))
    assert found.in_flight == pair[1:]
    assert found.lost == pair[:1]


def test_a_cut_line_excuses_its_own_bus_only() -> None:
    moment = (ANSWERS[4].at - START).total_seconds()
    assert verdict(without(ANSWERS[4]), strikes=[strike("cut", "bus link", moment, "bus-1")]).holds
    assert not verdict(without(ANSWERS[4]), strikes=[strike("cut", "bus link", moment, "bus-2")]).holds


def test_what_a_killed_broker_had_acknowledged_lately_is_counted_apart() -> None:
    moment = (MESSAGES[6].acknowledged_at - START).total_seconds() + 0.1
    killed = verdict(without(MESSAGES[6]), strikes=[strike("kill", "broker", moment)])
    assert killed.holds
    assert killed.broker_lost == [MESSAGES[6]]
    long_before = moment + BROKER_MEMORY.total_seconds()
    assert not verdict(without(MESSAGES[6]), strikes=[strike("kill", "broker", long_before)]).holds
    assert not verdict(without(MESSAGES[6]), strikes=[strike("stop", "broker", moment)]).holds


def test_what_the_broker_said_nobody_hears_is_the_brokers_loss() -> None:
    ledger = Ledger(published=[published(3, heard=False)])
    found = judged(ledger, Stored(rows=[], slots=[]))
    assert found.holds
    assert len(found.broker_lost) == 1


def test_a_slot_without_a_line_and_a_gap_without_a_cause_are_found() -> None:
    jump = Slot(meter="M", at=at(PERIOD_S * 11), status="missing", cause="link")
    assert verdict(ROWS, [jump]).holes == 1
    unexplained = Slot(meter="M", at=at(PERIOD_S * 10), status="missing", cause=None)
    assert verdict(ROWS, [unexplained]).without_cause == 1
    named = Slot(meter="M", at=at(PERIOD_S * 10), status="missing", cause="link")
    found = verdict(ROWS, [named])
    assert found.holds
    assert found.gaps == {"link": 1}


def test_a_gap_that_the_meter_stores_must_be_closed() -> None:
    early = Slot(meter="M", at=at(-60), status="missing", cause="link")
    assert verdict(ROWS, [early]).unclosed == 1
    between = Slot(meter="M", at=at(-2), status="missing", cause="link")
    found = verdict(ROWS, [between])
    assert found.unclosed == 0
    assert found.holds


def test_an_answer_that_was_asked_for_again_had_not_arrived() -> None:
    ledger = Ledger(answers=[*ANSWERS], repeated=[ANSWERS[4]])
    found = judged(ledger, Stored(rows=[row(one) for one in ANSWERS if one != ANSWERS[4]], slots=[]))
    assert found.holds
    assert found.repeated == 1
