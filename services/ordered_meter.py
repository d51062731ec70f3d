"""The one meter that an order is for: where it is, which edition it speaks, how its clock is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

from collectors.exchange import Outcome
from pipeline.errors import ConfigError
from pipeline.model import MeterId
from pipeline.registry import DEFAULT_ZONE, Bus, Meter
from protocols.dlt645.driver import Dlt645Driver
from protocols.dlt645.frame import Frame, padded_address
from protocols.dlt645.questions import read_query
from protocols.dlt645.session import Dlt645Session
from protocols.dlt645.version import Version
from protocols.session import Answer, Query
from services.line_bus import bus_name
from services.read_meter import parse_meter_url
from services.settings import load_settings
from services.wiring import driver_of, load_profiles

CLOCK_BYTES = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedMeter:
    """A DL/T 645 meter named by a URL."""

    url: str
    address: str
    """Twelve decimal digits: an order goes to one meter, never to a wildcard."""
    bus: Bus
    driver: Dlt645Driver
    zone: ZoneInfo
    """Of the meter's clock."""

    @property
    def version(self) -> Version:
        """Which edition it speaks."""
        return self.driver.version

    def session(self, address: str = "") -> Dlt645Session:
        """Return a fresh conversation with the meter, or with another address on its line."""
        return self.driver.session(address or self.address)

    def line_at(self, baudrate: int) -> str | None:
        """Return the line's URL at another rate; None where the rate is not ours to set."""
        parts = urlsplit(self.bus.url)
        if parts.scheme != "serial":
            return None
        options = {**dict(parse_qsl(parts.query)), "baudrate": str(baudrate)}
        return f"serial://{parts.netloc}{parts.path}?{urlencode(options)}"

    def frame(self, query: Query, address: str = "") -> bytes:
        """Return the bytes that an order puts on the line."""
        return self.session(address).ask(query)

    def clock_queries(self) -> tuple[Query, Query]:
        """Return the questions for date and time; the second answer has the fact ``clock``."""
        version = self.version
        return (
            read_query(version.date, CLOCK_BYTES, version=version),
            read_query(version.time, CLOCK_BYTES, version=version),
        )


def parse_ordered_meter(url: str) -> OrderedMeter:
    """Understand the URL of a meter that shall obey.

    Raises:
        ConfigError: If it names no single DL/T 645 meter.
        StorageError: If a database is set, which says whose bus this is, and is away.
    """
    where = parse_meter_url(url)
    profiles = load_profiles(load_settings().profile_dir)
    if where.profile not in profiles:
        raise ConfigError(f"no profile is called {where.profile!r}; there are: {', '.join(sorted(profiles))}")
    meter = Meter(id=MeterId(where.address), wiring=where.wiring, zone=where.zone)
    driver = driver_of(meter, profiles[where.profile])
    if not isinstance(driver, Dlt645Driver):
        raise ConfigError(f"meter URL {url!r}: only DL/T 645 meters take orders")
    driver.session(where.address)
    address = padded_address(where.address)
    if not address.isdigit() or address == "9" * len(address):
        raise ConfigError(f"meter URL {url!r}: an order goes to one meter, {address} stands for several")
    bus = Bus(id=bus_name(where.line_url), url=where.line_url, timeout_s=where.timeout_s)
    return OrderedMeter(url=url, address=address, bus=bus, driver=driver, zone=meter.zone)


def zone_of_url(url: str) -> ZoneInfo:
    """Return the zone in which people read times about a meter; the usual one for a URL of no meter."""
    try:
        return parse_meter_url(url).zone
    except ConfigError:
        return DEFAULT_ZONE


def content_of(outcome: Outcome, identifier: bytes) -> bytes | None:
    """Return the content of a read answer after its identifier; None when there is no answer."""
    if not isinstance(outcome.event, Answer):
        return None
    return Frame.decode(outcome.event.raw).data[len(identifier) :]


def clock_offset_s(outcomes: Sequence[Outcome]) -> float | None:
    """Return meter minus server in seconds out of the answers to date and time; None when they are no clock.

    The meter's time is that of the middle of the exchange, half a second into the second it shows.
    """
    last = outcomes[-1] if outcomes else None
    if last is None or not isinstance(last.event, Answer) or last.answered_at is None:
        return None
    clock = last.event.facts.get("clock")
    if clock is None:
        return None
    middle = last.sent_at + (last.answered_at - last.sent_at) / 2
    return (datetime.fromisoformat(clock) + timedelta(seconds=0.5) - middle).total_seconds()
