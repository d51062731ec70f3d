"""A month out of the database: spectra as wide as they come, and flagged values left out alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import SecretStr

from analysis.power_quality.supply_events import SupplyKind
from pipeline.errors import ConfigError, DataError
from pipeline.model import EVERYTHING, MeterId, Origin, Quality, Snapshot, Value
from pipeline.quantities import Quantity
from pipeline.registry import Area, Installation, Meter, Ratio, Registry, ServicePoint
from services.quality import JudgedPoint, forget_waveform, judge_stored
from services.quality_months import months_stored
from services.settings import Settings
from storage.database import connect
from storage.registry import load_registry, save_registry
from storage.writer import ReadingWriter
from tests.comtrade_dip import record

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 10, 1, tzinfo=ZONE).astimezone(UTC)
NOW = datetime(2026, 11, 5, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
A, B = MeterId("QS-A"), MeterId("QS-B")
ARCHIVE = Registry(
    meters=[Meter(id=A), Meter(id=B)],
    areas=[Area(id="QS")],
    service_points=[ServicePoint(id=f"SP-{m}", area="QS") for m in (A, B)],
    installations=[Installation(meter=m, service_point=f"SP-{m}") for m in (A, B)],
    ratios=[Ratio(meter=A, ct=20.0)],
)


def snapshot(
    meter: MeterId, slot: int, values: dict[Quantity, Value], *flagged: tuple[Quantity, Quality]
) -> Snapshot:
    at = BEGIN + slot * QUARTER
    quality = Quality.GOOD
    for _, why in flagged:
        quality |= why
    return Snapshot(
        meter=meter,
        taken_at=at,
        received_at=at,
        slot_at=at,
        origin=Origin.PRESENT,
        values=values,
        flags=dict(flagged),
        quality=quality,
    )


def test_only_what_a_flag_casts_doubt_on_is_left_out(database_url: str) -> None:
    plain: dict[Quantity, Value] = {Quantity.VOLTAGE_A: 220.0, Quantity.CURRENT_A: 2.0}
    stored = [
        snapshot(A, 0, {**plain, Quantity.VOLTAGE_HARMONIC_A: (0.0, 100.0, 1.0)}),
        snapshot(A, 1, plain, (Quantity.VOLTAGE_A, Quality.OUT_OF_RANGE)),
        snapshot(
            A,
            2,
            {**plain, Quantity.VOLTAGE_HARMONIC_A: (0.0, 100.0, 1.0, 4.0)},
            (Quantity.CURRENT_A, Quality.PARTIAL),
            (Quantity.VOLTAGE_HARMONIC_A, Quality.STALE),
        ),
        snapshot(A, 3, {**plain, Quantity.VOLTAGE_HARMONIC_A: (0.0, 100.0, 2.0)}),
        snapshot(B, 1, plain),
    ]
    with connect(database_url) as connection:
        save_registry(connection, ARCHIVE)
        ReadingWriter(connection).write(stored)
        archive = load_registry(connection)
        assert [meter.max_current_a for meter in archive.meters] == [None, None], "nobody filed one"
        own, other = months_stored(connection, archive, date(2026, 10, 1), NOW, scope=EVERYTHING)
    assert (own.point.meter, other.point.meter) == (A, B)
    np.testing.assert_array_equal(own.values[Quantity.VOLTAGE_A], [220.0, np.nan, 220.0, 220.0])
    np.testing.assert_array_equal(own.values[Quantity.CURRENT_A], [40.0, 40.0, 40.0, 40.0])
    np.testing.assert_array_equal(other.values[Quantity.VOLTAGE_A], [220.0])
    np.testing.assert_array_equal(
        own.spectra[Quantity.VOLTAGE_HARMONIC_A],
        [[0.0, 100.0, 1.0, np.nan], [np.nan] * 4, [0.0, 100.0, 2.0, np.nan]],
    )
    assert [neighbour.service_point for neighbour in own.neighbours] == ["SP-QS-B"]


def test_a_record_is_known_at_every_later_judgement_until_it_is_forgotten(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings(database_url=SecretStr(database_url))
    dip = record(tmp_path, "12/10/2026,16:00:00.000000")
    with connect(database_url) as connection:
        save_registry(connection, ARCHIVE)

    def judged(*waveforms: Path, point: str = "SP-QS-A") -> JudgedPoint:
        (found,) = judge_stored(date(2026, 10, 1), [point], settings, NOW, waveforms)
        return found

    def events(found: JudgedPoint) -> list[SupplyKind]:
        return [event.kind for event in found.month.recorded.events]

    assert events(judged()) == []
    first = judged(dip)
    assert (events(first), first.month.recorded.names) == ([SupplyKind.DIP], ["12.cfg"])
    again = judged()
    assert again.month.recorded.events == first.month.recorded.events
    assert again.judgements == first.judgements
    assert events(judged(dip)) == [SupplyKind.DIP], "the same record twice is one"
    assert events(judged(point="SP-QS-B")) == []
    assert [event.source for event in again.month.recorded.events] == ["waveform"]
    (found,) = judge_stored(date(2026, 9, 1), ["SP-QS-A"], settings, NOW)
    assert events(found) == [], "it was in October"
    assert forget_waveform("SP-QS-A", "12.cfg", settings) == 1
    assert events(judged()) == []
    with pytest.raises(DataError, match=r"12\.cfg was recorded on 2026-10-12 and says nothing of 2026-09"):
        list(judge_stored(date(2026, 9, 1), ["SP-QS-A"], settings, NOW, [dip]))
    assert forget_waveform("SP-QS-A", "12.cfg", settings) == 0, "what is refused is not kept"
    with pytest.raises(ConfigError, match="name it with --point"):
        list(judge_stored(date(2026, 10, 1), None, settings, NOW, [dip]))
