"""Reads one meter now, named by a URL; on a line that a collector owns, the collector reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collectors.bus import BusOwner
from collectors.targets import MeterRead, Target
from pipeline.coverage import Cause
from pipeline.errors import BusBusyError, ConfigError, NoAnswerError, TransportError
from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Bus, Meter, Wiring
from services.bus_leases import leased
from services.line_bus import bus_name
from services.present_reading import PresentReading, present_reading
from services.read_requests import ask_owner_to_read
from services.settings import load_settings
from services.wiring import load_profiles, target_of, utc_now
from storage.database import connect
from storage.registry import load_registry

DEFAULT_PROFILES = {"dlt645": "dlt645_2007_three_phase"}
"""The profile of a scheme when the URL names none; a Modbus register map cannot be guessed."""
PROTOCOLS = ("dlt645", "modbus")
TIMEOUT_MOST_S = 60.0
EXAMPLE = "dlt645+tcp://127.0.0.1:8600/000000000101 or modbus+tcp://127.0.0.1:502/1?profile=eastron_sdm630"
OWN_OPTIONS = {"profile", "wiring", "timeout_s", "zone"}
"""Options of the URL that are ours; the rest belongs to the line (baudrate, parity)."""
ALMOST = 0.8
"""How alike an option's name must be to one of ours to be taken for a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterAddress:
    """What a meter's URL says."""

    line_url: str
    address: str
    profile: str
    wiring: Wiring
    timeout_s: float
    zone: ZoneInfo = DEFAULT_ZONE
    """Of the meter's clock."""


def parse_meter_url(url: str) -> MeterAddress:
    """Take a URL such as ``dlt645+tcp://host:port/ADDRESS`` apart.

    Raises:
        ConfigError: If it does not say which meter to read how; the message shows an example.
    """
    try:
        return _parsed(url)
    except ValueError as error:
        raise ConfigError(f"meter URL {url!r}: {error}; write for example {EXAMPLE}") from error


def _parsed(url: str) -> MeterAddress:
    parts = urlsplit(url)
    protocol, _, transport = parts.scheme.partition("+")
    options = dict(parse_qsl(parts.query))
    profile = options.get("profile", DEFAULT_PROFILES.get(protocol))
    path, _, address = parts.path.rpartition("/")
    if not transport:
        raise ValueError("no transport")
    if protocol not in PROTOCOLS:
        raise ValueError(f"no protocol {protocol!r}; there are: {', '.join(PROTOCOLS)}")
    if not address:
        raise ValueError("no address")
    if profile is None:
        raise ValueError("no ?profile=")
    timeout_s = float(options.get("timeout_s", 2.0))
    if not 0 < timeout_s <= TIMEOUT_MOST_S:
        raise ValueError(f"timeout_s is above 0 and at most {TIMEOUT_MOST_S:g} seconds, not {timeout_s:g}")
    line = {name: value for name, value in options.items() if name not in OWN_OPTIONS}
    for name in line:
        for meant in get_close_matches(name, OWN_OPTIONS, n=1, cutoff=ALMOST):
            raise ValueError(f"unknown option {name!r}; {meant!r} is one")
    return MeterAddress(
        line_url=f"{transport}://{parts.netloc}{path}" + (f"?{urlencode(line)}" if line else ""),
        address=address,
        profile=profile,
        wiring=_wiring(options.get("wiring", Wiring.THREE_PHASE_FOUR_WIRE)),
        timeout_s=timeout_s,
        zone=_zone(options["zone"]) if "zone" in options else DEFAULT_ZONE,
    )


def _wiring(text: str) -> Wiring:
    try:
        return Wiring(text)
    except ValueError:
        raise ValueError(f"wiring is one of {', '.join(Wiring)}, not {text!r}") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError(f"no time zone is called {name!r}; there is Asia/Shanghai") from None


def quantities_named(names: Collection[str]) -> frozenset[Quantity]:
    """Return the quantities of these names.

    Raises:
        ConfigError: If one is not in the vocabulary.
    """
    unknown = sorted(set(names) - {quantity.value for quantity in Quantity})
    if unknown:
        stems = tuple(stem for name in unknown if (stem := name.split("_")[0]))
        near = [q.value for q in Quantity if q.startswith(stems)]
        raise ConfigError(f"unknown quantities: {', '.join(unknown)}; near: {', '.join(near[:12]) or '-'}")
    return frozenset(map(Quantity, names))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNow:
    """What a meter said just now."""

    snapshot: Snapshot
    """Of what was wanted only: an answer may hold more."""
    deviations: tuple[str, ...]
    """In what the meter was seen to differ from its standard."""
    failure: str
    """Why something is missing; empty when everything was answered."""
    not_told: tuple[Quantity, ...] = ()
    """What was asked for by name and is in no answer."""


def read_meter_at(url: str, wanted: frozenset[Quantity]) -> ReadNow:
    """Read one meter now; everything its profile has when ``wanted`` is empty.

    Raises:
        ConfigError: If the URL or the profile is wrong, or the profile lacks what is wanted.
        NoAnswerError: If the meter gives nothing of what is wanted; says why and what to check.
        StorageError: If a database is set, which says whose bus this is, and is away.
        TransportError: If the line does not open, or another process owns it.
    """
    where = parse_meter_url(url)
    profiles = load_profiles(load_settings().profile_dir)
    if where.profile not in profiles:
        raise ConfigError(f"no profile is called {where.profile!r}; there are: {', '.join(sorted(profiles))}")
    profile = profiles[where.profile]
    if profile.family != urlsplit(url).scheme.partition("+")[0]:
        raise ConfigError(f"profile {profile.name} speaks {profile.protocol}, not what {url!r} begins with")
    meter = Meter(id=MeterId(where.address), wiring=where.wiring, zone=where.zone)
    target = target_of(meter, where.address, profile, where.line_url)
    _refuse_impossible(url, where, target, wanted)
    told = asyncio.run(_read_or_ask(where, target, wanted or profile.quantities))
    return _answered(where, wanted, told)


def _answered(where: MeterAddress, wanted: frozenset[Quantity], told: PresentReading) -> ReadNow:
    """Keep what was wanted of what the meter said; everything when nothing was named.

    Raises:
        NoAnswerError: If it said nothing of it.
    """
    if told.snapshot is None:
        raise NoAnswerError(f"meter {where.address} at {where.line_url}: {told.failure}")
    snapshot = _only(told.snapshot, wanted) if wanted else told.snapshot
    not_told = tuple(quantity for quantity in Quantity if quantity in wanted - snapshot.values.keys())
    if wanted and not snapshot.values:
        why = f": {told.failure}" if told.failure else "; its wiring may be another: `kilowatch scan` tells"
        raise NoAnswerError(
            f"meter {where.address} at {where.line_url} answers, but not with {', '.join(not_told)}{why}"
        )
    return ReadNow(snapshot=snapshot, deviations=told.deviations, failure=told.failure, not_told=not_told)


def _only(snapshot: Snapshot, wanted: frozenset[Quantity]) -> Snapshot:
    return snapshot._replace(
        values={quantity: value for quantity, value in snapshot.values.items() if quantity in wanted},
        flags={quantity: flags for quantity, flags in snapshot.flags.items() if quantity in wanted},
    )


async def _read_or_ask(where: MeterAddress, target: Target, wanted: Collection[Quantity]) -> PresentReading:
    """Read it ourselves when nobody owns its bus, or have the owner read it."""
    bus = bus_name(where.line_url)
    try:
        async with leased([bus]):
            read = await _read(where, bus, target, wanted)
    except BusBusyError as busy:
        return await _ask(where, bus, wanted, busy)
    if read.cause is Cause.BUS_BUSY:
        return await _ask(where, bus, wanted, BusBusyError(read.failure))
    if read.snapshot is None:
        raise _failure(where, read)
    return present_reading(read)


async def _ask(
    where: MeterAddress, bus: str, wanted: Collection[Quantity], busy: BusBusyError
) -> PresentReading:
    """Ask the owner of the bus over the archive; it knows the meters that are installed there."""
    url, meter = await meter_in_archive(where, bus, busy)
    told = await ask_owner_to_read(url, bus, meter, wanted)
    if told.snapshot is None:
        raise NoAnswerError(f"meter {meter}, asked by the owner of bus {bus}: {told.failure}")
    return told


async def meter_in_archive(where: MeterAddress, bus: str, busy: BusBusyError) -> tuple[str, MeterId]:
    """Return the database and the meter under which the owner of a bus can be asked.

    Raises:
        BusBusyError: If it cannot: there is no archive, or the meter is not in it.
        StorageError: If the database is away.
    """
    database_url = load_settings().database_url
    if database_url is None:
        raise busy
    url = database_url.get_secret_value()
    meter = await asyncio.to_thread(_meter_at, url, bus, where.address)
    if meter is None:
        raise BusBusyError(
            f"{busy}; address {where.address} is not in its archive, so it cannot be asked"
        ) from busy
    return url, meter


def _meter_at(url: str, bus: str, address: str) -> MeterId | None:
    with connect(url) as connection:
        installed = load_registry(connection).installed_at(utc_now())
    return next(
        (i.meter for i in installed if i.bus == bus and (i.address or "").lstrip("0") == address.lstrip("0")),
        None,
    )


def _refuse_impossible(url: str, where: MeterAddress, target: Target, wanted: Collection[Quantity]) -> None:
    """Say before anything is sent what no meter of this profile has, and which address none can have."""
    try:
        target.driver.session(where.address)
    except (ConfigError, ValueError) as error:
        raise ConfigError(f"meter URL {url!r}: {error}") from error
    absent = sorted(quantity for quantity in wanted if not target.driver.plan([quantity]))
    if absent:
        raise ConfigError(
            f"profile {where.profile} has no {', '.join(absent)} with wiring {where.wiring}; "
            f"it has: {', '.join(sorted(target.quantities))}"
        )


def _failure(where: MeterAddress, read: MeterRead) -> TransportError:
    if read.cause is Cause.LINK:
        return TransportError(f"meter {where.address}: {read.failure}")
    told = "; ".join(filter(None, [*read.deviations, read.failure]))
    if read.cause is None:
        return NoAnswerError(
            f"meter {where.address} at {where.line_url} answers, but gives no value: {told}; "
            f"is it a {where.profile}? `kilowatch scan` tells which profile fits"
        )
    seen = f" ({told})" if told else ""
    return NoAnswerError(
        f"meter {where.address} at {where.line_url}: {read.cause} after {read.attempts} attempts{seen}; "
        "check the address, the wires A and B, baud rate and parity; `kilowatch scan` tells who answers"
    )


async def _read(where: MeterAddress, name: str, target: Target, wanted: Collection[Quantity]) -> MeterRead:
    bus = Bus(id=name, url=where.line_url, timeout_s=where.timeout_s)
    owner = BusOwner(bus, now=utc_now, lock_dir=load_settings().lock_dir)
    try:
        return await owner.read_meter(target, wanted, None)
    finally:
        await owner.close()


def read_as_json(read: ReadNow) -> Mapping[str, object]:
    """Return what was read in the form that ``--json`` prints."""
    snapshot = read.snapshot
    return {
        "meter_id": snapshot.meter,
        "taken_at": snapshot.taken_at,
        "quality": [flag.name.lower() for flag in snapshot.quality if flag.name],
        "flags": {
            quantity.value: [flag.name.lower() for flag in flags if flag.name]
            for quantity, flags in snapshot.flags.items()
        },
        "values": {q.value: snapshot.values[q] for q in Quantity if q in snapshot.values},
        "units": {q.value: q.unit for q in Quantity if q in snapshot.values},
        "missing": read.failure,
        "not_told": [quantity.value for quantity in read.not_told],
        "deviations": list(read.deviations),
    }
