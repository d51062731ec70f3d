"""Builds a fleet from its file: each meter's load, supply, planted faults and truth, relative to now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Protocol

from pipeline.errors import ConfigError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from simulators.faults.truth import Truth
from simulators.fleet.file import parse_fleet
from simulators.fleet.plan import FleetPlan, MeterPlan
from simulators.fleet.times import PlacedPlan
from simulators.fleet.worlds import lived_worlds
from simulators.physics.loads import LoadCurve
from simulators.physics.model import MeterConfig
from simulators.physics.world import World, model_of


class Model(Protocol):
    """What a meter shows at an instant of its own clock."""

    @property
    def config(self) -> MeterConfig:
        """What the meter is."""
        ...

    @property
    def curve(self) -> LoadCurve:
        """What is drawn there, all phases together."""
        ...

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        """Return every value on the secondary side; empty while it has no power."""
        ...

    def changes(self, starts_at: datetime, ends_at: datetime) -> Iterable[datetime]:
        """Return the instants in ``[starts_at, ends_at)`` at which something planted begins or ends."""
        ...

    def spectrum(self, instant: datetime) -> Mapping[Quantity, tuple[float, ...]]:
        """Return the spectra of voltage and current, in % of the fundamental, index = order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedMeter:
    """One meter of the fleet: its plan, its world and what it shows."""

    plan: MeterPlan
    model: Model
    world: World

    @property
    def id(self) -> MeterId:
        """The meter's id."""
        return self.model.config.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything that a fleet file describes, placed in time."""

    plan: FleetPlan
    now: datetime
    memory_from: datetime
    """The meters remember from here on."""
    meters: Sequence[SimulatedMeter]
    truth: Sequence[Truth]
    """What is planted and has begun, twins included."""

    def on(self, line: str) -> list[SimulatedMeter]:
        """Return the meters on a bus or behind a gateway."""
        return [meter for meter in self.meters if meter.plan.line == line]


def load_fleet(name: str | Path) -> FleetPlan:
    """Read a fleet file, or one of ours by its bare name (``demo``, ``lab``).

    Raises:
        ConfigError: If there is no such file, or something in it is wrong.
    """
    ours = resources.files("simulators").joinpath("fleets", f"{name}.toml")
    path = Path(name)
    try:
        text = ours.read_text("utf-8") if ours.is_file() else path.read_text("utf-8")
    except OSError as error:
        known = ", ".join(fleet_names())
        raise ConfigError(
            f"fleet {name}: no such file, and not one of ours ({known}); "
            "'kilowatch simulate' without a name tells what is in each"
        ) from error
    return parse_fleet(text, path.stem)


def fleet_names() -> list[str]:
    """Return the names of the fleets that come with the project."""
    folder = resources.files("simulators").joinpath("fleets")
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def build_fleet(plan: FleetPlan, now: datetime) -> Fleet:
    """Place a fleet in time: its history ends at ``now``.

    The same plan and ``now`` give the same fleet.

    Raises:
        ConfigError: If meters that sum others have none, or go in a circle.
    """
    placed = PlacedPlan(plan=plan, now=now)
    lived = lived_worlds(placed)
    return Fleet(
        plan=plan,
        now=now,
        memory_from=placed.memory_from,
        meters=tuple(
            SimulatedMeter(plan=one.plan, model=model_of(one.world), world=one.world) for one in lived
        ),
        truth=tuple(label for one in lived for label in one.truth),
    )
