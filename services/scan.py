"""Finds the meters on a line: their addresses, what they speak, and the profile to read them with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from collectors.transports import line_for
from pipeline.errors import ConfigError, NoAnswerError
from services.bus_leases import leased
from services.scan_dlt645 import scan_dlt645
from services.scan_line import LineAddress, ScanReport, parse_line_url
from services.scan_modbus import scan_modbus

UNITS = (1, 32)
"""Modbus addresses looked at by default: every silent one costs a time-out."""
LAST_UNIT = 247

Tell = Callable[[str], None]


def scan(url: str, *, units: tuple[int, int] = UNITS, thorough: bool = False, tell: Tell) -> ScanReport:
    """Find the meters on a line.

    Args:
        url: ``dlt645+tcp://host:port``, ``dlt645+serial:///dev/ttyUSB0`` (tries every rate and parity unless
            ``?baudrate=`` is given) or ``modbus+tcp://host:port``.
        units: First and last Modbus address to look at.
        thorough: Look behind clean answers too: a strong meter may drown a weak one.
        tell: Takes a line of progress.

    Raises:
        ConfigError: If the URL names no line.
        BusBusyError: If a collector owns the line.
        StorageError: If a database is set, which says whose line this is, and is away.
        TransportError: If the line does not open.
    """
    where = parse_line_url(url)
    line_for(where.url)
    first, last = units
    if not 1 <= first <= last <= LAST_UNIT:
        raise ConfigError(f"units are 1 to {LAST_UNIT}, first-last, not {first}-{last}")
    return asyncio.run(_scan(where, range(first, last + 1), thorough=thorough, tell=tell))


async def _scan(where: LineAddress, units: range, *, thorough: bool, tell: Tell) -> ScanReport:
    async with leased([where.bus]):
        if where.protocol == "modbus":
            return await scan_modbus(where, units, tell)
        return await scan_dlt645(where, tell, thorough=thorough)


def require_meters(report: ScanReport) -> None:
    """Complain when nothing was found.

    Raises:
        NoAnswerError: With the diagnosis.
    """
    if not report.meters:
        raise NoAnswerError(f"no meter found: {report.diagnosis}")
