"""Compares the database with the fleet's own ledger: what is lost, doubled, or a gap without a cause.

Nothing here is the product's: the ledger comes from the simulator, the rows from plain SQL.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from tests.chaos.ledger import Answered, Ledger, Published, Strike

PRESENT, LOAD_RECORD, PUSH = 0, 3, 4
"""Numbers of the table ``origin``."""
EXCHANGE = timedelta(seconds=0.6)
"""How long the exchange with a meter may go on after its answer with the register."""
BROKER_MEMORY = timedelta(seconds=4)
"""What Mosquitto acknowledged so long before a kill may be on no disk: it writes each second, when it can."""
MISSING = "missing"
Said = TypeVar("Said", Answered, Published)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A reading in the database."""

    meter: str
    taken_at: datetime
    origin: int
    counts: int
    """The register of forward active energy, 0.01 kWh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A line of the coverage ledger for a register slot."""

    meter: str
    at: datetime
    status: str
    cause: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the database holds at the end."""

    rows: Sequence[Row]
    slots: Sequence[Slot]
    conflicts: int = 0
    """Differing values for one key: each reading was said once, so there can be none."""
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the comparison found."""

    readings: int
    """What meters answered and brokers acknowledged."""
    lost: Sequence[Answered | Published]
    duplicated: Sequence[tuple[str, int]]
    """Meter and register that are in the database more than once."""
    invented: int
    """Rows that nobody said."""
    conflicts: int
    refused: int
    repeated: int
    """Answers that are not stored because their master had to ask again."""
    in_flight: Sequence[Answered]
    """Answers on their way when their collector was struck or their line was cut."""
    broker_lost: Sequence[Published]
    """Acknowledged by a broker that was killed before it wrote it down, or that heard nobody subscribe."""
    gaps: Mapping[str, int]
    """Missing slots by cause."""
    holes: int
    """Slots of which the coverage ledger says nothing."""
    without_cause: int
    unclosed: int
    """Missing slots that the meter stores: backfill has not closed them."""

    @property
    def holds(self) -> bool:
        """Tell whether the promise was kept."""
        wrong = (self.lost, self.duplicated, self.invented, self.conflicts, self.refused)
        return not (any(wrong) or self.holes or self.without_cause or self.unclosed)


def judge(
    ledger: Ledger,
    stored: Stored,
    *,
    period_s: float,
    remembered: Callable[[datetime], int],
    records_every_s: int,
) -> Verdict:
    """Compare.

    Args:
        ledger: What was said, acknowledged and struck.
        stored: What the database holds.
        period_s: That of the register slots of the meters on buses.
        remembered: The register that such a meter's load record of an instant holds.
        records_every_s: Period of these records: a slot at one of their instants can be fetched again.
    """
    live = [row for row in stored.rows if row.origin in (PRESENT, PUSH)]
    times = Counter((row.meter, row.counts) for row in live)
    # Two collectors may ask a meter within one step of its register: then it has said the same twice.
    said = Counter((one.meter, one.counts) for one in ledger.answers)
    said.update((one.meter, one.counts) for one in ledger.published)
    absent = [one for one in ledger.answers if (one.meter, one.counts) not in times]
    in_flight = _under_way(absent, ledger.strikes)
    unexplained = _without(absent, in_flight)
    unstored = _without(unexplained, ledger.repeated)
    unkept = [one for one in ledger.published if (one.meter, one.counts) not in times]
    broker_lost = [one for one in unkept if _was_lost_by_the_broker(one, ledger.strikes)]
    missing = [slot for slot in stored.slots if slot.status == MISSING]
    return Verdict(
        readings=len(ledger.answers) + len(ledger.published),
        lost=[*unstored, *_without(unkept, broker_lost)],
        duplicated=[key for key, count in times.items() if count > max(1, said[key])],
        invented=len(times.keys() - said) + _wrong_records(stored.rows, remembered),
        conflicts=stored.conflicts,
        refused=stored.refused,
        repeated=len(unexplained) - len(unstored),
        in_flight=in_flight,
        broker_lost=broker_lost,
        gaps=Counter(slot.cause or "" for slot in missing),
        holes=sum(_holes(slots, period_s) for slots in _by_meter(stored.slots).values()),
        without_cause=sum(slot.cause is None for slot in missing),
        unclosed=sum(slot.at.timestamp() % records_every_s == 0 for slot in missing),
    )


def _wrong_records(rows: Iterable[Row], remembered: Callable[[datetime], int]) -> int:
    return sum(row.origin == LOAD_RECORD and row.counts != remembered(row.taken_at) for row in rows)


def _under_way(absent: Sequence[Answered], strikes: Iterable[Strike]) -> list[Answered]:
    """Return the answers that a strike explains: of each line at most one, its exchange in flight."""
    found: dict[tuple[Strike, str], Answered] = {}
    for strike in strikes:
        for answer in absent:
            if _was_under_way(answer, strike):
                last = found.setdefault((strike, answer.bus), answer)
                found[strike, answer.bus] = max(last, answer, key=lambda one: one.at)
    return list(dict.fromkeys(found.values()))


def _was_under_way(answer: Answered, strike: Strike) -> bool:
    """Tell whether an answer was on its way when its collector or its line was struck."""
    concerned = strike.peer == "collector" or strike.victim == answer.bus
    return concerned and strike.at - EXCHANGE <= answer.at <= strike.still_at


def _was_lost_by_the_broker(message: Published, strikes: Iterable[Strike]) -> bool:
    if not message.heard:
        return True
    kills = [strike for strike in strikes if strike.peer == "broker" and strike.action == "kill"]
    # What the broker said before it died may be heard a moment later.
    return any(kill.at - BROKER_MEMORY <= message.acknowledged_at <= kill.until for kill in kills)


def _without(every: Sequence[Said], some: Collection[Said]) -> list[Said]:
    excused = set(some)
    return [one for one in every if one not in excused]


def _by_meter(slots: Iterable[Slot]) -> Mapping[str, set[datetime]]:
    found: dict[str, set[datetime]] = defaultdict(set)
    for slot in slots:
        found[slot.meter].add(slot.at)
    return found


def _holes(known: Collection[datetime], period_s: float) -> int:
    """Return how many slots between the first and the last known one are not known."""
    return round((max(known) - min(known)).total_seconds() / period_s) + 1 - len(known)
