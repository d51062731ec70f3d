"""Coverage of meters that report by themselves: which expected slot brought a message, and which did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
            for meter in source.meters
        }
        self._groups = tuple(Group(schedule.group) for schedule in schedules) or (Group.REGISTER,)
        self._started_at = started_at
        self._settled: dict[MeterId, datetime] = {}
        self._came: dict[MeterId, set[tuple[Group, datetime]]] = {meter: set() for meter in self._period_s}

    def note(self, snapshots: Sequence[Snapshot]) -> list[CoverageEntry]:
        """Take arrived readings; return a ledger line for each expected slot that they answer."""
        return [line for snapshot in snapshots for line in self._answered(snapshot)]

    def overdue(self, now: datetime) -> list[CoverageEntry]:
        """Return a line for each slot that is over, with half a period's grace, and brought nothing."""
        return [line for meter in self._period_s for line in self._missed(meter, now)]

    def settled(self, lines: Sequence[CoverageEntry]) -> None:
        """Take overdue lines as written down: they are not returned again."""
        for line in lines:
            period = timedelta(seconds=self._period_s[line.meter])
            self._settled[line.meter] = max(
                line.slot_at + period, self._settled.get(line.meter, self._started_at)
            )
            oldest = line.slot_at - KEPT_SLOTS * period
            self._came[line.meter] = {key for key in self._came[line.meter] if key[1] >= oldest}

    def slot_of(self, snapshot: Snapshot) -> datetime | None:
        """Return the expected slot that a live reading answers, if its meter has a period."""
        period_s = self._period_s.get(snapshot.meter)
        if period_s is None or snapshot.origin not in LIVE:
            return None
        return slot_start(snapshot.taken_at, period_s)

    def _answered(self, snapshot: Snapshot) -> Iterator[CoverageEntry]:
        slot_at = self.slot_of(snapshot)
        if slot_at is None or slot_at < self._first_slot(snapshot.meter):
            return
        tolerance = timedelta(seconds=GRACE * self._period_s[snapshot.meter])
        in_time = snapshot.received_at - slot_at <= tolerance
        came = self._came[snapshot.meter]
        for group in self._groups:
            if (group, slot_at) in came or not any(q.group is group for q in snapshot.values):
                continue
            came.add((group, slot_at))
            yield CoverageEntry(
                meter=snapshot.meter,
                group=group,
                slot_at=slot_at,
                status=CoverageStatus.GOT if in_time else CoverageStatus.LATE,
            )

    def _missed(self, meter: MeterId, now: datetime) -> Iterator[CoverageEntry]:
        period_s = self._period_s[meter]
        over = slot_start(now - timedelta(seconds=GRACE * period_s), period_s)
        came = self._came[meter]
        for slot_at in slots(self._settled.get(meter, self._first_slot(meter)), over, period_s):
            for group in self._groups:
                if (group, slot_at) not in came:
                    yield CoverageEntry(
                        meter=meter,
                        group=group,
                        slot_at=slot_at,
                        status=CoverageStatus.MISSING,
                        cause=Cause.NO_ANSWER,
                        attempts=0,
                    )

    def _first_slot(self, meter: MeterId) -> datetime:
        """The slot in which we began to listen is half over: it is not expected."""
        period_s = self._period_s[meter]
        return slot_start(self._started_at, period_s) + timedelta(seconds=period_s)
