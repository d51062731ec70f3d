"""What a check found and what to do about it, and the register of all checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from services.doctor.machine import Machine


class Grade(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not as well or not as safely as it should."""
    FAULT = "fault"
    """It does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    check: str
    grade: Grade
    says: str
    next_step: str = ""


Told: TypeAlias = tuple[Grade, str, str]
Check: TypeAlias = Callable[[Machine], Iterable[Told]]
"""Looks at one thing; yields nothing where the thing is not used on this machine."""

CHECKS: Final[dict[str, Check]] = {}
"""Every check by its name, in the order in which they are made."""


def check(function: Check) -> Check:
    """File a check under the name of its function."""
    CHECKS[function.__name__.replace("_", " ")] = function
    return function


def ok(says: str) -> Told:
    """Say that something is as it should be."""
    return Grade.OK, says, ""


def warning(says: str, next_step: str) -> Told:
    """Say what could be better, and how."""
    return Grade.WARNING, says, next_step


def fault(says: str, next_step: str) -> Told:
    """Say what does not work, and how to mend it."""
    return Grade.FAULT, says, next_step


def findings(machine: Machine) -> Iterator[Finding]:
    """Make every check; one that fails by itself is a finding and costs no other."""
    for name, function in CHECKS.items():
        try:
            told = list(function(machine))
        except Exception as error:  # noqa: BLE001 - whatever a strange machine does, the others are still made
            told = [fault(f"the check itself failed: {error!r}", "report this with the whole output")]
        for grade, says, next_step in told:
            yield Finding(check=name, grade=grade, says=says, next_step=next_step)
