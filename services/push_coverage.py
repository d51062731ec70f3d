"""Coverage of meters that report by themselves: which expected slot brought a message, and which did not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import MeterId, Origin, Snapshot
from pipeline.quantities import Group
from pipeline.registry import MqttSource, Schedule
from pipeline.timegrid import slot_start, slots

KEPT_SLOTS = 64
"""How many past slots stay open for late messages; older ones are settled."""
GRACE = 1.5
"""A slot's reading may come this many periods after the slot began and still be in time."""
LIVE = (Origin.PRESENT, Origin.PUSH)


class PushCoverage:
    """Compares what MQTT sources should send with what came. Time is handed in."""

    def __init__(
        self, sources: Sequence[MqttSource], schedules: Sequence[Schedule], started_at: datetime
    ) -> None:
        """Expect one reading a slot from every meter of a source that states its period."""
        self._period_s: Mapping[MeterId, int] = {
            MeterId(meter): source.every_s
            for source in sources
            if source.every_s is not None
            for meter in source.expected
        }
        groups = dict.fromkeys(Group(schedule.group) for schedule in schedules)
        self._groups = tuple(groups) or (Group.REGISTER,)
        self._started_at = started_at
        self._settled: dict[MeterId, datetime] = {}
        self._came: dict[MeterId, set[tuple[Group, datetime]]] = {meter: set() for meter in self._period_s}
        self._misplaced: dict[MeterId, set[datetime]] = {meter: set() for meter in self._period_s}
        """Slots in which a reading came that its device's clock puts into the future."""

    def answered(self, snapshots: Sequence[Snapshot]) -> list[CoverageEntry]:
        """Return a ledger line for each slot that arrived readings answer and that was not noted before."""
        lines: dict[tuple[MeterId, Group, datetime], CoverageEntry] = {}
        for snapshot in snapshots:
            if snapshot.meter not in self._period_s:
                continue  # nothing is expected of it
            for line in self._answered(snapshot):
                lines.setdefault((line.meter, line.group, line.slot_at), line)
        return list(lines.values())

    def note(self, lines: Sequence[CoverageEntry]) -> None:
        """Take answered lines as written down: only now do their slots count as come."""
        for line in lines:
            self._came[line.meter].add((line.group, line.slot_at))

    def overdue(self, now: datetime) -> list[CoverageEntry]:
        """Return a line for each slot that is over, with half a period's grace, and brought nothing."""
        return [line for meter in self._period_s for line in self._missed(meter, now)]

    def settle(self, now: datetime) -> None:
        """Take what was overdue at ``now`` as written down, and forget what is long past."""
        for meter, period_s in self._period_s.items():
            over = self._settled[meter] = max(self._over(meter, now), self._unsettled(meter))
            oldest = over - KEPT_SLOTS * timedelta(seconds=period_s)
            self._came[meter] = {key for key in self._came[meter] if key[1] >= oldest}
            self._misplaced[meter] = {slot_at for slot_at in self._misplaced[meter] if slot_at >= over}

    def in_slots(self, snapshots: Iterable[Snapshot]) -> list[Snapshot]:
        """Return readings that name the expected slot that they answer, as :meth:`slot_of` tells it."""
        return [self._in_slot(s) if s.meter in self._period_s else s for s in snapshots]

    def _in_slot(self, snapshot: Snapshot) -> Snapshot:
        slot_at = self.slot_of(snapshot)
        return snapshot if slot_at is None else snapshot._replace(slot_at=slot_at)

    def slot_of(self, snapshot: Snapshot) -> datetime | None:
        """Return the expected slot that a live reading answers, if its meter has a period."""
        period_s = self._period_s.get(snapshot.meter)
        if period_s is None or snapshot.origin not in LIVE:
            return None
        return slot_start(snapshot.taken_at, period_s)

    def _answered(self, snapshot: Snapshot) -> Iterator[CoverageEntry]:
        """A slot from before we began is not expected, but its answer is told: it may stand as missing."""
        slot_at = self.slot_of(snapshot)
        if slot_at is None:
            yield from self._backfilled(snapshot)
            return
        tolerance = timedelta(seconds=GRACE * self._period_s[snapshot.meter])
        if slot_at - snapshot.received_at > tolerance:
            # Measured, it says, long after it came: that answers no slot.
            came_in = slot_start(snapshot.received_at, self._period_s[snapshot.meter])
            self._misplaced[snapshot.meter].add(came_in)
            return
        in_time = snapshot.received_at - slot_at <= tolerance
        came = self._came[snapshot.meter]
        for group in self._groups_of(snapshot):
            if (group, slot_at) in came:
                continue
            yield CoverageEntry(
                meter=snapshot.meter,
                group=group,
                slot_at=slot_at,
                status=CoverageStatus.GOT if in_time else CoverageStatus.LATE,
            )

    def _backfilled(self, snapshot: Snapshot) -> Iterator[CoverageEntry]:
        """A load record out of a device's memory fills the slot at whose start it stands, if that was missed.

        Slots from before we began were not expected; most stored records fill none.
        """
        meter, slot_at = snapshot.meter, snapshot.taken_at
        if meter not in self._period_s or snapshot.origin is not Origin.LOAD_RECORD:
            return
        missed = self._first_slot(meter) <= slot_at < self._unsettled(meter)
        if not missed or slot_at != slot_start(slot_at, self._period_s[meter]):
            return
        for group in self._groups_of(snapshot):
            if (group, slot_at) not in self._came[meter]:
                yield CoverageEntry(
                    meter=meter, group=group, slot_at=slot_at, status=CoverageStatus.BACKFILLED
                )

    def _groups_of(self, snapshot: Snapshot) -> list[Group]:
        """Return the expected groups of which a reading brings something."""
        return [group for group in self._groups if any(q.group is group for q in snapshot.values)]

    def _missed(self, meter: MeterId, now: datetime) -> Iterator[CoverageEntry]:
        came = self._came[meter]
        for slot_at in slots(self._unsettled(meter), self._over(meter, now), self._period_s[meter]):
            for group in self._groups:
                if (group, slot_at) not in came:
                    yield CoverageEntry(
                        meter=meter,
                        group=group,
                        slot_at=slot_at,
                        status=CoverageStatus.MISSING,
                        cause=Cause.CLOCK if slot_at in self._misplaced[meter] else Cause.NO_ANSWER,
                        attempts=0,
                    )

    def _unsettled(self, meter: MeterId) -> datetime:
        """Return the first slot that is not settled yet."""
        return self._settled.get(meter, self._first_slot(meter))

    def _over(self, meter: MeterId, now: datetime) -> datetime:
        """Return the first slot that may still bring something in time."""
        period_s = self._period_s[meter]
        tolerance = timedelta(seconds=GRACE * period_s)
        return slot_start(now - tolerance, period_s) + timedelta(seconds=period_s)

    def _first_slot(self, meter: MeterId) -> datetime:
        """The slot in which we began to listen is half over: it is not expected."""
        period_s = self._period_s[meter]
        return slot_start(self._started_at, period_s) + timedelta(seconds=period_s)
