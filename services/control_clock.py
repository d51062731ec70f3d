"""Sets a meter's clock by at most five minutes (校时): one person, once a day, audited and read back."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final, TypeAlias

from collectors.exchange import Outcome
from collectors.free_turn import Ordering
from pipeline.errors import NoAnswerError, NotAllowedError
from protocols.dlt645 import orders
from protocols.dlt645.frame import BROADCAST
from protocols.dlt645.questions import read_query
from protocols.dlt645.values import parse_format, time_to_bytes
from protocols.dlt645.version import VERSION_1997, VERSION_2007
from services.audit import Audit
from services.capabilities import Capability
from services.control import OrderDesk, Report, dry_frames, outcome_details, required
from services.order_kinds import WRITES_LEVEL, Plan
from services.order_record import ID_LENGTH, person_details
from services.order_sending import INTERRUPTED, give
from services.ordered_line import ordered_line
from services.ordered_meter import OrderedMeter, clock_offset_s, content_of, parse_ordered_meter
from services.read_back import clock_is_right
from services.wiring import utc_now

MOST_S: Final = 300.0
"""What a meter obeys by itself (function 08), and what one person may set."""
LEAST_S: Final = 2.0
"""A smaller offset is within what a question and its answer can measure."""
QUIET: Final = timedelta(minutes=5)
"""Around midnight and the settlement hour nothing is set: registers are frozen there."""
RECORD_MARGIN: Final = timedelta(seconds=20)
"""So near to a load record the collector does not set a clock by itself."""
SETTLEMENT_DAYS: Final = tuple(bytes((number, 0x0B, 0x00, 0x04)) for number in (1, 2, 3))
"""04000B01 to 03, DDhh, DI0 first."""
HOURS: Final = 24
EVENT: Final = "clock"

Turn: TypeAlias = Callable[[], AbstractAsyncContextManager[Ordering]]
"""Holds the line while a few exchanges belong together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReport:
    """What became of a clock."""

    offset_s: float
    """Meter minus server, before."""
    frames: Sequence[str]
    report: Report | None
    """None when nothing was sent: a dry run, or a clock that is right."""


def set_clock(control: OrderDesk, url: str, *, to_all: bool = False, dry_run: bool = False) -> ClockReport:
    """Measure a meter's clock and set it when it is off by at most five minutes.

    With a password the time is written (14; 04 in 1997); without one it is sent as function 08 to the
    meter's address, or to every meter of the line.

    Raises:
        NotAllowedError: If it is off by more, was set today, midnight or settlement is near, or this
            installation does not set clocks.
        NoAnswerError: If the meter does not tell its time.
        TransportError: If the line does not open, or another process owns it.
        AuditError: If the audit cannot be written: nothing is sent then.
    """
    audit = control.audit if dry_run else required(control.settings, Capability.CLOCK)
    meter = parse_ordered_meter(url)
    return asyncio.run(_owned(control, audit, meter, to_all=to_all, dry_run=dry_run))


async def _owned(
    control: OrderDesk, audit: Audit, meter: OrderedMeter, *, to_all: bool, dry_run: bool
) -> ClockReport:
    async with ordered_line(meter) as line:
        order = ClockOrder(control=control, audit=audit, meter=meter, turn=lambda: nullcontext(line))
        return await order.give(to_all=to_all, dry_run=dry_run)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOrder:
    """One clock, measured, set when it may be set, recorded and read back; on a line that is open."""

    control: OrderDesk
    audit: Audit
    meter: OrderedMeter
    turn: Turn
    least_s: float = LEAST_S
    """A smaller offset is left alone."""
    most_s: float = MOST_S
    """A larger one is not set."""
    record_minutes: int | None = None
    """Where given, the clock is not set near the instants of the meter's load record, nor across one."""

    async def give(self, *, to_all: bool = False, dry_run: bool = False) -> ClockReport:
        """Measure the clock, and set it when everything allows it.

        Raises:
            NotAllowedError: With the reason why it is left as it is.
            NoAnswerError: If the meter does not tell its time.
            TransportError: If the line breaks before anything is sent.
            AuditError: If the audit cannot be written: nothing is sent then.
        """
        meter = self.meter
        async with self.turn() as line:
            offset_s = await _measure(line, meter)
        if abs(offset_s) < self.least_s:
            return ClockReport(offset_s=offset_s, frames=(), report=None)
        async with self.turn() as line:
            hours = await _settlement_hours(line, meter)
        async with self.turn() as line:
            _require_small(meter, offset_s, self.most_s)
            if not dry_run:
                await asyncio.to_thread(_require_first_today, self.audit, meter, utc_now())
            now = utc_now()
            local, offset = now.astimezone(meter.zone), timedelta(seconds=offset_s)
            _require_quiet(local, offset, hours)
            if self.record_minutes is not None:
                require_between_records(local, offset, self.record_minutes)
            plan = _plan(self.control, meter, now, to_all=to_all)
            frames = [dry.frame for dry in dry_frames(meter, plan)]
            if dry_run:
                return ClockReport(offset_s=offset_s, frames=frames, report=None)
            report = await _give(self.control, self.audit, line, meter, plan, offset_s)
        return ClockReport(offset_s=offset_s, frames=frames, report=report)


async def _give(  # noqa: PLR0913, PLR0917 - one step of one use case
    control: OrderDesk, audit: Audit, line: Ordering, meter: OrderedMeter, plan: Plan, offset_s: float
) -> Report:
    by = person_details(control.person)
    at = utc_now()
    order = hashlib.sha256(f"{meter.url} {at.isoformat()}".encode()).hexdigest()[:ID_LENGTH]
    frames = [dry.frame for dry in dry_frames(meter, plan)]
    details = {"kind": EVENT, "meter": meter.address, "bus": meter.bus.id, "url": meter.url, "by": by}
    begun = {**details, "offset_s": offset_s, "frames": frames}
    await asyncio.to_thread(audit.append, "sending", order, at, begun)
    sent = INTERRUPTED
    try:
        sent = await give(line, meter, plan)
    finally:
        known = {**details, **outcome_details(sent)}
        await asyncio.to_thread(audit.append, "outcome", order, utc_now(), known)
    return Report(order=order, what=EVENT, url=meter.url, sent=sent)


async def _measure(line: Ordering, meter: OrderedMeter) -> float:
    session = meter.session()
    outcomes: list[Outcome] = [await line.ask(session, query) for query in meter.clock_queries()]
    offset_s = clock_offset_s(outcomes)
    if offset_s is None:
        said = outcomes[-1].failure or outcomes[-1].cause or "an answer that is no time"
        raise NoAnswerError(f"meter {meter.address} does not tell its time: {said}")
    return offset_s


async def _settlement_hours(line: Ordering, meter: OrderedMeter) -> frozenset[int]:
    """Return the hours at which this meter settles; a meter that does not tell settles at midnight."""
    if meter.version is not VERSION_2007:
        return frozenset()
    session = meter.session()
    hours = set()
    for wire in SETTLEMENT_DAYS:
        content = content_of(await line.ask(session, read_query(wire, 2)), wire)
        if content is not None and content.hex().isdigit() and int(f"{content[0]:02x}") < HOURS:
            hours.add(int(f"{content[0]:02x}"))
    return frozenset(hours)


def _require_small(meter: OrderedMeter, offset_s: float, most_s: float) -> None:
    if abs(offset_s) > most_s:
        raise NotAllowedError(
            f"the clock of meter {meter.address} is off by {offset_s:+.0f} s, more than {most_s:.0f} s: to "
            "set it takes two persons and the capability parameters; ask with kilowatch control clock --large"
        )


def _require_quiet(local: datetime, offset: timedelta, hours: frozenset[int]) -> None:
    """Keep away from midnight and settlement, by the server's clock and by the meter's."""
    for shown in (local, local + offset):
        for hour in sorted({0, *hours}):
            instant = datetime.combine(shown.date(), time(hour), tzinfo=shown.tzinfo)
            near = min(abs(shown - instant), abs(shown - instant - timedelta(days=1)))
            if near <= QUIET:
                what = "midnight" if hour == 0 else f"the settlement hour {hour:02d}:00"
                raise NotAllowedError(
                    f"{shown:%H:%M:%S} is within five minutes of {what}: set the clock later"
                )


def require_between_records(local: datetime, offset: timedelta, minutes: int) -> None:
    """Keep away from the instants of a meter's load record, by the server's clock and by its own.

    Raises:
        NotAllowedError: If such an instant is near, or lies between the two.
    """
    period = timedelta(minutes=minutes)
    if period <= 2 * (abs(offset) + 2 * RECORD_MARGIN):
        return  # there is hardly a moment without one: its records are misplaced until the clock is right
    midnight = datetime.combine(local.date() - timedelta(days=1), time(), tzinfo=local.tzinfo)
    first, last = sorted((local, local + offset))
    if (first - RECORD_MARGIN - midnight) // period != (last + RECORD_MARGIN - midnight) // period:
        raise NotAllowedError(
            f"the meter keeps its load record about {first:%H:%M:%S} to {last:%H:%M:%S}: set the clock later"
        )


def _require_first_today(audit: Audit, meter: OrderedMeter, now: datetime) -> None:
    """A meter obeys once a day; so do we, also after an order whose outcome is unknown."""
    today = now.astimezone(meter.zone).date()
    for entry in audit.entries():
        same = (entry.details.get("kind"), entry.details.get("meter")) == (EVENT, meter.address)
        here = entry.details.get("bus") == meter.bus.id
        local = entry.at.astimezone(meter.zone)
        if entry.event == "sending" and same and here and local.date() == today:
            raise NotAllowedError(
                f"the clock of meter {meter.address} was set today at {local:%H:%M}: once a day is what a "
                "meter obeys"
            )


def _plan(control: OrderDesk, meter: OrderedMeter, now: datetime, *, to_all: bool) -> Plan:
    """Write the time when there is a password for it; the date is right, midnight is far."""
    local = now.astimezone(meter.zone)
    read_back = clock_is_right(meter)
    settings = control.settings
    has_password = WRITES_LEVEL in settings.passwords() and not to_all
    if has_password and meter.version is VERSION_1997:
        content = time_to_bytes(local, parse_format("hhmmss"))
        query = orders.write_1997(meter.version.time, content, settings.password(WRITES_LEVEL))
        return Plan(queries=(query,), read_back=read_back)
    if has_password and settings.meter_operator is not None:
        content = time_to_bytes(local, parse_format("hhmmss"))
        query = orders.write(meter.version.time, content, settings.authority(WRITES_LEVEL))
        return Plan(queries=(query,), read_back=read_back)
    address = BROADCAST if to_all else ""
    return Plan(queries=(orders.broadcast_time(local),), address=address, read_back=read_back)
