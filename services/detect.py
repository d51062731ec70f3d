"""Runs the detectors over what is stored and keeps their episodes (异常事件)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeAlias, TypedDict

import numpy as np

from detectors import engine
from detectors import wanted as engine_wanted
from detectors.catalogue import Needs, about
from detectors.catalogue import detectors as catalogue
from detectors.lasting import WiderLook, joined, wider_looks
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import with_daily_rows
from pipeline.messages import summary
from pipeline.model import EVERYTHING, Episode, MeterId, Scope
from pipeline.records import MeterOrder, Records
from pipeline.registry import Registry
from pipeline.timegrid import slot_start
from services.daily_windows import daily_window, days_are_kept, whole_days
from services.derive import MINUTES
from services.detect_groups import groups, own_findings, part_of_meters
from services.lasting_findings import known_episodes, lasting_findings
from services.meter_orders import sent_orders
from services.settings import Settings, load_settings
from services.wiring import primary_profiles, utc_now
from storage.database import Connection, connect
from storage.day_registers import registers_at_day_ends
from storage.detector_records import event_records, read_outcomes, single_readings
from storage.episodes import only_reconciler, save_episodes
from storage.matrices import meter_matrix
from storage.meter_parameters import parameter_readings
from storage.readings import reading_series
from storage.registry import load_registry

METERS_BY_DAYS = 10_000
"""Meters looked at together where daily rows are enough."""
Numbers: TypeAlias = Mapping[str, Mapping[str, float]]
"""Parameters of detectors that were set by hand, by detector and parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a run of the detectors looks at, whoever works it off."""

    span: tuple[datetime, datetime]
    only: tuple[str, ...] | None
    """The detectors wanted; None for all."""
    numbers: Numbers
    by_days: bool = False
    """Whether stored daily rows are enough: no slot is read."""
    whole_from: Mapping[engine.Judged, datetime] = field(default_factory=dict)
    """From when on what began before the span is looked at, see :mod:`detectors.lasting`."""
    orders: tuple[MeterOrder, ...] = ()
    """What the host of the run ordered from all meters: only the whole archive tells whose an address is."""


def detect_recent(
    days: int,
    only: Sequence[str] | None = None,
    settings: Settings | None = None,
    now: datetime | None = None,
    numbers: Numbers = MappingProxyType({}),
) -> list[Episode]:
    """Run all detectors, or those named, over the last ``days`` days; store and return the episodes.

    ``numbers`` holds other parameters than the detectors' own, by detector and parameter.

    Raises:
        PluginError: If a named detector or parameter does not exist.
    """
    settings = settings or load_settings()
    look, parts = planned(days, only, settings, now, numbers)
    return keep(look, [episode for part in parts for episode in detect_part(look, part, settings)], settings)


def planned(
    days: int,
    only: Sequence[str] | None = None,
    settings: Settings | None = None,
    now: datetime | None = None,
    numbers: Numbers = MappingProxyType({}),
) -> tuple[Look, list[Registry]]:
    """Return what to look at in the last ``days`` days, and the archive in parts that stand alone.

    Parts may be worked off in any order, by any number of workers, on any host.

    Raises:
        PluginError: If a named detector does not exist.
    """
    settings = settings or load_settings()
    until = slot_start(now or utc_now(), MINUTES * 60)
    span = until - timedelta(days=days), until
    with connect(settings.require_database_url()) as connection:
        registry = load_registry(connection)
        by_days = engine_wanted.by_days_alone(only) and days_are_kept(registry)
        span = whole_days(span) if by_days else span
        lasting = lasting_findings(connection, registry, span, _looked(only) & set(catalogue.all()))
    look = Look(
        span=span,
        whole_from=lasting,
        only=None if only is None else tuple(only),
        numbers={detector: dict(own) for detector, own in numbers.items()},
        by_days=by_days,
        orders=tuple(sent_orders(registry)) if engine_wanted.wanted(only).parameters else (),
    )
    at_a_time = METERS_BY_DAYS if by_days else None
    return look, list(groups(registry, engine_wanted.widest(only), at_a_time))


def detect_part(look: Look, part: Registry, settings: Settings | None = None) -> list[Episode]:
    """Return what is found of one part; a function of the look and of what is stored, and of nothing else.

    Raises:
        PluginError: If a named detector or parameter does not exist.
    """
    settings = settings or load_settings()
    looks = wider_looks(look.whole_from, part, look.span)

    def seen(wider: WiderLook) -> list[Episode]:
        since = wider.since, look.span[1]
        again = replace(look, span=whole_days(since) if look.by_days else since, only=tuple(wider.only))
        return _seen(again, part_of_meters(part, wider.meters), settings)

    return joined(_seen(look, part, settings), look.whole_from, looks, seen)


def _seen(look: Look, part: Registry, settings: Settings) -> list[Episode]:
    """Return what the span shows of one part."""
    needs = engine_wanted.wanted(look.only)
    with connect(settings.require_database_url()) as connection:
        if look.by_days:
            window = window_of_days(connection, part, look.span, needs)
        else:
            window = window_of(connection, part, look.span, needs, primary_profiles(settings))
    orders = [order for order in look.orders if order.meter in part.meter_by_id]
    window = replace(window, records=replace(window.records, orders=orders))
    found = engine.run(window, part, only=look.only, settings=look.numbers, threads=settings.detect_threads)
    return own_findings(part, found)


def keep(look: Look, found: Sequence[Episode], settings: Settings | None = None) -> list[Episode]:
    """Reconcile what was found of all parts with what is known, store it, and return it."""
    settings = settings or load_settings()
    # A meter of two places is looked at twice: what is found of it alone bears one id.
    found_by: dict[str, dict[str, Episode]] = defaultdict(dict)
    for episode in found:
        found_by[episode.detector][episode.id] = episode
    # What is found in other ways, such as of a month's bills, is none of this run's matter.
    looked = _looked(look.only)
    episodes: list[Episode] = []
    with connect(settings.require_database_url()) as connection, only_reconciler(connection):
        # One detector after the other: all that is known, with its evidence, would take much memory.
        for name in sorted(looked | found_by.keys()):
            known = (
                known_episodes(connection, name, look.span, look.whole_from, found_by[name])
                if name in looked
                else []
            )
            episodes += engine.reconcile(
                found_by[name].values(), known, examined=look.span, whole_from=look.whole_from
            )
        save_episodes(connection, episodes)
    return sorted(episodes, key=lambda e: (e.starts_at, e.detector, e.meter, e.id))


def _looked(only: Sequence[str] | None) -> set[str]:
    """Return the detectors of a run; those that judge bills run when bills are made."""
    return {
        name for name in only or catalogue.all() if name not in catalogue.all() or not about(name).needs.bills
    }


def as_table(episodes: Sequence[Episode]) -> list[dict[str, object]]:
    """Return episodes as lines for people, the most severe first."""
    return [
        {
            "verdict": episode.verdict.value,
            "detector": episode.detector,
            "meter": episode.meter,
            "service point": episode.service_point,
            "from": episode.starts_at.isoformat(),
            "to": None if episode.ends_at is None else episode.ends_at.isoformat(),
            "kWh": episode.energy_kwh,
            "summary": summary(episode),
        }
        for episode in sorted(episodes, key=lambda e: (-e.severity, e.starts_at))
    ]


def window_of(
    connection: Connection,
    group: Registry,
    span: tuple[datetime, datetime],
    needs: Needs,
    primary: frozenset[str],
) -> MeterMatrix:
    """Return the window of a group's meters, with those columns and records that ``needs`` names."""
    meters = list(group.meter_by_id)
    window = meter_matrix(
        connection,
        group,
        scope=EVERYTHING,
        starts_at=span[0],
        ends_at=span[1],
        minutes=MINUTES,
        meters=meters,
        quantities=needs.quantities,
        registers=needs.registers,
        energies=needs.energies,
        primary_profiles=primary,
    )
    asked: _Asked = {"scope": EVERYTHING, "ends_at": span[1], "meters": meters}
    window = replace(window, records=_records(connection, needs, span, asked))
    if not needs.daily:
        return window
    return _with_registers(connection, with_daily_rows(window, group), needs, span, asked)


def window_of_days(
    connection: Connection, group: Registry, span: tuple[datetime, datetime], needs: Needs
) -> MeterMatrix:
    """Return the window of a group's meters as stored daily rows, with the records that ``needs`` names."""
    window = daily_window(connection, group, span, MINUTES)
    asked: _Asked = {"scope": EVERYTHING, "ends_at": span[1], "meters": list(window.meters)}
    window = replace(window, records=_records(connection, needs, span, asked))
    return _with_registers(connection, window, needs, span, asked)


def _records(connection: Connection, needs: Needs, span: tuple[datetime, datetime], asked: _Asked) -> Records:
    return Records(
        events=event_records(connection, **asked) if needs.events else (),
        readings=single_readings(connection, needs.readings, starts_at=span[0], **asked),
        parameters=parameter_readings(connection, **asked) if needs.parameters else (),
        outcomes=read_outcomes(connection, starts_at=span[0], **asked) if needs.outcomes else (),
    )


def _with_registers(
    connection: Connection,
    window: MeterMatrix,
    needs: Needs,
    span: tuple[datetime, datetime],
    asked: _Asked,
) -> MeterMatrix:
    """Return the window with the registers at the ends of its days."""
    daily = window.daily
    if daily is None or not needs.day_registers:
        return window
    ends = {q: np.full(daily.kwh.shape, np.nan) for q in needs.day_registers}
    for zone in dict.fromkeys(daily.zones):
        rows = [row for row, own in enumerate(daily.zones) if own == zone]
        readings = reading_series(
            connection,
            needs.day_registers,
            starts_at=span[0],
            # The reading after the last midnight closes the last day.
            ends_at=asked["ends_at"] + timedelta(minutes=MINUTES),
            scope=asked["scope"],
            meters=asked["meters"],
            after_midnight=(zone, MINUTES),
        )
        for quantity, column in registers_at_day_ends(readings, window.meters, daily, MINUTES).items():
            ends[quantity][rows] = column[rows]
    return replace(window, daily=replace(daily, registers={**daily.registers, **ends}))


class _Asked(TypedDict):
    """What every question about records is bounded by."""

    scope: Scope
    ends_at: datetime
    meters: list[MeterId]
