"""The clean run: what every detector says of real curves in which nothing is known to be wrong.

Each alarm counts as false, though some may be true: an empty home, a plant's holidays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np

from analysis.evaluation_figures import poisson_upper
from detectors.catalogue import about, detectors, parameters_of
from detectors.engine import run
from detectors.wanted import cannot_run
from pipeline.block import MeterMatrix, is_actual
from pipeline.model import Episode, Severity, Verdict
from services.evaluate_curves import Curves

MINUTES_A_YEAR: Final = 365.25 * 24 * 60
LEAST_METER_YEARS: Final = 1.0
"""Less says nothing of an electrical rule: those are proven on simulated meters."""
WARM_UP: Final = "least_days"
"""What a detector calls the days that it must know before it judges."""
WARM_UPS: Final[Mapping[str, float]] = MappingProxyType(
    {"profile_excess": 28.0, "shape_shift": 34.0, "load_class_change": 41.0}
)
"""Days of those that fix theirs in their arithmetic: four weeks, the last of five, and of six."""
PEERS: Final = "least_peers"
"""What a detector calls the like customers that it must have: files with fewer tell nothing of it."""
RECORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "suspended_load": "suspensions",
        "suspension_rule": "suspensions",
        "closed_point_use": "closed accounts",
        "over_capacity": "contracts with a capacity",
        "power_factor": "contracts with a capacity",
        "tariff_class": "contracts with a class",
        "average_price": "bills",
        "area_balance": "areas with a supply meter",
        "loss_rise": "areas with a supply meter",
        "topology": "areas with a supply meter",
        "ntl_attribution": "areas with a supply meter",
        "register_runaway": "the rated currents of these meters",
    }
)
"""What these compare use with; real curves come without it, and silence then proves nothing."""


class Status(StrEnum):
    """What a clean run can say of a detector."""

    MEASURED = "measured"
    NOT_EVALUATED = "not evaluated"
    SIMULATED_ONLY = "simulated only"
    """Electrical: there are no real three-phase voltages and currents; see the planted faults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The part of one file in a detector's figures."""

    alarms: int
    major: int
    meter_years: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanFigures:
    """What one detector said of the real curves."""

    status: Status
    alarms: int = 0
    major: int = 0
    """Of the alarms, those that want an inspection this week; the others are hints."""
    meter_years: float = 0.0
    missing: Sequence[str] = ()
    """What it would have to look at."""
    episodes: Sequence[str] = ()
    """Meter and start of each alarm, in order."""
    by_source: Mapping[str, Share] = field(default_factory=dict)
    """What each file gave of it: homes in autumn and plants through a year are not alike."""

    @property
    def upper95(self) -> float | None:
        """Alarms a meter-year that are not exceeded with 95 % certainty; None where nothing was looked at."""
        return poisson_upper(self.alarms, self.meter_years) if self.meter_years > 0.0 else None

    def as_json(self) -> Mapping[str, object]:
        """Return the form that ``--json`` prints."""
        return {
            "status": self.status.value,
            "alarms": self.alarms,
            "major": self.major,
            "meter_years": round(self.meter_years, 3),
            "upper95": None if self.upper95 is None else round(self.upper95, 4),
            "missing": list(self.missing),
            "by_source": {
                name: {
                    "alarms": share.alarms,
                    "major": share.major,
                    "meter_years": round(share.meter_years, 3),
                }
                for name, share in self.by_source.items()
            },
        }


@dataclass(slots=True)
class _Tally:
    """What is counted of one detector over the files."""

    missing: set[str] = field(default_factory=set)
    episodes: list[str] = field(default_factory=list)
    by_source: dict[str, Share] = field(default_factory=dict)

    def add(self, source: str, found: Sequence[Episode], meter_years: float) -> None:
        """Count the alarms of a file."""
        alarms = [episode for episode in found if episode.verdict is Verdict.ABNORMAL]
        major = sum(episode.severity >= Severity.MAJOR for episode in alarms)
        self.episodes += map(_told, alarms)
        self.by_source[source] = Share(alarms=len(alarms), major=major, meter_years=meter_years)


def clean_run(
    curves: Iterable[Curves], *, threads: int = 1, begin: Callable[[str], None] = lambda _step: None
) -> Mapping[str, CleanFigures]:
    """Run every detector over real curves and return its figures by its name.

    A detector's meter-years are those of the files that have what it looks at, without its warm-up.
    """
    names = sorted(detectors.all())
    lacking = {name: records for name in names if (records := _records_missing(name)) is not None}
    tallies = {name: _Tally(missing={lacking[name]} if name in lacking else set()) for name in names}
    for each in curves:
        begin(f"clean run: {each.name}")
        cannot = {found.detector: found.missing for found in cannot_run(each.window)}
        for name, missing in cannot.items():
            tallies[name].missing |= set(missing)
        able = [
            name
            for name in names
            if name not in cannot and name not in lacking and least_peers(name) <= len(each.window.meters)
        ]
        found = run(each.window, each.registry, only=able, threads=threads)
        for name in able:
            own = [episode for episode in found if episode.detector == name]
            tallies[name].add(each.name, own, meter_years(each.window, warm_up_days(name)))
    return {name: _figures(name, tally) for name, tally in tallies.items()}


def warm_up_days(name: str) -> float:
    """Return for how many days a detector learns before it can say anything."""
    named = (p.default for p in parameters_of(detectors.get(name)) if p.name == WARM_UP)
    return max(named, default=WARM_UPS.get(name, 0.0))


def least_peers(name: str) -> float:
    """Return how many meters a detector must see together before it can say anything."""
    return max((p.default for p in parameters_of(detectors.get(name)) if p.name == PEERS), default=0.0)


def meter_years(window: MeterMatrix, warm_up_days: float) -> float:
    """Return for how long a window's meters are known, each without its first days."""
    known = is_actual(window.quality) & np.isfinite(window.import_kwh)
    minutes = known.sum(axis=1) * window.minutes - warm_up_days * 24 * 60
    return float(np.maximum(minutes, 0.0).sum()) / MINUTES_A_YEAR


def _records_missing(name: str) -> str | None:
    """Return what a detector goes through that real curves come without; None if it goes through curves."""
    if name in RECORDS:
        return RECORDS[name]
    needs = about(name).needs
    if needs.interval_energy or needs.daily or needs.quantities or needs.energies or needs.registers:
        return None
    kinds = {"events": needs.events, "parameters": needs.parameters, "outcomes of reads": needs.outcomes}
    return next((kind for kind, is_wanted in kinds.items() if is_wanted), None)


def _figures(name: str, tally: _Tally) -> CleanFigures:
    needs = about(name).needs
    cannot_do_without = not needs.essential or "quantities" in needs.essential
    is_electrical = bool(needs.quantities) and cannot_do_without and name not in RECORDS
    enough = LEAST_METER_YEARS if is_electrical else 0.0
    exposed = sum(share.meter_years for share in tally.by_source.values())
    if exposed > enough:
        status = Status.MEASURED
    else:
        status = Status.SIMULATED_ONLY if is_electrical else Status.NOT_EVALUATED
    return CleanFigures(
        status=status,
        alarms=len(tally.episodes),
        major=sum(share.major for share in tally.by_source.values()),
        meter_years=exposed,
        missing=() if status is Status.MEASURED else sorted(tally.missing),
        episodes=sorted(tally.episodes),
        by_source=tally.by_source,
    )


def _told(episode: Episode) -> str:
    return f"{episode.meter} {episode.starts_at:%Y-%m-%dT%H:%MZ}"
