"""What is odd about the energies of a load: slots that no meter counts, energy that flows back unfiled."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.loss_problems import FED_IN_KWH, impossible_slots
from pipeline.block import MeterMatrix
from pipeline.timegrid import MINUTES_PER_DAY

MISSING = "N"
"""The quality letter of an interval without a value."""


class LoadProblemKind(StrEnum):
    """What can be odd."""

    IMPOSSIBLE_ENERGY = "impossible_energy"
    """Slots of a meter below zero or beyond measure: taken for missing."""
    VALUE_OF_MISSING = "value_of_missing"
    """Slots marked as missing that have a value: taken for missing."""
    FED_IN_UNFILED = "fed_in_unfiled"
    """A customer without filed generation feeds in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProblem:
    """One of them."""

    kind: LoadProblemKind
    en: str
    zh: str
    meter: str | None = None
    count: int = 0
    """Of intervals, where they are what is odd."""
    kwh: float = 0.0


def without_odd_slots(
    matrix: MeterMatrix, asked: NDArray[np.bool_]
) -> tuple[MeterMatrix, dict[str, list[LoadProblem]]]:
    """Return a matrix in which the slots that no meter counts are missing, and what was odd by meter.

    ``asked`` are the slots in which to look: shape (slots,).
    """
    is_missing = matrix.quality == MISSING
    odd = {
        LoadProblemKind.IMPOSSIBLE_ENERGY: asked & ~is_missing & impossible_slots(matrix),
        LoadProblemKind.VALUE_OF_MISSING: asked & is_missing & np.isfinite(matrix.import_kwh),
    }
    found: dict[str, list[LoadProblem]] = {}
    for kind, slots in odd.items():
        counts = slots.sum(axis=1)
        for row in np.flatnonzero(counts).tolist():
            meter = str(matrix.meters[row])
            found.setdefault(meter, []).append(_problem(kind, meter=meter, count=int(counts[row])))
    return (_without(matrix, np.any(list(odd.values()), axis=0)) if found else matrix), found


def fed_in_problems(export_kwh: float, slots: int, minutes: int) -> Iterator[LoadProblem]:
    """Yield the problem of a customer without filed generation who feeds in more than a meter's own error."""
    days = max(slots * minutes / MINUTES_PER_DAY, 1.0)
    if export_kwh > FED_IN_KWH * days:
        yield _problem(LoadProblemKind.FED_IN_UNFILED, kwh=export_kwh)


def _without(matrix: MeterMatrix, odd: NDArray[np.bool_]) -> MeterMatrix:
    """Return a matrix of which some slots are missing."""
    return replace(
        matrix,
        import_kwh=np.where(odd, np.nan, matrix.import_kwh),
        import_kvarh=None if matrix.import_kvarh is None else np.where(odd, np.nan, matrix.import_kvarh),
        energies={name: np.where(odd, np.nan, column) for name, column in matrix.energies.items()},
        quality=np.where(odd, MISSING, matrix.quality),
    )


def _problem(
    kind: LoadProblemKind, *, meter: str | None = None, count: int = 0, kwh: float = 0.0
) -> LoadProblem:
    texts = {
        language: text.format(meter=meter, count=count, kwh=kwh) for language, text in _texts()[kind].items()
    }
    return LoadProblem(kind=kind, meter=meter, count=count, kwh=kwh, en=texts["en"], zh=texts["zh"])


@cache
def _texts() -> dict[str, Any]:  # Any: TOML of several depths
    return tomllib.loads(files("analysis").joinpath("data", "load_problems.toml").read_text(encoding="utf-8"))
