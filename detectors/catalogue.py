"""Where detectors are filed, and what each of them must tell about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import ClassVar, Protocol

from pipeline.block import MeterMatrix
from pipeline.model import Episode, Severity
from pipeline.plugins import PluginRegistry
from pipeline.quantities import Quantity
from pipeline.registry import Registry


class Effect(StrEnum):
    """What a number does in a rule: every rule has the first four, be they named or fixed."""

    TRIGGER = "trigger"
    RESTORE = "restore"
    ON_DELAY = "on_delay"
    OFF_DELAY = "off_delay"
    GAP = "gap"
    """Missing values that are bridged, or stretches that are merged."""
    OTHER = "other"


class Kind(StrEnum):
    """What a rule goes through, and so what it may cost against one copy of the matrices."""

    SLOTS = "slots"
    DAYS = "days"
    RECORDS = "records"


class Together(StrEnum):
    """Which meters must be in one window for the rule to be right."""

    METER = "meter"
    POINT = "service point"
    AREA = "area"


class Whole(StrEnum):
    """What must be looked at as a whole where a run's window begins within it."""

    STRETCH = "stretch"
    """What a finding lasts."""
    ROW = "row"
    """Also the findings just before it, one after the other: they are counted."""
    SUSPENSION = "suspension"
    """The suspension of service (暂停) that a finding tells of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One number of a rule: its default and where the default comes from."""

    name: str
    default: float
    unit: str
    source: str
    tag: str
    """``S`` supported by a public source, ``D`` domain practice, ``M`` measured, ``own`` our choice."""
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a rule looks at and what is therefore loaded; where it is missing the rule says so."""

    quantities: tuple[Quantity, ...] = ()
    """Electrical values at the slots' starts."""
    interval_energy: bool = False
    """Import of the slots with its quality letters."""
    energies: tuple[str, ...] = ()
    """Other energies of the slots by their names in files."""
    registers: tuple[Quantity, ...] = ()
    """Energy registers at the slots."""
    day_registers: tuple[Quantity, ...] = ()
    """Energy registers at the end of local days: far less to load."""
    daily: bool = False
    """Daily rows."""
    readings: tuple[Quantity, ...] = ()
    """Single readings: demand registers, clock offsets."""
    events: bool = False
    parameters: bool = False
    outcomes: bool = False
    bills: bool = False
    """Bills of whole months: they are judged when they are made, by a run of their own."""
    archive: tuple[str, ...] = ()
    """Tables of the registry."""
    essential: tuple[str, ...] = ()
    """The fields above without which it cannot run at all; empty for every one that is named."""

    @property
    def is_archive_alone(self) -> bool:
        """Whether it judges what was filed, whatever was measured."""
        return self == Needs(archive=self.archive)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a rule is: everything that is known of it without running it."""

    name: str
    number: str | None = None
    """Its number in the catalogue of detectors, such as ``D07``; None outside of it."""
    version: int = 1
    """Grows when the same data may give other episodes."""
    kind: Kind
    needs: Needs
    together: Together = Together.METER
    suppressed_by: tuple[str, ...] = ()
    """Detectors, or ``outage``, whose stretches explain what this rule sees: it is blind to them."""
    messages: tuple[str, ...]
    """The keys of ``pipeline.messages`` that its episodes may carry."""
    severity: Severity
    """Of its abnormal episodes, as a rule."""
    learns_days: int = 0
    """What begins in so many days at a window's start it cannot see, for it learns there what is usual."""
    whole: Whole = Whole.STRETCH
    """What a finding that began before a window is looked at with, see :mod:`detectors.lasting`."""
    dated: tuple[str, ...] = ()
    """Its numbers that hold from their dates on within a window, at each slot, day, record or finding.

    The others hold for a whole window as they stand at its end: ``detectors.variants``.
    """
    of_customers: bool = False
    """Judges how a customer draws: what supplies an area draws what all its customers do."""


class Detector(Protocol):
    """A pure rule over aligned columns; never reads a clock, a file or a database."""

    about: ClassVar[About]

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return the episodes in ``window``; none for no data. Changes nothing that it is given."""
        ...


detectors: PluginRegistry[Callable[..., Detector]] = PluginRegistry("detectors")
"""Detectors by name; calling an entry makes the rule, with other parameters if named."""


def parameter(default: float, unit: str, source: str, tag: str, effect: Effect = Effect.OTHER) -> float:
    """Declare a number of a rule as a field of its dataclass, with its unit and where it comes from."""
    told = {"unit": unit, "source": source, "tag": tag, "effect": effect}
    declared: float = field(default=default, metadata=told)
    return declared


def parameters_of(detector: Callable[..., Detector] | Detector) -> Iterator[Parameter]:
    """Yield the numbers of a rule as they are declared."""
    for entry in fields(detector):  # type: ignore[arg-type]  # every rule is a dataclass; a test holds it
        yield Parameter(name=entry.name, default=float(entry.default), **entry.metadata)  # type: ignore[arg-type]  # all have a default


def category(name: str) -> str:
    """Return what kind of matter a rule is about: the folder that its file stands in.

    Raises:
        PluginError: If there is none of that name.
    """
    return detectors.get(name).__module__.split(".")[1]


def about(name: str) -> About:
    """Return what a rule is.

    Raises:
        PluginError: If there is none of that name.
    """
    return detectors.get(name)().about
