"""Judges a demo: what was read, how complete, which planted faults were found, what was a false alarm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypedDict

import orjson

from pipeline.model import EVERYTHING, Episode, Verdict
from storage.database import Connection
from storage.demo_figures import coverage_share, live_by_protocol, stored_records
from storage.episodes import list_episodes

MIN_COVERAGE = 0.99


class EpisodeFigures(TypedDict):
    """How the detectors did against the truth."""

    found: int
    missed: list[str]
    false: list[str]


class DemoResult(TypedDict):
    """The last line of ``kilowatch demo --json``."""

    readings: dict[str, int]
    backfilled: int
    coverage: float
    episodes: EpisodeFigures
    dashboard: str
    line_faults: float
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One row of the truth file."""

    meter: str
    detector: str
    starts_at: datetime
    ends_at: datetime | None
    twin: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a running demo is."""

    live: int
    backfilled: int
    coverage: float
    episodes: int


def progress_of(connection: Connection) -> Progress:
    """Look how far the demo is."""
    episodes = list_episodes(connection, scope=EVERYTHING, verdict=Verdict.ABNORMAL)
    return Progress(
        live=sum(live_by_protocol(connection).values()),
        backfilled=stored_records(connection),
        coverage=coverage_share(connection),
        episodes=len(episodes),
    )


def result_of(connection: Connection, truth: Path, page: str, line_faults: float) -> DemoResult:
    """Compare what the database holds with what was planted."""
    stored = list_episodes(connection, scope=EVERYTHING, verdict=Verdict.ABNORMAL)
    figures = judge([one.episode for one in stored], read_truth(truth))
    readings = live_by_protocol(connection)
    coverage = coverage_share(connection)
    clean = not figures["missed"] and not figures["false"] and figures["found"] > 0
    return DemoResult(
        readings=readings,
        backfilled=stored_records(connection),
        coverage=round(coverage, 5),
        episodes=figures,
        dashboard=page,
        line_faults=round(line_faults, 4),
        ok=clean and coverage >= MIN_COVERAGE and all(readings.values()),
    )


def read_truth(file: Path) -> list[Planted]:
    """Read what ``kilowatch simulate --truth-out`` wrote for detectors; faults of lines are for none."""
    rows = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    return [
        Planted(
            meter=row["meter_id"],
            detector=row["detector"],
            starts_at=datetime.fromisoformat(row["starts_at"]),
            ends_at=None if row["ends_at"] is None else datetime.fromisoformat(row["ends_at"]),
            twin=row["twin"],
            why=row["why"],
        )
        for row in rows
        if row["detector"] is not None
    ]


def judge(episodes: Sequence[Episode], truth: Iterable[Planted]) -> EpisodeFigures:
    """Match abnormal episodes with planted faults by detector, meter and overlap in time.

    A fault without an episode is missed; an episode that matches no fault, a twin's included, is false.
    """
    faults = [planted for planted in truth if not planted.twin]
    found = [f for f in faults if any(_matches(e, f) for e in episodes)]
    missed = [f for f in faults if f not in found]
    false = [e for e in episodes if not any(_matches(e, f) for f in faults)]
    return EpisodeFigures(
        found=len(found),
        missed=[f"{f.detector} on {f.meter}: {f.why}" for f in missed],
        false=[f"{e.detector} on {e.meter} from {e.starts_at.isoformat()}" for e in false],
    )


def _matches(episode: Episode, fault: Planted) -> bool:
    alike = episode.detector == fault.detector and episode.meter == fault.meter
    begins_before_end = fault.ends_at is None or episode.starts_at < fault.ends_at
    return alike and begins_before_end and (episode.ends_at is None or fault.starts_at < episode.ends_at)
