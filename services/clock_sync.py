"""Sets the clocks of a bus's meters (自动校时): in a quiet moment, once a day at most, on record."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from collectors.scheduler import BusPlan
from collectors.targets import Target
from pipeline.errors import NoAnswerError, NotAllowedError, TransportError
from pipeline.model import MeterId
from pipeline.registry import Meter, Registry
from protocols.dlt645.driver import Dlt645Driver
from protocols.dlt645.frame import padded_address
from services.audit import Audit
from services.bus_reading import Station
from services.capabilities import Capability
from services.clock_reading import read_clock
from services.control import OrderDesk, required
from services.control_clock import ClockOrder
from services.control_settings import load_control_settings
from services.ordered_meter import OrderedMeter
from services.persons import this_person
from services.settings import Settings

CLOCKS_EVERY_S: Final = 1200
"""At another minute of the quarter each time: one of three is quiet whatever the meter's load record."""
BY: Final = "kilowatch collect"

_log = logging.getLogger("kilowatch.clocks")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSync:
    """What this installation lets its collector do to clocks."""

    control: OrderDesk
    audit: Audit
    meters: Mapping[MeterId, Meter]
    above_s: float
    """A smaller offset is left alone."""
    person_above_s: float
    """A larger one is a person's to judge."""
    told: set[MeterId] = field(default_factory=set)
    """Meters whose clocks the log has left to a person; each is said once, until it is right."""

    async def go_round(self, plan: BusPlan, station: Station) -> None:
        """Measure every clock of a bus, keep what it showed, and set those that are off.

        Raises:
            AuditError: If the audit cannot be written: no clock is set any more.
        """
        for target in plan.targets:
            if not isinstance(target.driver, Dlt645Driver):
                continue
            offset_s = await read_clock(plan.owner, target, station.store.put)
            if offset_s is None:
                continue
            if abs(offset_s) > self.person_above_s:
                self._leave_to_a_person(target.meter, offset_s)
                continue
            self.told.discard(target.meter)
            if abs(offset_s) > self.above_s:
                await self._set(plan, target, station)

    def _leave_to_a_person(self, meter: MeterId, offset_s: float) -> None:
        if meter not in self.told:
            self.told.add(meter)
            _log.warning(
                "clock.person: meter %s is off by %+.0f s, more than %.0f s: a person decides "
                "(kilowatch clocks --due, kilowatch control clock --large)",
                meter,
                offset_s,
                self.person_above_s,
            )

    async def _set(self, plan: BusPlan, target: Target, station: Station) -> None:
        address = padded_address(target.address)
        if not address.isdigit() or not isinstance(target.driver, Dlt645Driver):
            return  # a wildcard stands for several meters
        bus = plan.owner.bus
        meter = OrderedMeter(
            url=f"dlt645+{bus.url.partition('?')[0]}/{address}",
            address=address,
            bus=bus,
            driver=target.driver,
            zone=self.meters[target.meter].zone,
        )
        order = ClockOrder(
            control=self.control,
            audit=self.audit,
            meter=meter,
            turn=partial(plan.owner.free_turn, target),
            least_s=self.above_s,
            most_s=self.person_above_s,
            record_minutes=station.profiles[target.meter].load_record_minutes,
        )
        try:
            done = await order.give()
        except (NotAllowedError, NoAnswerError, TransportError) as error:
            _log.info("clock.left: %s", error)
            return
        if done.report is not None:
            sent = done.report.sent
            _log.info(
                "clock.set: meter %s was off by %+.1f s: %s, %s %s",
                target.meter,
                done.offset_s,
                sent.result,
                sent.verdict.confirmed,
                sent.detail or sent.verdict.words,
            )


def clock_sync_of(settings: Settings, registry: Registry) -> ClockSync | None:
    """Return what keeps this collector's clocks; None where nobody allowed it.

    Raises:
        ConfigError: If a setting does not fit.
        AuditError: If the audit is damaged or cannot be written.
    """
    allowed = load_control_settings()
    if not allowed.allow_clock_sync or not settings.poll_buses:
        return None
    audit = required(allowed, Capability.CLOCK_SYNC)
    return ClockSync(
        control=OrderDesk(settings=allowed, person=this_person(BY)),
        audit=audit,
        meters=registry.meter_by_id,
        above_s=settings.clock_sync_above_s,
        person_above_s=settings.clock_person_above_s,
    )
