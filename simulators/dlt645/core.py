"""A simulated DL/T 645 meter without its wire: clock, registers, memory and events together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypedDict
from zoneinfo import ZoneInfo

from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.dlt645.frame import address_bytes, padded_address
from protocols.dlt645.values import digits_to_bytes
from simulators.dlt645.access import Access
from simulators.dlt645.clock import MeterClock
from simulators.dlt645.conditions import STANDARD_THRESHOLDS, Condition, Ratings, Thresholds, conditions
from simulators.dlt645.demand import DemandBook
from simulators.dlt645.event_records import EventRecords
from simulators.dlt645.event_watch import EventWatch
from simulators.dlt645.events import EventLog
from simulators.dlt645.freezes import Freezes
from simulators.dlt645.history import History
from simulators.dlt645.load_memory import CAPACITY_BLOCKS, INTERVALS, LoadMemory
from simulators.dlt645.measuring import Measuring, Model
from simulators.dlt645.parameters import Parameters
from simulators.dlt645.rates import RateCounter
from simulators.dlt645.registers import Registers
from simulators.dlt645.relay import Relay
from simulators.dlt645.settlement import SettlementDays
from simulators.dlt645.status import MeterState, status_words
from simulators.dlt645.tariffs import TariffPlan
from simulators.dlt645.traits import STANDARD, Traits
from simulators.dlt645.values_shown import ValuesShown
from simulators.dlt645.voltage_statistics import LOWER_LIMIT, UPPER_LIMIT, VoltageStatistics
from simulators.physics.handling import Handling

VOLTAGE_BAND = (0.9, 1.07)
"""Limits of the voltage statistics as shares of the rated voltage: 220 V -10 % / +7 % (GB/T 12325)."""
RATES = "04000204"
LOSS_TRIGGER = "04090101"
"""失压事件电压触发上限 in 0.1 V; 0 switches the event off."""
LOSS_ENDS, LOSS_ENDS_PU = "04090102", 0.85
"""失压事件电压恢复下限; shown only: here a loss ends where it began."""
LOSS_CURRENT = "04090103"
RATIOS = {"ct": "04000306", "pt": "04000307"}


class MeterSettings(TypedDict, total=False):
    """What a meter may be given besides address, model and clock; see :class:`MeterCore`."""

    wiring: Wiring
    zone: ZoneInfo
    load_record_minutes: int
    load_record_blocks: int
    memory_from: datetime | None
    ratings: Ratings
    thresholds: Thresholds
    traits: Traits
    handlings: Sequence[Handling]


class MeterCore:
    """Everything a meter is but its wire; both editions of the standard speak for it."""

    def __init__(  # noqa: PLR0913 - a meter is all of this
        self,
        address: str,
        model: Model,
        clock: Callable[[], datetime],
        *,
        wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE,
        zone: ZoneInfo = DEFAULT_ZONE,
        load_record_minutes: int = 15,
        load_record_blocks: int = CAPACITY_BLOCKS,
        memory_from: datetime | None = None,
        ratings: Ratings = Ratings(),  # noqa: B008 - frozen
        thresholds: Thresholds = STANDARD_THRESHOLDS,
        traits: Traits = STANDARD,
        handlings: Sequence[Handling] = (),
    ) -> None:
        """Set the meter up.

        Args:
            address: Up to twelve digits.
            model: What it measures.
            clock: The true time, aware.
            wiring: How it is connected.
            zone: Zone of its clock.
            load_record_minutes: Period of its load record as the factory sets it.
            load_record_blocks: How many blocks its load record holds.
            memory_from: When its memory begins; None for one that stores nothing.
            ratings: What is printed on it.
            thresholds: From where on something is an event.
            traits: Where it deviates.
            handlings: What hands did or will do to it.
        """
        self.address = address_bytes(padded_address(address))
        """In wire order; changes by order."""
        self.number = self.address
        """Its number (表号), which stays when the address changes."""
        self.wiring, self.zone, self.traits = wiring, zone, traits
        self.ratings, self._thresholds = ratings, thresholds
        self.handlings = handlings
        self.clock = MeterClock(clock, zone, traits, memory_from)
        self.parameters = Parameters(_own_parameters(ratings, thresholds, load_record_minutes))
        self.access = Access(traits)
        self.measuring = Measuring(model, traits)
        self.tariffs = TariffPlan(self.parameters, self.clock)
        rates = self.parameters.number(RATES)
        self.counter = RateCounter(self.measuring, self.tariffs, self.clock, rates)
        self.registers = Registers(self.measuring, self.parameters, self.counter)
        self.settlement = SettlementDays(self.parameters, self.clock)
        self.values = ValuesShown(self.measuring, self.registers, wiring, self.clock)
        self.load_memory = LoadMemory(
            self.values, self.parameters, self.clock, memory_from, load_record_blocks
        )
        self.freezes = Freezes(self.clock, self.tariffs, traits, memory_from)
        self.events = EventLog()
        self.relay = Relay(self.measuring, self.events)
        self.records = EventRecords(self.events, self.registers, self.measuring, self.values)
        self.memory_from = memory_from
        self._past: Past | None = None
        self._born_at = memory_from

    @property
    def has_power(self) -> bool:
        """Whether the supply is there; a meter without it says nothing."""
        return bool(self.measuring.read(self.clock.true_now()))

    @property
    def has_past(self) -> bool:
        """Whether anybody has asked for something that depends on all of the past."""
        return self._past is not None

    @property
    def past(self) -> Past:
        """What must be worked out from all of the past; up to date when it is returned."""
        now = self.clock.true_now()
        if self._past is None:
            since = self._born_at if self._born_at is not None else now
            self._past = Past(self, since)
        self._past.history.advance(now)
        return self._past

    def catch_up(self) -> None:
        """Bring what depends on the past up to now, if anybody has asked for it yet."""
        if self._past is not None:
            self._past.history.advance(self.clock.true_now())

    def settled_at(self, period: int) -> datetime | None:
        """Return the true time of the present (0) or of the n-th last settlement; None before the memory."""
        now = self.clock.true_now()
        if period == 0:
            return now
        passed = self.settlement.before(now, period)
        if self.memory_from is None or period > len(passed):
            return None
        return passed[period - 1] if passed[period - 1] >= self.memory_from else None

    @property
    def event_delay(self) -> timedelta:
        """How long something must be wrong before it counts (判定延时)."""
        return timedelta(seconds=self.traits.event_delay_s)

    @property
    def thresholds(self) -> Thresholds:
        """From where on something is an event, as the meter's parameters stand."""
        trigger_v = self.parameters.number(LOSS_TRIGGER) / 10
        return replace(self._thresholds, loss_of_voltage=trigger_v / self.ratings.voltage_v)

    def judge(self, shown: Mapping[Quantity, float]) -> frozenset[Condition]:
        """Return what is wrong in what the meter shows."""
        return conditions(shown, self.wiring, self.ratings, self.thresholds)

    def status_words(self) -> tuple[int, ...]:
        """Return the words as they are now."""
        now = self.clock.true_now()
        shown = self.measuring.read(now)
        zone_set, period_set = self.tariffs.sets_at(now)
        state = MeterState(
            zone_set=zone_set,
            period_set=period_set,
            is_relay_open=self.relay.is_open,
            is_key_held=self.access.is_key_held,
        )
        # What has not lasted long enough to be an event sets no bit either.
        lasting = self.judge(shown) & self.judge(self.measuring.read(now - self.event_delay))
        return status_words(state, shown, lasting, self.traits.status_words)

    def clear_registers(self) -> None:
        """Set energy, demand, freezes, load records and statistics to nothing (电表清零)."""
        now = self.clock.true_now()
        past = self.past
        self.counter.now(now)
        self.measuring.clear(now)
        self.counter.clear(now)
        past.demand.reset(now)
        past.voltage.clear()
        self.load_memory.restart()
        self.freezes.clear()
        self.memory_from = now if self.memory_from is not None else None


class Past:
    """What depends on every quarter of an hour of the past."""

    __slots__ = ("demand", "history", "voltage", "watch")

    def __init__(self, core: MeterCore, since: datetime) -> None:
        """Watch a meter from ``since`` on."""
        self.demand = DemandBook(core.parameters, core.tariffs, core.settlement)
        self.voltage = VoltageStatistics(core.wiring, core.parameters, core.clock)
        self.watch = EventWatch(core.measuring, core.events, core.judge, core.event_delay)
        observers = (self.demand, self.voltage, self.watch)
        self.history = History(core.measuring, since, observers, self.demand.marks)


def _own_parameters(
    ratings: Ratings, thresholds: Thresholds, load_record_minutes: int
) -> Mapping[str, bytes]:
    """Return what differs from the factory's parameters because of the meter's ratings."""
    trigger = round(10 * thresholds.loss_of_voltage * ratings.voltage_v)
    no_current = round(10_000 * thresholds.no_current * ratings.basic_current_a)
    own = {
        LOSS_TRIGGER: digits_to_bytes(f"{trigger:04d}"),
        LOSS_ENDS: digits_to_bytes(f"{round(10 * LOSS_ENDS_PU * ratings.voltage_v):04d}"),
        LOSS_CURRENT: digits_to_bytes(f"{no_current:06d}"),
    }
    if load_record_minutes != 15:  # noqa: PLR2004 - the factory's
        own |= {di: digits_to_bytes(f"{load_record_minutes:04d}") for di in INTERVALS.values()}
    if ratings != Ratings():
        low, high = (round(10 * share * ratings.voltage_v) for share in VOLTAGE_BAND)
        own |= {di: digits_to_bytes(f"{getattr(ratings, name):06.0f}") for name, di in RATIOS.items()}
        own[UPPER_LIMIT], own[LOWER_LIMIT] = digits_to_bytes(f"{high:04d}"), digits_to_bytes(f"{low:04d}")
        plate = (("04000404", f"{ratings.voltage_v:g}V"), ("04000405", f"{ratings.basic_current_a:g}A"))
        for di, text in (*plate, ("04000406", f"{ratings.max_current_a:g}A")):
            own[di] = text[:6].encode("ascii").ljust(6, b"\0")[::-1]
    return own
