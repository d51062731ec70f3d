"""Asks one DL/T 645 meter for identifiers by their digits, or for its event records: for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from collectors.bus import BusOwner
from collectors.targets import Target
from pipeline.errors import BusBusyError, ConfigError
from pipeline.events import EventKind
from pipeline.model import MeterId
from pipeline.registry import Bus, Meter
from protocols.dlt645.events import RECORDS_KEPT
from services.answer_inquiry import answer, check
from services.bus_leases import leased
from services.inquiry import Inquiry, Reply, Told
from services.line_bus import bus_name
from services.read_meter import MeterAddress, meter_in_archive, parse_meter_url
from services.read_requests import ask_owner_to_answer
from services.settings import load_settings
from services.wiring import load_profiles, target_of, utc_now


def ask_identifiers(
    url: str, identifiers: Sequence[str], *, since: datetime | None = None, blocks: int | None = None
) -> Sequence[Told]:
    """Read identifiers of one meter now; on a line that a collector owns, the collector reads them.

    Args:
        url: As for ``kilowatch read``.
        identifiers: Eight hexadecimal digits each, four for a meter of 1997, as the standard writes them.
        since: For load records from a time on.
        blocks: How many load records; as many as one frame holds when left out.

    Raises:
        ConfigError: If the URL names no DL/T 645 meter, digits are no identifier, or a load record lacks its
            time.
        NoAnswerError: If the meter answers nothing at all.
        StorageError: If a database is set, which says whose bus this is, and is away.
        TransportError: If the line does not open, or another process owns it and cannot be asked.
    """
    return _asked(url, Inquiry(identifiers=tuple(identifiers), since=since, blocks=blocks)).items


def ask_events(url: str, kinds: Sequence[EventKind] = (), newest: int = RECORDS_KEPT) -> Reply:
    """Read the event records of one meter of 2007 now: the counters first, then the records that are there.

    Args:
        url: As for ``kilowatch read``.
        kinds: Which events; every kind when none is named.
        newest: At most so many records of each kind and phase.

    Raises:
        ConfigError, NoAnswerError, StorageError, TransportError: As for :func:`ask_identifiers`.
    """
    return _asked(url, Inquiry(kinds=tuple(kinds), newest=newest))


def _asked(url: str, inquiry: Inquiry) -> Reply:
    where = parse_meter_url(url)
    profile = load_profiles(load_settings().profile_dir).get(where.profile)
    if profile is None:
        raise ConfigError(f"meter URL {url!r}: no profile is called {where.profile!r}")
    meter = Meter(id=MeterId(where.address), wiring=where.wiring, zone=where.zone)
    target = target_of(meter, where.address, profile, where.line_url)
    check(inquiry, target).session(where.address)
    return asyncio.run(_ask(where, target, inquiry))


async def _ask(where: MeterAddress, target: Target, inquiry: Inquiry) -> Reply:
    bus = Bus(id=bus_name(where.line_url), url=where.line_url, timeout_s=where.timeout_s)
    try:
        async with leased([bus.id]):
            owner = BusOwner(bus, now=utc_now, lock_dir=load_settings().lock_dir)
            try:
                return await answer(owner, target, inquiry)
            finally:
                await owner.close()
    except BusBusyError as busy:
        url, meter = await meter_in_archive(where, bus.id, busy)
        return await ask_owner_to_answer(url, bus.id, meter, inquiry)
