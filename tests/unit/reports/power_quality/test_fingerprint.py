from __future__ import annotations

import hashlib
import struct
from dataclasses import replace

import numpy as np

from pipeline.quantities import Quantity
from reports.power_quality.fingerprint import readings_fingerprint
from tests.fix_quality_month import quality_month


def _short() -> object:
    return replace(
        quality_month(),
        taken_at=np.array(["2026-06-01T00:00:00"], dtype="datetime64[us]"),
        values={Quantity.VOLTAGE_A: np.array([230.5])},
        spectrum_at=np.empty(0, dtype="datetime64[us]"),
        spectra={},
    )


def test_it_is_the_hash_of_the_bytes_that_the_page_describes() -> None:
    raw = struct.pack("<q", 1_780_272_000_000_000) + b"voltage_a\0" + struct.pack("<d", 230.5)
    assert readings_fingerprint(_short()) == hashlib.sha256(raw).hexdigest()  # type: ignore[arg-type]  # a month


def test_one_other_reading_makes_another_hash() -> None:
    month = quality_month()
    changed = {q: column.copy() for q, column in month.values.items()}
    changed[Quantity.VOLTAGE_A][100] += 1e-9
    assert readings_fingerprint(replace(month, values=changed)) != readings_fingerprint(month)


def test_columns_in_another_order_are_the_same_readings() -> None:
    month = quality_month()
    turned = dict(reversed(list(month.values.items())))
    assert readings_fingerprint(replace(month, values=turned)) == readings_fingerprint(month)
