"""A line that is scanned, and what is said of each meter found on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from collectors.bus import BusOwner
from collectors.targets import MeterRead
from pipeline.errors import ConfigError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Meter, Wiring
from protocols.profile import Profile
from services.line_bus import bus_name
from services.settings import load_settings
from services.wiring import target_of, utc_now

EXAMPLE = "dlt645+tcp://127.0.0.1:8600, dlt645+serial:///dev/ttyUSB0 or modbus+tcp://127.0.0.1:502"
PROTOCOLS = {"dlt645": 0.8, "modbus": 0.5}
"""What can be scanned, and how many seconds a silent address is waited for."""
TIMEOUT_MOST_S = 60.0
OWN_OPTIONS = {"timeout_s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """One meter that was found."""

    address: str
    protocol: str
    version: int | None
    """The edition of DL/T 645; None for Modbus."""
    profile: str | None
    """Reads this meter; None where none fits, or more than one does."""
    url: str
    """For ``kilowatch read``."""
    deviations: Sequence[str]
    clock_offset_s: float | None
    remark: str
    """What a person should know: which profiles might fit, what it refused, who says to have made it."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the meter said of itself: vendor, model, version, serial ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """What is on a line."""

    meters: Sequence[Scanned]
    diagnosis: str
    questions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAddress:
    """What the URL of a line says."""

    protocol: str
    url: str
    """Of the line, with its own options."""
    options: Mapping[str, str]
    timeout_s: float
    bus: str
    """The name under which the line is owned."""

    def meter_url(self, address: str, **options: str) -> str:
        """Return the URL for ``kilowatch read`` of a meter on the line."""
        parts = urlsplit(self.url)
        given = {**dict(parse_qsl(parts.query)), **options}
        query = f"?{urlencode(given)}" if given else ""
        return f"{self.protocol}+{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/{address}{query}"


def parse_line_url(url: str) -> LineAddress:
    """Take a URL such as ``dlt645+tcp://host:port`` apart.

    Raises:
        ConfigError: If it names no line; the message shows examples.
        StorageError: If a database is set, which says whose line this is, and is away.
    """
    try:
        return _parsed(url)
    except ValueError as error:
        raise ConfigError(f"line URL {url!r}: {error}; write for example {EXAMPLE}") from error


def _parsed(url: str) -> LineAddress:
    parts = urlsplit(url)
    protocol, _, transport = parts.scheme.partition("+")
    options = dict(parse_qsl(parts.query))
    if protocol not in PROTOCOLS or not transport:
        raise ValueError("no protocol and transport in front")
    timeout_s = float(options.get("timeout_s", PROTOCOLS[protocol]))
    if not 0 < timeout_s <= TIMEOUT_MOST_S:
        raise ValueError(f"timeout_s is above 0 and at most {TIMEOUT_MOST_S:g}, not {timeout_s:g}")
    own = {name: value for name, value in options.items() if name not in OWN_OPTIONS}
    path = parts.path if transport == "serial" else ""
    query = f"?{urlencode(own)}" if own else ""
    line_url = f"{transport}://{parts.netloc}{path}{query}"
    return LineAddress(
        protocol=protocol,
        url=line_url,
        options=own,
        timeout_s=timeout_s,
        bus=bus_name(line_url),
    )


async def read_values(
    where: LineAddress, address: str, profile: Profile, wanted: Sequence[Quantity], *, retries: int
) -> MeterRead:
    """Read a few values of one meter, with a profile that may or may not be its own."""
    bus = Bus(id=where.bus, url=where.url, timeout_s=where.timeout_s, retries=retries)
    owner = BusOwner(bus, now=utc_now, lock_dir=load_settings().lock_dir)
    meter = Meter(id=MeterId(address), wiring=Wiring.THREE_PHASE_FOUR_WIRE)
    try:
        return await owner.read_meter(target_of(meter, address, profile, where.url), wanted, None)
    finally:
        await owner.close()
