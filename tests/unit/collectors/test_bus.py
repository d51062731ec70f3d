import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from collectors.counters import BusCounters, MeterHealth
from collectors.targets import MeterBackfill, MeterRead
from pipeline.coverage import Cause
from pipeline.errors import ConfigError
from pipeline.model import Quality
from protocols.profile import Pauses
from protocols.session import DropReason
from tests.unit.collectors.toy import (
    START,
    MemoryLine,
    Reply,
    ToyDriver,
    ToySession,
    run_simulated,
    toy_reply,
)
from tests.unit.collectors.toy_bus import (
    EVERY_MINUTE,
    WANTED,
    Cycle,
    except_for,
    owner_of,
    slot,
    target,
)


def test_a_read_brings_a_snapshot_of_what_was_wanted(tmp_path: Path) -> None:
    async def main() -> tuple[MeterRead, BusCounters]:
        owner = owner_of(MemoryLine(), tmp_path)
        read = await owner.read_meter(target(7), WANTED, START, schedules=EVERY_MINUTE)
        await owner.close()
        return read, owner.counters

    read, counters = run_simulated(main())
    assert read.snapshot is not None
    assert set(read.snapshot.values) == WANTED
    assert read.snapshot.slot_at == START
    assert read.snapshot.taken_at == START + timedelta(seconds=0.1)
    assert (read.cause, read.attempts) == (None, 2)
    assert (counters.exchanges, counters.answered, counters.retries, counters.opened) == (2, 2, 0, 1)
    assert counters.busy_s == pytest.approx(0.2)


def test_silence_is_kept_between_two_questions(tmp_path: Path) -> None:
    line = MemoryLine()

    async def main() -> None:
        owner = owner_of(line, tmp_path, pause_s=0.5)
        await owner.read_meter(target(7), WANTED, START)
        await owner.close()

    run_simulated(main())
    (first, _), (second, _) = line.questions
    assert second - first == pytest.approx(0.1 + 0.5)


def test_a_model_that_needs_silence_gets_it_before_and_after_it_speaks(tmp_path: Path) -> None:
    line = MemoryLine()
    slow = replace(target(2), pauses=Pauses(between_s=0.4, after_connect_s=2.0))

    async def main() -> None:
        owner = owner_of(line, tmp_path, pause_s=0.1)
        for each in (slow, target(1), slow):
            await owner.read_meter(each, WANTED, START)
        await owner.close()

    run_simulated(main())
    asked = [(question[1:3], at) for at, question in line.questions]
    assert [address for address, _ in asked] == [b"02", b"02", b"01", b"01", b"02", b"02"]
    assert asked[0][1] == pytest.approx(2.0)
    gaps_s = [then - at - 0.1 for (_, at), (_, then) in pairwise(asked)]  # each answer takes 0.1 s
    assert gaps_s == pytest.approx([0.4, 0.4, 0.1, 0.4, 0.4])


def test_a_silent_meter_does_not_stop_its_neighbours(tmp_path: Path) -> None:
    async def main() -> dict[int, MeterRead]:
        owner = owner_of(MemoryLine(except_for({2})), tmp_path)
        reads, _ = await slot(owner, [target(n) for n in (1, 2, 3)])
        await owner.close()
        return reads

    reads = run_simulated(main())
    assert reads[1].snapshot is not None
    assert reads[3].snapshot is not None
    assert (reads[2].snapshot, reads[2].cause, reads[2].attempts) == (None, Cause.NO_ANSWER, 3)


def test_eight_silent_meters_of_32_make_the_others_cycle_less_than_a_fifth_longer_once_known(
    tmp_path: Path,
) -> None:
    silent = set(range(25, 33))
    targets = [target(n) for n in range(1, 33)]

    async def main() -> tuple[float, list[Cycle], list[Cycle]]:
        owner = owner_of(MemoryLine(except_for(silent)), tmp_path)
        _, alone = await slot(owner, targets[:24])
        learning = [await slot(owner, targets, minute) for minute in range(1, 4)]
        known = [await slot(owner, targets, minute) for minute in range(4, 104)]
        await owner.close()
        return alone, learning, known

    alone, learning, known = run_simulated(main())
    assert learning[0][1] > 2 * alone
    assert sum(seconds for _, seconds in known) / len(known) < 1.2 * alone
    assert max(seconds for _, seconds in known) < 1.2 * alone + 1.0
    for reads, _ in known:
        assert all(reads[n].snapshot is not None for n in range(1, 25))
        assert all(reads[n].cause is Cause.NO_ANSWER for n in silent)
    assert all(sum(reads[n].attempts for reads, _ in known) > 0 for n in silent)


def test_silent_meters_that_come_back_are_read_again(tmp_path: Path) -> None:
    silent = {2, 3}
    targets = [target(n) for n in range(1, 9)]

    async def main() -> tuple[dict[int, MeterRead], list[MeterHealth]]:
        owner = owner_of(MemoryLine(except_for(silent)), tmp_path)
        for minute in range(4):
            await slot(owner, targets, minute)
        assert [health.meter for health in owner.health() if health.silent] == ["M02", "M03"]
        silent.clear()
        for minute in range(4, 8):
            reads, _ = await slot(owner, targets, minute)
        await owner.close()
        return reads, owner.health()

    reads, health = run_simulated(main())
    assert all(read.snapshot is not None for read in reads.values())
    assert not any(meter.silent for meter in health)


def test_a_line_on_which_all_were_silent_comes_back_in_one_cycle(tmp_path: Path) -> None:
    silent = set(range(1, 33))
    targets = [target(n) for n in range(1, 33)]

    async def main() -> dict[int, MeterRead]:
        owner = owner_of(MemoryLine(except_for(silent)), tmp_path, timeout_s=0.3)
        for minute in range(4):
            await slot(owner, targets, minute)
        silent.clear()
        reads, _ = await slot(owner, targets, 5)
        await owner.close()
        return reads

    assert all(read.snapshot is not None for read in run_simulated(main()).values())


def test_a_meter_slower_than_its_neighbours_is_found_again(tmp_path: Path) -> None:
    away = True

    def respond(question: bytes) -> Reply:
        if question[1:3] == b"02":
            return [] if away else toy_reply(question, 0.8)
        return toy_reply(question, 0.01)

    async def main() -> list[bool]:
        nonlocal away
        owner = owner_of(MemoryLine(respond), tmp_path)
        targets = [target(1), target(2)]
        for minute in range(4):
            await slot(owner, targets, minute)
        away = False
        found = []
        for minute in range(4, 600):
            reads, _ = await slot(owner, targets, minute)
            found.append(reads[2].snapshot is not None)
        await owner.close()
        return found

    assert run_simulated(main())[-1]


def test_a_refused_block_is_asked_once_and_its_parts_from_then_on(tmp_path: Path) -> None:
    def respond(question: bytes) -> Reply:
        return [(0.1, b"E07P\n")] if question[3:4] == b"P" else toy_reply(question)

    line = MemoryLine(respond)

    async def main() -> tuple[list[MeterRead], BusCounters]:
        owner = owner_of(line, tmp_path)
        reads = [await owner.read_meter(target(7), WANTED, START) for _ in range(2)]
        await owner.close()
        return reads, owner.counters

    reads, counters = run_simulated(main())
    snapshots = [read.snapshot for read in reads if read.snapshot is not None]
    assert len(snapshots) == 2
    assert line.asked == ["07P", "07V", "07C", "07E", "07V", "07C", "07E"]
    assert all(set(snapshot.values) == WANTED for snapshot in snapshots)
    assert all(snapshot.quality is Quality.GOOD for snapshot in snapshots)
    assert counters.refused == 1


def test_a_line_cut_amid_a_question_is_opened_again_and_the_question_repeated(tmp_path: Path) -> None:
    line = MemoryLine()

    async def main() -> MeterRead:
        owner = owner_of(line, tmp_path)
        await owner.read_meter(target(1), WANTED, START)
        asyncio.get_running_loop().call_later(0.05, line.cut)
        read = await owner.read_meter(target(2), WANTED, START)
        await owner.close()
        return read

    read = run_simulated(main())
    assert read.cause is None
    assert line.opened == 2


def test_a_line_that_is_away_gives_link_to_its_meters_and_they_come_back_with_it(tmp_path: Path) -> None:
    line = MemoryLine()
    line.away = True
    targets = [target(n) for n in range(1, 33)]

    async def main() -> tuple[dict[int, MeterRead], float, dict[int, MeterRead]]:
        owner = owner_of(line, tmp_path)
        reads, seconds = await slot(owner, targets)
        line.away = False
        await asyncio.sleep(60)
        again, _ = await slot(owner, targets, 2)
        await owner.close()
        return reads, seconds, again

    reads, seconds, again = run_simulated(main())
    assert all(read.cause is Cause.LINK and read.attempts == 0 for read in reads.values())
    assert seconds < 5
    assert all(read.snapshot is not None for read in again.values())


def test_a_line_on_which_nothing_is_heard_any_more_is_opened_again(tmp_path: Path) -> None:
    line = MemoryLine(lambda _question: [])

    async def main() -> None:
        owner = owner_of(line, tmp_path, timeout_s=0.1)
        await slot(owner, [target(n) for n in range(1, 20)])
        await owner.close()

    run_simulated(main())
    assert line.opened > 1


def test_a_bus_that_another_owner_has_gives_bus_busy_and_names_the_process(tmp_path: Path) -> None:
    async def main() -> tuple[MeterRead, MeterRead]:
        first, second = owner_of(MemoryLine(), tmp_path), owner_of(MemoryLine(), tmp_path)
        first.acquire()
        read = await second.read_meter(target(7), WANTED, START)
        await first.close()
        again = await second.read_meter(target(7), WANTED, START)
        await second.close()
        return read, again

    read, again = run_simulated(main())
    assert read.cause is Cause.BUS_BUSY
    assert "belongs to process" in read.failure
    assert again.snapshot is not None


class BrokenSession(ToySession):
    def receive_data(self, data: bytes) -> None:
        raise ZeroDivisionError(data)


class BrokenDriver(ToyDriver):
    def session(self, address: str) -> ToySession:
        return BrokenSession(address)


class PickyDriver(ToyDriver):
    def session(self, address: str) -> ToySession:
        raise ConfigError(f"{address} is no address")


@pytest.mark.parametrize("driver", [BrokenDriver(), PickyDriver()])
def test_a_faulty_driver_costs_its_own_meter_only(tmp_path: Path, driver: ToyDriver) -> None:
    async def main() -> dict[int, MeterRead]:
        owner = owner_of(MemoryLine(), tmp_path)
        reads, _ = await slot(owner, [target(1), target(2, driver), target(3)])
        await owner.close()
        return reads

    reads = run_simulated(main())
    assert reads[2].cause is Cause.WRONG_PARAMETERS
    assert reads[1].snapshot is not None
    assert reads[3].snapshot is not None


@pytest.mark.parametrize("driver", [BrokenDriver(), PickyDriver()])
def test_a_faulty_driver_answers_a_person_and_backfill_with_its_failure(
    tmp_path: Path, driver: ToyDriver
) -> None:
    async def main() -> tuple[MeterRead, MeterBackfill]:
        owner = owner_of(MemoryLine(), tmp_path)
        read = await owner.read_meter(target(2, driver), WANTED, None)
        fetched = await owner.backfill_meter(target(2, driver), START - timedelta(hours=2), START)
        await owner.close()
        return read, fetched

    read, fetched = run_simulated(main())
    assert read.cause is fetched.cause is Cause.WRONG_PARAMETERS
    assert "address 02" in read.failure
    assert fetched.snapshots == []


def test_a_month_of_backfill_is_fetched_in_one_go(tmp_path: Path) -> None:
    async def main() -> MeterBackfill:
        owner = owner_of(MemoryLine(), tmp_path)
        fetched = await owner.backfill_meter(target(1), START - timedelta(days=30), START)
        await owner.close()
        return fetched

    fetched = run_simulated(main())
    assert fetched.cause is None
    assert len(fetched.snapshots) == 720


def test_backfill_delays_a_slot_by_one_exchange_at_most(tmp_path: Path) -> None:
    async def main() -> tuple[float, MeterBackfill]:
        owner = owner_of(MemoryLine(), tmp_path)
        backfill = asyncio.create_task(owner.backfill_meter(target(1), START - timedelta(hours=50), START))
        await asyncio.sleep(1.05)
        _, seconds = await slot(owner, [target(n) for n in (2, 3)])
        assert not backfill.done()
        result = await backfill
        await owner.close()
        return seconds, result

    seconds, result = run_simulated(main())
    assert seconds <= 2 * 0.2 + 0.1
    assert result.cause is None
    assert len(result.snapshots) == 50
    assert result.snapshots[0].meter_time == START - timedelta(hours=50)


def test_backfill_of_a_silent_meter_says_so_with_what_it_had(tmp_path: Path) -> None:
    answers = 3

    def respond(question: bytes) -> Reply:
        nonlocal answers
        answers -= 1
        return toy_reply(question) if answers >= 0 else []

    async def main() -> MeterBackfill:
        owner = owner_of(MemoryLine(respond), tmp_path)
        result = await owner.backfill_meter(target(1), START - timedelta(hours=50), START)
        await owner.close()
        return result

    result = run_simulated(main())
    assert result.cause is Cause.NO_ANSWER
    assert len(result.snapshots) == 3


def test_a_cancelled_read_leaves_the_bus_free_for_the_next(tmp_path: Path) -> None:
    async def main() -> tuple[MeterRead, BusCounters]:
        owner = owner_of(MemoryLine(), tmp_path)
        read = asyncio.create_task(owner.read_meter(target(1), WANTED, START))
        await asyncio.sleep(0.15)
        read.cancel()
        again = await owner.read_meter(target(2), WANTED, START)
        await owner.close()
        return again, owner.counters

    again, counters = run_simulated(main())
    assert again.snapshot is not None
    assert counters.dropped.get(DropReason.CHECKSUM) is None


def test_an_answer_from_an_address_that_the_archive_lacks_is_a_strangers(tmp_path: Path) -> None:
    def respond(question: bytes) -> Reply:
        stray = b"!08V,1.0*00\n!02V,1.0*00\n" if question[1:3] == b"01" else b""
        return [(0.01, stray), *toy_reply(question)]

    async def main() -> set[tuple[str, str]]:
        owner = owner_of(MemoryLine(respond), tmp_path, addresses=["01", "02"])
        await slot(owner, [target(1), target(2)])
        return {(said.source, said.key) for said in owner.strangers.take(START)}

    assert run_simulated(main()) == {("b1", "08")}
