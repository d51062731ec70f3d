"""What waveform records (录波) of a service point tell of its supply, ready to be judged and kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from analysis.comtrade.recording import Side
from analysis.power_quality.recorded_figures import recorded_in
from analysis.waveform.options import Options
from analysis.waveform.survey import survey
from pipeline.errors import DataError
from storage.waveform_files import read_waveform
from storage.waveform_records import WaveformRecord


def waveform_record(path: Path, service_point: str, zone: ZoneInfo) -> WaveformRecord:
    """Return what a record that was taken at a point tells of the point's supply.

    A record's time without an offset is local time of the point. What each voltage normally was in its record
    is what its events are measured against.

    Raises:
        DataError: If the file cannot be read or does not say when it began; names it.
    """
    recording = read_waveform(path, Side.PRIMARY)
    began_at = recording.starts_at
    if began_at is None:
        raise DataError(
            f"{path.name} does not say when it was recorded, so that its events have no place in a month: "
            "take a COMTRADE record, which does"
        )
    if began_at.tzinfo is None:
        began_at = began_at.replace(tzinfo=zone)
    return WaveformRecord(
        service_point=service_point,
        name=path.name,
        starts_at=began_at + timedelta(seconds=recording.starts_s),
        ends_at=began_at + timedelta(seconds=recording.ends_s),
        recorded=recorded_in(path.name, recording, began_at, survey(recording, Options())),
    )
