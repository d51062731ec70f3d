"""Checks of the meters: on each bus one is asked, or what the collector that has it read last is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from collectors.scheduler import BusPlan
from pipeline.coverage import Cause
from pipeline.errors import ConfigError, StorageError
from services.doctor.asked_bus import AskedBus, ask_buses
from services.doctor.finding import Told, check, fault, ok, warning
from services.doctor.machine import Machine
from services.wiring import bus_plans, utc_now
from storage.database import Connection
from storage.doctor_questions import newest_read
from storage.registry import load_registry

LOOK_BACK: Final = timedelta(days=1)
"""How far a collector's last read of a bus is looked for."""
SLOTS_LATE: Final = 3
"""Slots without any read after which a collector's bus is in trouble."""
LEAST_LATE_S: Final = 120.0
STRANGERS_TOLD: Final = 5

_SILENT: Final = (
    "not one byte came: check the address, the wires A and B (try them swapped), the meter's supply, baud "
    "rate and parity; 'kilowatch scan dlt645+{url}' (or modbus+) tells who answers"
)
_DAMAGED: Final = (
    "bytes come that make no frame: compare baud rate and parity of bus and meter, check termination and "
    "screening; 'kilowatch scan' of the line without ?baudrate= tries every rate"
)
_REFUSED: Final = (
    "the meter hears us and refuses: where it says password, its port is locked or wants one for reading, "
    "see its manual; where it says no such data, 'kilowatch scan' of the line tells which profile fits"
)
_UNFIT: Final = "its entry does not fit the meter: correct address, profile and wiring in the archive"
_NEXT_STEPS: Final = {
    Cause.NO_ANSWER: _SILENT,
    Cause.CHECKSUM: _DAMAGED,
    Cause.REFUSED: _REFUSED,
    Cause.WRONG_PARAMETERS: _UNFIT,
}


@check
def meters(machine: Machine) -> Iterator[Told]:
    """Look whether a meter answers on every bus; a bus that a collector has is not disturbed."""
    found = machine.database
    if found is None or isinstance(found, StorageError):
        return
    try:
        plans = _plans(machine, found)
        asked = asyncio.run(ask_buses(plans))
    except ConfigError as error:
        yield fault(str(error), "correct the archive and import it again: 'kilowatch registry check FILE'")
        return
    except StorageError:
        return  # no schema yet, which has a check of its own
    if machine.meter is not None and not plans:
        yield fault(
            f"meter {machine.meter} hangs on no bus now",
            "look for its id, installation and bus in 'kilowatch registry export'",
        )
    for bus in asked:
        if bus.busy:
            yield _told_by_collector(found, bus, utc_now())
        else:
            yield told_of(bus)


def _plans(machine: Machine, connection: Connection) -> list[BusPlan]:
    """Return the buses with their meters, or the one meter that was named."""
    plans = bus_plans(load_registry(connection), machine.usable_settings, utc_now())
    wanted = [
        replace(plan, targets=[t for t in plan.targets if machine.meter in {None, t.meter}]) for plan in plans
    ]
    return [plan for plan in wanted if plan.targets]


def told_of(asked: AskedBus) -> Told:
    """Say what asking on a bus brought, and what to do."""
    bus, answer = asked.plan.owner.bus, asked.answer
    silent = ", ".join(read.meter for read in asked.reads if read is not answer)
    if answer is not None and silent:
        return warning(
            f"bus {bus.id}: meter {answer.meter} answers, {silent} did not",
            "check supply, address and wires of what is silent; the bus itself is sound",
        )
    if answer is not None:
        return ok(f"bus {bus.id}: meter {answer.meter} answers")
    last = asked.reads[-1]
    why = "; ".join(filter(None, (last.cause or "no value", last.failure)))
    return fault(f"bus {bus.id}: {silent} did not answer ({why})", _next_step(asked))


def _next_step(asked: AskedBus) -> str:
    url, cause = asked.plan.owner.bus.url, asked.reads[-1].cause
    if asked.unknown_host:
        return (
            f"nobody knows the name {asked.unknown_host!r}: correct the bus's url, or the host's name service"
        )
    if cause is Cause.LINK:
        if url.startswith("serial:"):
            return "plug the adapter in, stop other programs on the port, and see the check of serial ports"
        return "check that the serial server or meter has power, its address and port, and the route to it"
    if asked.strangers:
        heard = ", ".join(asked.strangers[:STRANGERS_TOLD])
        return f"others speak there, of addresses {heard}: correct the meter's address, or file them"
    if cause is Cause.NO_ANSWER and asked.reads[-1].failure:  # what was heard instead
        return _DAMAGED
    return _UNFIT if cause is None else _NEXT_STEPS.get(cause, _SILENT).format(url=url)


def _told_by_collector(connection: Connection, asked: AskedBus, now: datetime) -> Told:
    """Say what the one who has the bus read last: its newest slot with an answer."""
    bus, targets = asked.plan.owner.bus, asked.plan.targets
    newest = newest_read(connection, [target.meter for target in targets], since=now - LOOK_BACK)
    if newest is None:
        return fault(
            f"bus {bus.id}: not asked, {asked.busy}; nothing was read of it in a day",
            "see the collector's log and the page of collectors for the cause",
        )
    at = f"{newest.slot_at:%Y-%m-%d %H:%M:%S} UTC"
    told = f"bus {bus.id}: not asked, {asked.busy}; meter {newest.meter} was read last, for {at}"
    every_s = min((s.every_s for target in targets for s in target.schedules), default=900)
    if (now - newest.slot_at).total_seconds() > max(LEAST_LATE_S, SLOTS_LATE * every_s):
        return warning(told, "that is long ago: see the page of collectors and the coverage of its meters")
    return ok(told)
