"""Makes every check of a machine."""

from __future__ import annotations

from collections.abc import Iterator

from services.doctor import certificates, database, host, meters, peers
from services.doctor.finding import CHECKS, Finding, findings
from services.doctor.machine import Machine

GROUPS = (host, certificates, database, peers, meters)
"""The files of checks; each files its own as it is imported."""


def examine(machine: Machine) -> Iterator[Finding]:
    """Yield what was found, check by check."""
    try:
        yield from findings(machine)
    finally:
        machine.close()


def names() -> tuple[str, ...]:
    """Return the names of all checks."""
    return tuple(CHECKS)
