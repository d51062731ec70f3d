"""However puts, drains and kills follow on each other, every reading is stored, each meter in order."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.spool import Record, Spool

ROOMY = 10_000_000

PUT, TAKE, STORE, FORGET, KILL = "put", "take", "store", "forget", "kill"
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just(PUT), st.integers(1, 6)),
        st.tuples(st.just(TAKE), st.integers(1, 6)),
        st.tuples(st.sampled_from((STORE, FORGET, KILL)), st.just(0)),
    ),
    max_size=60,
)


class World:
    """A spool, a database that keeps what it gets once, and a process that may be killed at any moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spool = Spool(path, ROOMY)
        self.killed: list[Spool] = []
        self.durable: list[bytes] = []
        """What ``put`` has returned for."""
        self.stored: dict[bytes, None] = {}
        """A set in the order of first arrival: writing the same reading again changes nothing."""
        self.taken = self.spool.take(0)[:0]
        self.committed = False

    def do(self, deed: str, number: int) -> None:
        if deed == PUT:
            fresh = [b"%d/%d" % (n % 3, n) for n in range(len(self.durable), len(self.durable) + number)]
            self.spool.put([Record(payload=name, readings=1, rank=len(name) % 3) for name in fresh])
            self.durable += fresh
        elif deed == TAKE:
            self.taken, self.committed = self.spool.take(number), False
        elif deed == STORE:
            self.stored.update(dict.fromkeys(record.payload for record in self.taken))
            self.committed = True
        elif deed == FORGET and self.committed:
            self.spool.forget(self.taken)
            self.taken = []
        elif deed == KILL:
            self.killed.append(self.spool)  # not closed: its journal stays as a kill leaves it
            self.spool = Spool(self.path, ROOMY)
            self.taken = []

    def drain(self) -> None:
        while records := self.spool.take(4):
            self.stored.update(dict.fromkeys(record.payload for record in records))
            self.spool.forget(records)

    def close(self) -> None:
        for spool in (*self.killed, self.spool):
            spool.close()


def by_meter(names: list[bytes]) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for name in names:
        found[name.split(b"/")[0]].append(name)
    return found


@given(DEEDS)
@settings(max_examples=60)
def test_nothing_is_lost_nothing_is_invented_and_each_meter_keeps_its_order(
    deeds: list[tuple[str, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "spool.sqlite")
        for deed, number in deeds:
            world.do(deed, number)
        world.drain()
        assert world.stored.keys() == set(world.durable)
        assert by_meter(list(world.stored)) == by_meter(world.durable)
        assert world.spool.counters.waiting == 0
        assert world.spool.counters.dropped == {}
        world.close()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9_000)), min_size=1, max_size=120))
@settings(max_examples=40)
def test_a_small_spool_counts_exactly_what_it_dropped_of_each_rank(
    sizes: list[tuple[int, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "spool.sqlite", 120_000)
        for rank, size in sizes:
            spool.put([Record(payload=bytes(size), readings=1, rank=rank)])
        left = spool.take(1_000)
        counters = spool.counters
        spool.close()
        assert len(left) + sum(counters.dropped.values()) == len(sizes)
        assert counters.used_bytes <= 120_000
        for rank in range(3):
            there = sum(record.rank == rank for record in left)
            assert there + counters.dropped.get(rank, 0) == sum(r == rank for r, _ in sizes)
