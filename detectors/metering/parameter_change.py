"""Parameter tampering (参数篡改、参数变更, D13): the meter holds other values than it should, unordered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import ClassVar, Final

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.metering.parameter_orders import Meant
from detectors.metering.parameter_series import (
    COUNT,
    RATIOS,
    TABLES,
    Band,
    Held,
    Limits,
    band_of,
    held_values,
)
from detectors.shapes import Said, record_episode
from detectors.stretches import iso, slot_end
from detectors.thresholds import at_meter
from detectors.work_orders import orders_near
from pipeline.block import MeterMatrix
from pipeline.events import EventKind, MeterEvent
from pipeline.model import Episode, Json, MeterId, Severity
from pipeline.records import MeterOrder
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy

_METER = "meter firmware of DL/T 645-2007, permitted range of the event"
PROGRAMMING: Final = frozenset(
    {
        EventKind.PROGRAMMING,
        EventKind.METER_CLEAR,
        EventKind.EVENT_CLEAR,
        EventKind.PERIOD_TABLE_PROGRAMMING,
        EventKind.ZONE_TABLE_PROGRAMMING,
        EventKind.WEEKEND_PROGRAMMING,
        EventKind.HOLIDAY_PROGRAMMING,
        EventKind.ACTIVE_COMBINATION_PROGRAMMING,
        EventKind.REACTIVE_COMBINATION_1_PROGRAMMING,
        EventKind.REACTIVE_COMBINATION_2_PROGRAMMING,
        EventKind.SETTLEMENT_DAY_PROGRAMMING,
    }
)
LEAST: Final = timedelta(minutes=1)
NEAR: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrong:
    """A value that is wrong from when to when."""

    held: Held
    before: float | None
    """The value before it; None where it was never right."""
    bands: Sequence[Band]
    """What would be right."""
    starts_at: datetime
    ends_at: datetime | None


@detectors.register("parameter_change")
@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterChange:
    """Watches thresholds of events, ratios and tables as meters hold them, and their programming events.

    A value is wrong where it lies outside the permitted range or differs from the archive's ratio, and where
    it changed without a work order or an order of ours for it, until it is as before. A programming that
    changed none of the values that are watched is told by itself, and so is a counter that moved without a
    record.
    """

    least_voltage_percent: float = parameter(70, "% of rated", _METER, "S", Effect.TRIGGER)
    most_voltage_percent: float = parameter(90, "% of rated", _METER, "S", Effect.TRIGGER)
    least_current_percent: float = parameter(0.5, "% of rated", _METER, "S", Effect.TRIGGER)
    most_current_percent: float = parameter(5, "% of rated", _METER, "S", Effect.TRIGGER)
    order_hours: float = parameter(4, "h", "margin of a work order, as for covers", "D")
    sent_minutes: float = parameter(15, "min", "beside an order of ours: the meter's own clock", "own")
    visit_hours: float = parameter(1, "h", "programmings no further apart are one", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="parameter_change",
        number="D13",
        kind=Kind.RECORDS,
        needs=Needs(
            events=True,
            parameters=True,
            essential=("parameters",),
            archive=("meter", "installation", "ratio", "work_order"),
        ),
        messages=(
            "episode.threshold_disabled",
            "episode.threshold_outside",
            "episode.parameter_changed",
            "episode.table_changed",
            "episode.ratio_wrong",
            "episode.programmed",
            "episode.programming_unrecorded",
        ),
        severity=Severity.MAJOR,
        dated=(
            "least_voltage_percent",
            "most_voltage_percent",
            "least_current_percent",
            "most_current_percent",
        ),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each wrong value, and for each programming that explains none of them."""
        if not len(window.meters) or not len(window.starts_at):
            return []
        end = slot_end(window.starts_at, len(window.starts_at) - 1, window.minutes)
        span = from_numpy(window.starts_at[0]), end
        held: dict[MeterId, dict[str, Sequence[Held]]] = {}
        for (owner, name), values in held_values(window.records.parameters, window.meters).items():
            held.setdefault(owner, {})[name] = values
        noted: dict[MeterId, list[MeterEvent]] = {meter: [] for meter in window.meters}
        for record in window.records.events:
            if record.event.kind in PROGRAMMING and record.meter in noted and record.event.starts_at < end:
                noted[record.meter].append(record.event)
        told = held.keys() | {meter for meter, events in noted.items() if events}
        sent: dict[MeterId, list[MeterOrder]] = {}
        for order in window.records.orders:
            sent.setdefault(order.meter, []).append(order)
        found: list[Episode] = []
        for meter in sorted(told & registry.meter_by_id.keys()):
            events = sorted(noted[meter], key=lambda event: (event.starts_at, event.kind))
            rule = at_meter(self, registry, meter, end)
            meant = Meant(
                registry=registry,
                meter=meter,
                sent=sent.get(meter, ()),
                order_margin=timedelta(hours=rule.order_hours),
                sent_margin=timedelta(minutes=rule.sent_minutes),
            )
            found += self._of_meter(meant, held.get(meter, {}), events, span)
        return found

    def _of_meter(
        self,
        meant: Meant,
        held: Mapping[str, Sequence[Held]],
        events: Sequence[MeterEvent],
        span: tuple[datetime, datetime],
    ) -> Iterator[Episode]:
        tell = partial(_episode, meant, span)
        explained: list[tuple[datetime, datetime]] = []
        for name, values in held.items():
            for wrong in self._wrong(meant, name, values, events) if name != COUNT else ():
                if wrong.held.before_at is not None:
                    explained.append((wrong.held.before_at, wrong.held.first_at))
                yield from tell(_said(name, wrong, events), wrong.starts_at, wrong.ends_at)
        unordered = [
            event
            for event in events
            if not meant.event(event.kind, event.starts_at)
            and not any(first < event.starts_at <= last for first, last in explained)
        ]
        for visit in _visits(unordered, timedelta(hours=self.visit_hours)):
            at = visit[0].starts_at
            yield from tell(_programmed(visit), at, at + LEAST)
        counted = held.get(COUNT, ())
        for before, now in pairwise(counted):
            stretch = before.last_at, now.first_at
            if not (
                any(stretch[0] - LEAST <= event.starts_at <= stretch[1] for event in events)
                or any(first < stretch[1] and stretch[0] < last for first, last in explained)
                or meant.count(*stretch, moved=round(now.value - before.value))
            ):
                yield from tell(_unrecorded(before, now), now.first_at, now.first_at + LEAST)

    def _wrong(
        self, meant: Meant, name: str, values: Sequence[Held], events: Sequence[MeterEvent]
    ) -> Iterator[_Wrong]:
        """Yield the stretches in which a parameter is wrong; a further change within one prolongs it."""
        registry, meter = meant.registry, meant.registry.meter_by_id[meant.meter]
        usual: float | None = None
        begun: _Wrong | None = None
        for held in values:
            if registry.service_point_of(meter.id, held.first_at) is None:
                continue
            limits = at_meter(self, registry, meter.id, held.first_at).limits
            bands = band_of(name, meter, registry, held.first_at, limits)
            if _is_right(meant, name, held, bands, (usual, events)):
                if begun is not None:
                    yield replace(begun, ends_at=_changed_at(held, events))
                usual, begun = held.value, None
            elif begun is None:
                begun = _Wrong(
                    held=held, before=usual, bands=bands, starts_at=_changed_at(held, events), ends_at=None
                )
        if begun is not None:
            yield begun

    @property
    def limits(self) -> Limits:
        """The permitted ranges."""
        return Limits(
            least_voltage=self.least_voltage_percent,
            most_voltage=self.most_voltage_percent,
            least_current=self.least_current_percent,
            most_current=self.most_current_percent,
        )


def _is_right(
    meant: Meant,
    name: str,
    held: Held,
    bands: Sequence[Band],
    of: tuple[float | None, Sequence[MeterEvent]],
) -> bool:
    usual, events = of
    lies_within = not bands or any(band.holds(held.value) for band in bands)
    if held.before_at is None or usual is None:
        return lies_within
    if held.value == usual or any(band.is_filed and band.holds(held.value) for band in bands):
        return True
    if not meant.value(name, held, is_permitted=lies_within):
        return False
    # The meter may say when: then an order of another time is none.
    return all(meant.event(event.kind, event.starts_at) for event in _within(held, events))


def _within(held: Held, events: Sequence[MeterEvent]) -> list[MeterEvent]:
    """Return the programmings between the read before a value and the first read of it."""
    if held.before_at is None:
        return []
    return [event for event in events if held.before_at < event.starts_at <= held.first_at]


def _changed_at(held: Held, events: Sequence[MeterEvent]) -> datetime:
    """Return when a value came: when the meter was programmed, else when it was read first."""
    noted = _within(held, events)
    return noted[0].starts_at if noted else held.first_at


def _visits(events: Sequence[MeterEvent], apart: timedelta) -> Iterator[list[MeterEvent]]:
    visit: list[MeterEvent] = []
    for event in events:
        if visit and event.starts_at - visit[-1].starts_at > apart:
            yield visit
            visit = []
        visit.append(event)
    if visit:
        yield visit


def _said(name: str, wrong: _Wrong, events: Sequence[MeterEvent]) -> Said:
    value, before = wrong.held.value, wrong.before
    parameters: dict[str, float | int | str] = {"parameter": name, "value": value}
    band = wrong.bands[0] if wrong.bands else None
    is_outside = band is not None and not any(band.holds(value) for band in wrong.bands)
    if name in TABLES:
        message = "table_changed"
        del parameters["value"]
    elif band is not None and name in RATIOS:
        message = "ratio_wrong"
        parameters["archive"] = band.least
    elif band is not None and value == 0:
        message = "threshold_disabled"
    elif band is not None and is_outside:
        message = "threshold_outside"
        parameters |= {"least": band.least, "most": band.most}
    else:
        message = "parameter_changed"
        parameters["before"] = value if before is None else before
    return Said(
        key=name,
        message=f"episode.{message}",
        parameters=parameters,
        evidence={
            "parameter": name,
            "value": value,
            "value_before": before,
            "read_before_at": None if wrong.held.before_at is None else iso(wrong.held.before_at),
            "read_first_at": iso(wrong.held.first_at),
            "read_last_at": iso(wrong.held.last_at),
            "should_be": [{"least": b.least, "most": b.most, "why": b.why} for b in wrong.bands],
            "events": [_row(event) for event in _within(wrong.held, events)],
        },
    )


def _programmed(visit: Sequence[MeterEvent]) -> Said:
    return Said(
        key="programming",
        message="episode.programmed",
        parameters={"events": len(visit)},
        score=0.5,
        evidence={"events": [_row(event) for event in visit]},
    )


def _unrecorded(before: Held, now: Held) -> Said:
    return Said(
        key="count",
        message="episode.programming_unrecorded",
        parameters={"before": int(before.value), "count": int(now.value)},
        score=0.5,
        evidence={
            "count_before": before.value,
            "count": now.value,
            "read_before_at": iso(before.last_at),
            "read_first_at": iso(now.first_at),
        },
    )


def _episode(
    meant: Meant,
    span: tuple[datetime, datetime],
    said: Said,
    starts_at: datetime,
    ends_at: datetime | None,
) -> Iterator[Episode]:
    """Yield the episode of a finding, if it touches the window."""
    registry, meter = meant.registry, meant.meter
    point = registry.service_point_of(meter, starts_at)
    if point is None or starts_at >= span[1] or (ends_at is not None and ends_at <= span[0]):
        return
    sent: list[Json] = [
        {
            "id": order.id,
            "kind": order.kind.value,
            "parameter": order.parameter,
            "value": order.value,
            "at": iso(order.sent_at),
        }
        for order in meant.sent
        if abs(order.sent_at - starts_at) <= NEAR
    ]
    near = orders_near(registry, point, starts_at, NEAR)
    evidence = {**said.evidence, "orders_near": near, "own_orders_near": sent}
    yield record_episode(
        ParameterChange.about,
        registry,
        meter,
        replace(said, evidence=evidence),
        starts_at=starts_at,
        ends_at=None if ends_at is None or ends_at > span[1] else ends_at,
        detected_at=span[1],
    )


def _row(event: MeterEvent) -> dict[str, Json]:
    return {"kind": event.kind.value, "at": iso(event.starts_at), "record": dict(event.values)}
