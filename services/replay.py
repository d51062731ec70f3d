"""Turns a log of raw DL/T 645 frames (报文日志) into a file of readings: what the meters said, once more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from pipeline.block import ReadingBlock
from pipeline.errors import DataError, DecodeError, FrameError
from pipeline.model import MeterId, Origin
from pipeline.quantities import Kind, Quantity
from pipeline.registry import Installation, Meter, Registry, Wiring, in_force
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import OVERHEAD, padded_address, printed_address
from protocols.dlt645.replay import AnswerColumns, read_answer, replay
from storage.reading_files import check_reading_file, write_readings
from storage.registry_files import read_registry

PREAMBLE = b"\xfe"
EXAMPLE = "2026-11-23T10:00:00+08:00 68 12 90 ... 16"
SHOWN = 5
"""So many bad lines are told one by one; all are counted."""
_TUPLES = frozenset({Kind.SPECTRUM, Kind.WORDS})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What became of the lines of a log."""

    frames: int
    answers: int
    """Frames that gave values."""
    readings: int
    """Rows written: the values of one meter at one time share a row."""
    left: Mapping[str, int]
    """Frames without present values, by reason: requests, refusals, freezes, parts of longer answers ..."""
    bad: Sequence[str]
    """Lines that are no time and frame, and broken frames: the first few, each with its line number."""
    bad_count: int


class _Logged(NamedTuple):
    line: int
    at: datetime
    frame: bytes


def replay_log(
    log: Path, out: Path, *, registry: Path | None = None, wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE
) -> ReplayReport:
    """Read the answers in a log and write their values as readings.

    Args:
        log: One frame a line: a time with offset, then the frame in hex, with or without its FE preamble.
        out: A ``.csv`` or ``.parquet`` file of readings.
        registry: An archive that says which meter has which address, and how it is wired.
        wiring: Of meters that the archive does not know; they are called by their address.

    Raises:
        ConfigError: If ``out`` cannot be written.
        DataError: If ``log`` cannot be read or holds no answer at all.
        RegistryError: With every problem of the archive.
    """
    check_reading_file(out)
    archive = read_registry(registry) if registry else Registry()
    bad: list[str] = []
    logged = _read_log(log, bad)
    left: Counter[str] = Counter()
    answers: list[pd.DataFrame] = []
    for meter, entries in _by_meter(logged, archive, wiring).items():
        done = replay([entry.frame for entry in entries], meter.decoder)
        answers += [_table(columns, entries, meter.id) for columns in done.columns]
        for place in done.left.tolist():
            try:
                read_answer(entries[place].frame, meter.decoder)
            except FrameError as error:
                bad.append(f"line {entries[place].line}: {error}")
            except DecodeError as error:
                left[error.reason] += 1
    if not answers:
        raise DataError(f"{log.name}: no answer with values in {len(logged)} frames. {'; '.join(bad[:1])}")
    block = _block(answers)
    write_readings(out, block)
    return ReplayReport(
        frames=len(logged),
        answers=sum(map(len, answers)),
        readings=len(block),
        left=dict(left.most_common()),
        bad=bad[:SHOWN],
        bad_count=len(bad),
    )


def _read_log(log: Path, bad: list[str]) -> list[_Logged]:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DataError(f"{log} cannot be read: {error.strerror}") from error
    logged: list[_Logged] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        moment, _, frame = line.strip().replace(",", " ").replace("\t", " ").partition(" ")
        try:
            at = datetime.fromisoformat(moment)
            if at.tzinfo is None:
                raise ValueError("the time has no offset")  # noqa: TRY301 - told with its line below
            logged.append(_Logged(number, at, bytes.fromhex(frame).lstrip(PREAMBLE)))
        except ValueError as error:
            bad.append(f"line {number}: {error}; expected {EXAMPLE}")
    return logged


@dataclass(frozen=True, slots=True)
class _Meter:
    id: MeterId
    decoder: Decoder


def _by_meter(logged: Iterable[_Logged], archive: Registry, wiring: Wiring) -> dict[_Meter, list[_Logged]]:
    """Gather the frames of each meter that was installed with their address at their time."""
    installed: dict[str, list[Installation]] = {}
    for installation in archive.installations:
        if installation.address is not None:
            installed.setdefault(padded_address(installation.address), []).append(installation)
    known: dict[MeterId, _Meter] = {}
    decoders: dict[tuple[Wiring, ZoneInfo], Decoder] = {}

    def meter_of(address: str, at: datetime) -> _Meter:
        of_address = installed.get(address, ())
        names = [i.meter for i in of_address if in_force(i.starts_at, i.ends_at, at)]
        name = names[0] if names else MeterId(address)
        if name not in known:
            meter = archive.meter_by_id.get(name) or Meter(id=name, wiring=wiring)
            key = (meter.wiring, meter.zone)
            known[name] = _Meter(name, decoders.setdefault(key, Decoder(*key)))
        return known[name]

    found: dict[_Meter, list[_Logged]] = {}
    for entry in logged:
        address = printed_address(entry.frame) if len(entry.frame) >= OVERHEAD else ""
        found.setdefault(meter_of(address, entry.at), []).append(entry)
    return found


def _table(columns: AnswerColumns, entries: Sequence[_Logged], meter: MeterId) -> pd.DataFrame:
    """Return the values of like answers, a row a frame."""
    cells: dict[str, object] = {
        "meter_id": meter,
        "taken_at": [entries[row].at.astimezone(UTC) for row in columns.rows.tolist()],
    }
    for quantity, column in columns.numbers.items():
        cells[quantity.value] = column if column.ndim == 1 else [tuple(row) for row in column.tolist()]
    return pd.DataFrame(cells)


def _block(answers: Sequence[pd.DataFrame]) -> ReadingBlock:
    """Join the answers of one meter at one time to one reading; of a value told twice the first counts."""
    joined = pd.concat(answers, ignore_index=True).groupby(["taken_at", "meter_id"], sort=True).first()
    times = pd.DatetimeIndex(joined.index.get_level_values("taken_at")).tz_localize(None)
    taken_at = times.to_numpy().astype("datetime64[us]")
    quantities = [q for q in Quantity if q.value in joined.columns]
    never = np.full(len(joined), np.datetime64("NaT", "us"))
    return ReadingBlock(
        meters=[MeterId(name) for name in joined.index.get_level_values("meter_id")],
        taken_at=taken_at,
        received_at=taken_at,
        slot_at=never,
        meter_time=never,
        origins=[Origin.PRESENT.value] * len(joined),
        quality=np.zeros(len(joined), dtype=np.int32),
        flags=[{}] * len(joined),
        scalars={q: joined[q.value].to_numpy(dtype=np.float64) for q in quantities if q.kind not in _TUPLES},
        arrays={
            q: [cell if isinstance(cell, tuple) else None for cell in joined[q.value]]
            for q in quantities
            if q.kind in _TUPLES
        },
    )
