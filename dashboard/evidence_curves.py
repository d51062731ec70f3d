"""The curves that an episode carries: what was judged, what it is compared with, and the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np

from dashboard.charts import Chart, Limit, Line, Stretch
from dashboard.curves import Curves
from dashboard.formats import Formats
from dashboard.rendering import path_of
from dashboard.words import evidence_label, has_evidence_label, part_label
from pipeline.model import Json
from pipeline.timegrid import from_numpy

_COLOUR_OF_PART: Final = {"a": "phase-a", "b": "phase-b", "c": "phase-c", "ab": "phase-a", "bc": "phase-c"}
_COLOURS: Final = ("actual", "phase-c", "phase-b", "phase-a", "estimated")
_WHOLE_UNITS: Final = frozenset({"kW", "kvar", "kWh"})
"""Units of a mean over a slot, drawn as a step."""


def is_curves(value: Json) -> bool:
    """Tell whether a piece of evidence is curves, as ``detectors.evidence.slot_curves`` writes them."""
    return isinstance(value, Mapping) and isinstance(value.get("lines"), Mapping) and bool(value["lines"])


def columns_of(value: Json) -> Curves:
    """Return curves over the time axis of the first: all were thinned to as many points."""
    lines = value.get("lines") if isinstance(value, Mapping) else None
    points = {name: _points(line) for name, line in lines.items()} if isinstance(lines, Mapping) else {}
    first = next(iter(points.values()), [])
    return Curves(
        seconds=np.array([seconds for seconds, _ in first], dtype=np.float64),
        columns={
            name: np.array([line[n][1] if n < len(line) else np.nan for n in range(len(first))])
            for name, line in points.items()
        },
    )


def evidence_chart(
    episode: str, key: str, value: Mapping[str, Json], f: Formats, stretches: Sequence[Stretch]
) -> Chart | None:
    """Return the chart of one piece of evidence; None where it has no point."""
    seconds = columns_of(value).seconds
    if not len(seconds):
        return None
    lines, limits = value["lines"], value.get("limits")
    assert isinstance(lines, Mapping)  # noqa: S101 - said by is_curves
    unit = str(value.get("unit") or "")
    since, until = (from_numpy(np.datetime64(int(s * 1e6), "us")) for s in (seconds[0], seconds[-1]))
    return Chart(
        id=f"evidence-{key}",
        title=evidence_label(key, f.catalogue, f.language),
        unit=unit,
        digits=2,
        address=path_of("api", "episodes", episode, "curves", key),
        since=since,
        until=until,
        lines=[
            Line(
                label=_line_label(name, f),
                colour=_COLOUR_OF_PART.get(name.rpartition("_")[2], _COLOURS[place % len(_COLOURS)]),
                step=unit in _WHOLE_UNITS,
                dashed=place >= len(_COLOURS),
            )
            for place, name in enumerate(lines)
        ],
        limits=[
            Limit(value=float(limit), label=f"{_line_label(name, f)} {f.number(limit, 2)} {unit}")
            for name, limit in (limits.items() if isinstance(limits, Mapping) else ())
            if isinstance(limit, int | float)
        ],
        stretches=stretches,
    )


def _line_label(name: str, f: Formats) -> str:
    """Return what a line is called: a quantity under a title that names its base by its part alone."""
    named = has_evidence_label(name)
    return evidence_label(name, f.catalogue, f.language) if named else part_label(name, f.catalogue)


def _points(line: Json) -> list[tuple[float, float]]:
    """Return the points of one line; none where it is something else."""
    if isinstance(line, str) or not isinstance(line, Sequence):
        return []
    return [_point(point) for point in line if isinstance(point, Sequence)]


def _point(point: Sequence[Json]) -> tuple[float, float]:
    """Return POSIX seconds and value; NaN where it is missing."""
    at, value = point
    return datetime.fromisoformat(str(at)).timestamp(), float("nan") if value is None else float(str(value))
