"""Reads one meter now, named by a URL: no archive, no database."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from collectors.bus import BusOwner
from collectors.targets import MeterRead, Target
from pipeline.errors import ConfigError, NoAnswerError
from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Meter, Wiring
from services.settings import load_settings
from services.wiring import load_profiles, target_of, utc_now

DEFAULT_PROFILES = {"dlt645": "dlt645_2007_three_phase"}
"""The profile of a scheme when the URL names none; a Modbus register map cannot be guessed."""
EXAMPLE = "dlt645+tcp://127.0.0.1:8600/000000000101 or modbus+tcp://127.0.0.1:502/1?profile=eastron_sdm630"
OWN_OPTIONS = {"profile", "wiring", "timeout_s"}
"""Options of the URL that are ours; the rest belongs to the line (baudrate, parity)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterAddress:
    """What a meter's URL says."""

    line_url: str
    address: str
    profile: str
    wiring: Wiring
    timeout_s: float


def parse_meter_url(url: str) -> MeterAddress:
    """Take a URL such as ``dlt645+tcp://host:port/ADDRESS`` apart.

    Raises:
        ConfigError: If it does not say which meter to read how; the message shows an example.
    """
    parts = urlsplit(url)
    protocol, _, transport = parts.scheme.partition("+")
    options = dict(parse_qsl(parts.query))
    profile = options.get("profile", DEFAULT_PROFILES.get(protocol))
    path, _, address = parts.path.rpartition("/")
    if not transport or not address or profile is None:
        missing = "transport" if not transport else "address" if not address else "?profile="
        raise ConfigError(f"meter URL {url!r}: no {missing}; write for example {EXAMPLE}")
    line = {name: value for name, value in options.items() if name not in OWN_OPTIONS}
    try:
        return MeterAddress(
            line_url=f"{transport}://{parts.netloc}{path}" + (f"?{urlencode(line)}" if line else ""),
            address=address,
            profile=profile,
            wiring=Wiring(options.get("wiring", Wiring.THREE_PHASE_FOUR_WIRE)),
            timeout_s=float(options.get("timeout_s", 2.0)),
        )
    except ValueError as error:
        raise ConfigError(f"meter URL {url!r}: {error}") from error


def quantities_named(names: Collection[str]) -> frozenset[Quantity]:
    """Return the quantities of these names.

    Raises:
        ConfigError: If one is not in the vocabulary.
    """
    unknown = sorted(set(names) - {quantity.value for quantity in Quantity})
    if unknown:
        near = [q.value for q in Quantity if any(q.startswith(name.split("_")[0]) for name in unknown)]
        raise ConfigError(f"unknown quantities: {', '.join(unknown)}; near: {', '.join(near[:12]) or '-'}")
    return frozenset(map(Quantity, names))


def read_meter_at(url: str, wanted: frozenset[Quantity]) -> Snapshot:
    """Read one meter now; everything its profile has when ``wanted`` is empty.

    Raises:
        ConfigError: If the URL or the profile is wrong.
        NoAnswerError: If the meter gives nothing; says why and what to check.
    """
    where = parse_meter_url(url)
    profiles = load_profiles(load_settings().profile_dir)
    if where.profile not in profiles:
        raise ConfigError(f"no profile is called {where.profile!r}; there are: {', '.join(sorted(profiles))}")
    profile = profiles[where.profile]
    if profile.protocol.split("-")[0] != urlsplit(url).scheme.partition("+")[0]:
        raise ConfigError(f"profile {profile.name} speaks {profile.protocol}, not what {url!r} begins with")
    target = target_of(Meter(id=MeterId(where.address), wiring=where.wiring), where.address, profile)
    read = asyncio.run(_read(where, target_quantities=wanted or profile.quantities, target=target))
    if read.snapshot is None:
        seen = f" ({read.failure})" if read.failure else ""
        raise NoAnswerError(
            f"meter {where.address} at {where.line_url}: {read.cause} after {read.attempts} attempts{seen}; "
            "check the address, the wires A and B, baud rate and parity"
        )
    return read.snapshot


async def _read(where: MeterAddress, *, target_quantities: Collection[Quantity], target: Target) -> MeterRead:
    bus = Bus(id=where.line_url, url=where.line_url, timeout_s=where.timeout_s)
    owner = BusOwner(bus, now=utc_now, lock_dir=load_settings().lock_dir)
    try:
        return await owner.read_meter(target, target_quantities, None)
    finally:
        await owner.close()


def snapshot_as_json(snapshot: Snapshot) -> Mapping[str, object]:
    """Return a snapshot in the form that ``--json`` prints."""
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
    }
