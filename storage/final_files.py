"""Final intervals in files: an interval file of DESIGN section 7 with the raw value and the why beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.errors import ConfigError
from pipeline.vee_window import IMPORT
from storage.final_columns import FINAL_COLUMNS, OF_EACH_ENERGY, FinalColumns
from storage.intervals import ENERGIES
from storage.reading_files import check_reading_file

_KEY = ("meter_id", "starts_at", "minutes")


def write_finals(path: Path, finals: Mapping[str, FinalColumns]) -> None:
    """Write the final intervals of each energy; ``kilowatch detect`` and the others read them again.

    Raises:
        ConfigError: If the file cannot be written.
    """
    check_reading_file(path)
    tables = [_table(finals[energy]) for energy in ENERGIES if energy in finals]
    table = reduce(lambda one, other: one.merge(other, how="outer", on=list(_KEY)), tables)
    if IMPORT not in finals:
        table[IMPORT], table["quality"] = np.nan, "N"
    table["quality"] = table["quality"].fillna("N")
    try:
        if path.suffix.lower() == ".csv":
            table["starts_at"] = [instant.isoformat() for instant in table["starts_at"]]
            table.to_csv(path, index=False)
        else:
            table.to_parquet(path, index=False)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}") from error


def _table(finals: FinalColumns) -> pd.DataFrame:
    given: dict[str, object] = {
        "quality": finals.quality.astype(object),
        "raw": finals.raw_amounts,
        "raw_quality": finals.raw_quality.astype(object),
        "method": finals.method,
        "reason": finals.reason,
        "author": finals.author,
    }
    names: dict[str, str] = (
        dict(zip(OF_EACH_ENERGY, ("quality", *FINAL_COLUMNS), strict=True))
        if finals.energy == IMPORT
        else {name: f"{finals.energy}_{name}" for name in OF_EACH_ENERGY}
    )
    return pd.DataFrame(
        {
            "meter_id": list(finals.meters),
            "starts_at": pd.DatetimeIndex(finals.starts_at).tz_localize("UTC"),
            "minutes": finals.minutes,
            finals.energy: finals.amounts,
            **{names[name]: column for name, column in given.items()},
        }
    )
