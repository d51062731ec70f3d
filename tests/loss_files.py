"""An area with a thief as files: real homes for seven weeks, the last of them with a theft."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.registry import Registry
from services.evaluate_area_draws import draw_area
from services.evaluate_curves import read_homes

SLICES = Path(__file__).parent / "data" / "real_slices"


class LossFiles(NamedTuple):
    """Where they are, and the truth."""

    intervals: Path
    registry: Path
    thief: str
    first_day: np.datetime64
    archive: Registry


def write_area(folder: Path, kind: str = "h1", seed: int = 3) -> LossFiles:
    """Write an area drawn from the slice of homes."""
    drawn = draw_area(read_homes(SLICES), np.random.default_rng(seed), kind, look_alike=True)
    window, archive = drawn.window, drawn.registry
    meters, slots = window.import_kwh.shape
    table = pd.DataFrame(
        {
            "meter_id": np.repeat(list(window.meters), slots),
            "starts_at": pd.DatetimeIndex(np.tile(window.starts_at, meters)).tz_localize("UTC"),
            "minutes": 15,
            "import_kwh": window.import_kwh.ravel(),
            "export_kwh": window.energies["export_kwh"].ravel(),
        }
    )
    table.to_parquet(folder / "intervals.parquet", index=False)
    (folder / "area.toml").write_text("\n".join(_entries(archive)), encoding="utf-8")
    assert drawn.thief is not None
    assert window.daily is not None
    return LossFiles(
        intervals=folder / "intervals.parquet",
        registry=folder / "area.toml",
        thief=drawn.thief,
        first_day=window.daily.days[-drawn.theft_days],
        archive=archive,
    )


def _entries(archive: Registry) -> Sequence[str]:
    generating = {contract.service_point for contract in archive.contracts if contract.generation}
    return [
        '[[area]]\nid = "T"\nname = "翠园台区"\nzone = "Europe/Zurich"',
        '[[ratio]]\nmeter = "SUPPLY"\nct = 20',
        *(f'[[meter]]\nid = "{m.id}"\nservice_point = "P-{m.id}"' for m in archive.meters),
        *(f'[[service_point]]\nid = "{p.id}"\narea = "T"' for p in archive.service_points),
        *(f'[[contract]]\nservice_point = "{point}"\ngeneration = true' for point in sorted(generating)),
        *(
            f'[[area_member]]\narea = "{m.area}"\nservice_point = "{m.service_point}"\nrole = "{m.role}"'
            for m in archive.area_members
        ),
    ]
