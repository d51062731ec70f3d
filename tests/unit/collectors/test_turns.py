import asyncio

from collectors.turns import Priority, Turns
from tests.unit.collectors.toy import run_simulated


async def use(turns: Turns, priority: Priority, name: str, log: list[str], seconds: float = 1.0) -> None:
    await turns.take(priority)
    try:
        log.append(name)
        await asyncio.sleep(seconds)
    finally:
        turns.give_back()


def test_waiting_users_go_by_priority_then_by_arrival() -> None:
    async def main() -> None:
        turns = Turns()
        log: list[str] = []
        async with asyncio.TaskGroup() as group:
            for priority, name in (
                (Priority.BACKFILL, "first come"),
                (Priority.BACKFILL, "backfill"),
                (Priority.ON_DEMAND, "person"),
                (Priority.LIVE, "slot 1"),
                (Priority.LIVE, "slot 2"),
            ):
                group.create_task(use(turns, priority, name, log))
        assert log == ["first come", "slot 1", "slot 2", "person", "backfill"]

    run_simulated(main())


def test_backfill_does_not_slip_in_between_two_meters_of_a_slot() -> None:
    async def main() -> None:
        turns = Turns()
        log: list[str] = []

        async def slot() -> None:
            with turns.cycle():
                for name in ("slot 1", "slot 2"):
                    await use(turns, Priority.LIVE, name, log)

        async with asyncio.TaskGroup() as group:
            group.create_task(slot())
            await asyncio.sleep(0.5)
            group.create_task(use(turns, Priority.BACKFILL, "backfill", log))
        assert log == ["slot 1", "slot 2", "backfill"]

    run_simulated(main())


def test_a_person_waits_for_one_turn_of_a_slot_but_two_persons_never_go_in_a_row() -> None:
    async def main() -> None:
        turns = Turns()
        log: list[str] = []

        async def slot() -> None:
            with turns.cycle():
                for name in ("slot 1", "slot 2", "slot 3"):
                    await use(turns, Priority.LIVE, name, log)

        async with asyncio.TaskGroup() as group:
            group.create_task(slot())
            await asyncio.sleep(0.1)
            for name in ("person 1", "person 2"):
                group.create_task(use(turns, Priority.ON_DEMAND, name, log))
        assert log == ["slot 1", "person 1", "slot 2", "person 2", "slot 3"]

    run_simulated(main())


def test_a_cancelled_user_does_not_keep_the_bus() -> None:
    async def main() -> None:
        turns = Turns()
        log: list[str] = []
        first = asyncio.create_task(use(turns, Priority.LIVE, "first", log))
        second = asyncio.create_task(use(turns, Priority.LIVE, "second", log))
        third = asyncio.create_task(use(turns, Priority.LIVE, "third", log))
        await asyncio.sleep(0.5)
        second.cancel()
        first.cancel()
        await third
        assert log == ["first", "third"]

    run_simulated(main())


def test_a_turn_that_comes_together_with_a_cancellation_is_passed_on() -> None:
    async def main() -> None:
        turns = Turns()
        log: list[str] = []
        await turns.take(Priority.LIVE)
        second = asyncio.create_task(use(turns, Priority.LIVE, "second", log))
        await asyncio.sleep(0)
        turns.give_back()
        second.cancel()
        await use(turns, Priority.LIVE, "third", log)
        assert log == ["third"]

    run_simulated(main())
