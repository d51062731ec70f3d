from __future__ import annotations

from datetime import timedelta
from math import nan

import orjson

from pipeline.model import EVERYTHING, Snapshot
from services.slot_chain import slot_chain
from services.slot_chain_document import chain_document
from storage.database import Connection
from storage.writer import ReadingWriter
from tests.fix_filed_archive import M1, START, Q


def test_a_spectrum_with_holes_and_a_time_are_json_too(archive: Connection) -> None:
    spectrum = Snapshot(
        meter=M1,
        taken_at=START,
        received_at=START,
        meter_time=START - timedelta(seconds=3),
        values={Q.VOLTAGE_HARMONIC_A: (0.0, 100.0, nan, 3.5)},
    )
    ReadingWriter(archive).write([spectrum])
    chain = slot_chain(archive, M1, START, scope=EVERYTHING, primary=frozenset())
    (reading,) = orjson.loads(orjson.dumps(chain_document(chain)))["readings"]
    assert reading["values"] == {"voltage_harmonic_a": [0.0, 100.0, None, 3.5]}
    assert reading["meter_time"] == "2026-02-28T23:59:57+00:00"
