"""A hash of the readings a report rests on: equal readings give an equal one, wherever they came from."""

from __future__ import annotations

import hashlib

import numpy as np

from analysis.power_quality.point_month import PointMonth


def readings_fingerprint(month: PointMonth) -> str:
    """Return the SHA-256 over the month's readings, hexadecimal.

    In this order: the times as int64 microseconds since 1970 (UTC), then each quantity in the order of its
    name as its name in UTF-8, a zero byte and its values; first the electrical values, then the spectra, row
    by row. All numbers little-endian; a missing value is the quiet NaN 7FF8 0000 0000 0000.
    """
    digest = hashlib.sha256()
    for times, columns in ((month.taken_at, month.values), (month.spectrum_at, month.spectra)):
        digest.update(times.astype("datetime64[us]").astype("<i8").tobytes())
        for quantity in sorted(columns):
            values = np.asarray(columns[quantity], dtype="<f8")
            digest.update(quantity.encode() + b"\0")
            digest.update(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
    return digest.hexdigest()
