"""Final intervals in files: an interval file of DESIGN section 7 with the raw value and the why beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.errors import ConfigError
from pipeline.model import MeterId
from storage.files import FINAL_COLUMNS
from storage.reading_files import check_reading_file


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalColumns:
    """Final intervals of any meters beside the raw ones, as columns of equal length; primary side."""

    meters: Sequence[MeterId]
    starts_at: Times
    minutes: NDArray[np.int16]
    import_kwh: NDArray[np.float64]
    """NaN where nothing stands in."""
    quality: NDArray[np.str_]
    raw_kwh: NDArray[np.float64]
    raw_quality: NDArray[np.str_]
    method: Sequence[str]
    """Empty where the raw interval stands."""
    reason: Sequence[str]
    author: Sequence[str]

    def __len__(self) -> int:
        """Return the number of intervals."""
        return len(self.meters)

    def take(self, rows: Sequence[int]) -> FinalColumns:
        """Return some of the intervals."""
        place = np.array(rows, dtype=np.intp)
        return FinalColumns(
            meters=[self.meters[row] for row in rows],
            starts_at=self.starts_at[place],
            minutes=self.minutes[place],
            import_kwh=self.import_kwh[place],
            quality=self.quality[place],
            raw_kwh=self.raw_kwh[place],
            raw_quality=self.raw_quality[place],
            method=[self.method[row] for row in rows],
            reason=[self.reason[row] for row in rows],
            author=[self.author[row] for row in rows],
        )


def write_finals(path: Path, finals: FinalColumns) -> None:
    """Write final intervals; ``kilowatch detect`` and the others read them again.

    Raises:
        ConfigError: If the file cannot be written.
    """
    check_reading_file(path)
    instants = pd.DatetimeIndex(finals.starts_at).tz_localize("UTC")
    cells: dict[str, object] = {
        "meter_id": list(finals.meters),
        "starts_at": instants,
        "minutes": finals.minutes,
        "import_kwh": finals.import_kwh,
        "quality": finals.quality.astype(object),
    }
    more = (finals.raw_kwh, finals.raw_quality.astype(object), finals.method, finals.reason, finals.author)
    table = pd.DataFrame(cells | dict(zip(FINAL_COLUMNS, more, strict=True)))
    try:
        if path.suffix.lower() == ".csv":
            table["starts_at"] = [instant.isoformat() for instant in instants]
            table.to_csv(path, index=False)
        else:
            table.to_parquet(path, index=False)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}") from error
