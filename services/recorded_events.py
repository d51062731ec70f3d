"""Dips, swells and interruptions out of waveform records, as a month's checks take them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analysis.comtrade.recording import Side
from analysis.power_quality.point_month import QualityPoint
from analysis.power_quality.supply_events import SupplyEvent, of_waveform
from analysis.waveform.options import Options
from analysis.waveform.survey import survey
from pipeline.errors import DataError
from storage.waveform_files import read_waveform


def recorded_events(paths: Sequence[Path], point: QualityPoint) -> list[SupplyEvent]:
    """Return the events of all voltages together in records that were taken at a point, oldest first.

    A record's time without an offset is local time of the point. What each voltage normally was in its record
    is what its events are measured against.

    Raises:
        DataError: If a file cannot be read or does not say when it began; names it.
    """
    found = [event for path in paths for event in _of_record(path, point)]
    return sorted(found, key=lambda event: event.starts_at)


def _of_record(path: Path, point: QualityPoint) -> list[SupplyEvent]:
    recording = read_waveform(path, Side.PRIMARY)
    began_at = recording.starts_at
    if began_at is None:
        raise DataError(
            f"{path.name} does not say when it was recorded, so that its events have no place in a month: "
            "take a COMTRADE record, which does"
        )
    if began_at.tzinfo is None:
        began_at = began_at.replace(tzinfo=point.zone)
    events = survey(recording, Options()).events
    phases = {channel.name: channel.phase for channel in recording.channels}
    # A record of one voltage has no event of several.
    return [of_waveform(event, began_at, phases) for event in events.polyphase or events.single]
