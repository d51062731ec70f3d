"""Whatever passes while past periods are fetched, each is dated as the meter closed it, or not at all.

The meter here counts its periods hour by hour, without the code that dates them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import Frame
from protocols.dlt645.memory_planner import settlement_queries
from protocols.dlt645.session import Dlt645Session
from protocols.session import NEED_DATA, Answer, Record

ZONE = ZoneInfo("Asia/Shanghai")
ADDRESS = "123456789012"
ENERGY = bytes.fromhex("00000100")  # 00010000, DI0 first
START = datetime(2026, 1, 1, tzinfo=ZONE)
HOUR = timedelta(hours=1)
UNSET = (99, 99)
LIFE_DAYS = 420
Day = tuple[int, int]


@dataclass(frozen=True)
class Programming:
    """When the settlement days changed, half an hour past a whole one, and to what."""

    at: datetime
    days: Sequence[Day]


class Meter:
    """Its registers show the hours since ``START``, so that a period's value tells when it was closed."""

    def __init__(self, clock: datetime, days: Sequence[Day], programming: Programming | None) -> None:
        self.clock = clock
        self._days = days
        self._programming = programming
        self._hours = list(self._closing_hours())

    def answers(self, wire: bytes) -> bytes | None:
        identifier = wire[::-1].hex().upper()
        changed = self._programming if self._programming and self._programming.at <= self.clock else None
        days = changed.days if changed else self._days
        if identifier == "0400010C":
            weekday = self.clock.isoweekday() % 7
            return bytes.fromhex(f"{self.clock:%y%m%d}{weekday:02d}{self.clock:%H%M%S}")[::-1]
        if identifier.startswith("04000B"):
            day = days[wire[0] - 1]
            return bytes.fromhex(f"{day[0]:02d}{day[1]:02d}")[::-1]
        if identifier == "03300C01":
            return bytes.fromhex(f"{changed.at:%y%m%d%H%M%S}")[::-1] + bytes(10) if changed else bytes(16)
        if identifier.startswith("000100"):
            closed = self.closed()
            return bytes.fromhex(f"{closed[-wire[0]] * 100:08d}")[::-1] if wire[0] <= len(closed) else None
        return None

    def closed(self) -> list[int]:
        """Return the hours since ``START`` at which periods were closed by now, oldest first."""
        return [hour for hour in self._hours if START + hour * HOUR <= self.clock]

    def _closing_hours(self) -> Iterator[int]:
        for hour in range(1, LIFE_DAYS * 24):
            at = START + hour * HOUR
            changed = self._programming is not None and self._programming.at <= at
            days = self._programming.days if changed and self._programming else self._days
            if (at.day, at.hour) in days:
                yield hour


def fetched(meter: Meter, steps: Callable[[], timedelta], is_lost: Callable[[], bool]) -> list[Record]:
    session = Dlt645Session(ADDRESS, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE))
    records: list[Record] = []
    plan = settlement_queries(
        meter.clock - timedelta(days=120), meter.clock + HOUR, items=[ENERGY], days=[(1, 0)], zone=ZONE
    )
    for query in plan:
        asked = Frame.decode(session.ask(query).lstrip(b"\xfe")).data
        content = meter.answers(asked)
        meter.clock += steps()
        if is_lost():
            continue
        answer = Frame(ADDRESS, 0xD1, b"\x02") if content is None else Frame(ADDRESS, 0x91, asked + content)
        session.receive_data(answer.encode())
        while (event := session.next_event()) is not NEED_DATA:
            if isinstance(event, Answer):
                records += event.records
    return records


days = st.tuples(st.integers(1, 28), st.integers(0, 23))
three_days = st.tuples(days, days | st.just(UNSET), days | st.just(UNSET))
instants = st.integers(0, 200 * 24).map(lambda hours: START + hours * HOUR)
programmings = st.builds(Programming, instants.map(lambda at: at + HOUR / 2), three_days)


@given(
    clock=instants.map(lambda at: at + timedelta(days=60)),
    days=three_days,
    programming=st.none() | programmings,
    data=st.data(),
)
def test_no_record_has_another_period_s_value(
    clock: datetime, days: Sequence[Day], programming: Programming | None, data: st.DataObject
) -> None:
    step = st.sampled_from([timedelta(seconds=1), HOUR, timedelta(days=9)])
    lost = st.sampled_from([False] * 4 + [True])
    records = fetched(Meter(clock, days, programming), lambda: data.draw(step), lambda: data.draw(lost))
    for record in records:
        assert record.taken_at == START + record.values[Quantity.ACTIVE_ENERGY_IMPORT] * HOUR  # type: ignore[operator] # a number


@given(clock=instants.map(lambda at: at + timedelta(days=200)), days=three_days)
def test_on_a_quiet_line_every_expected_period_comes(clock: datetime, days: Sequence[Day]) -> None:
    days = [(1, 0), *days[1:]]
    meter = Meter(clock, days, None)
    # The plan expects the first of each month of the last 120 days; a meter keeps twelve periods.
    newest = [START + hour * HOUR for hour in meter.closed()[-12:]]
    wanted = {at for at in newest if (at.day, at.hour) == (1, 0) and clock - timedelta(days=120) <= at}
    records = fetched(meter, lambda: timedelta(seconds=1), lambda: False)
    assert wanted <= {record.taken_at for record in records}
