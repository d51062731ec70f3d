"""Tells at regular times what a collector has done, holds and dropped: in the log and in a file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from pipeline.errors import StorageError
from storage.operation import SPOOL

TELL_EVERY_S: Final = 60.0


class Drop(NamedTuple):
    """One way in which something is lost or set aside."""

    cause: str
    """Its name for programs."""
    says: str
    counted_at: tuple[str, ...]
    """The keys that lead to its count."""
    of_file: tuple[str, ...] = ()
    """The keys that lead to the file that counts it, whatever process has it; none: its process does."""


class DropCount(NamedTuple):
    """How much a process has told to be lost in one way."""

    says: str
    total: int
    counter: str
    """What counts it: the process, or a file that outlives processes."""
    counts_since: datetime | None
    """When that began with nothing; None where nobody knows."""


DROPS: Final = (
    Drop(
        "spool_full",
        "readings for which the spool had no room, by rank",
        ("landing", "spool", "dropped"),
        of_file=("landing", "spool"),
    ),
    Drop(
        "spool_unreadable",
        "records of the spool that could not be read back",
        ("landing", "unreadable_records"),
    ),
    Drop(
        "database_refused",
        "rows that the database refused, kept aside",
        ("landing", "report", "refused"),
    ),
    Drop(
        "mqtt_queue_full",
        "MQTT messages without delivery promise (QoS 0) that found the queue full",
        ("mqtt", "dropped"),
    ),
    Drop(
        "home_assistant_away",
        "values that Home Assistant was not told for want of a connection",
        ("told", "dropped"),
    ),
)

Told: TypeAlias = dict[str, Any]  # Any: JSON
"""What the file holds: sections by name, ``at``."""

_log = logging.getLogger("kilowatch.counters")


class Counters:
    """Sections are added by whoever counts; one task tells them all."""

    def __init__(self, file: Path | None, keep: Callable[[Told], None] | None = None) -> None:
        """Tell no section yet.

        Args:
            file: Written too, replaced as a whole each time; None where there is no folder for it.
            keep: Is given what is told each time.
        """
        self._file = file
        self._keep = keep
        self._sections: dict[str, Callable[[], object]] = {}
        self._dropped: dict[str, int] = {}

    def add(self, section: str, read: Callable[[], object]) -> None:
        """Ask ``read`` for a dataclass, a mapping or a sequence of them whenever counters are told."""
        self._sections[section] = read

    def read(self) -> dict[str, object]:
        """Return what each section counts now, as it counts it.

        Raises:
            StorageError: If a spool cannot be read.
        """
        return {section: read() for section, read in self._sections.items()}

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            try:
                await asyncio.to_thread(self.tell)
            except StorageError as error:
                _log.warning("the counters cannot be told: %s", error)

    def tell(self) -> Told:
        """Tell once, and raise the alarm for what was dropped since the last time.

        Raises:
            StorageError: If a spool cannot be read.
        """
        told: Told = {
            "at": datetime.now(UTC).isoformat(),
            **{section: _plain(counted) for section, counted in self.read().items()},
        }
        content = orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS)
        _log.info("counters %s", content.decode())
        for what, more in self._newly_dropped(told).items():
            _log.error("dropped: %d %s", more, what)
        self._write(content)
        if self._keep is not None:
            self._keep(orjson.loads(content))
        return told

    def _newly_dropped(self, told: Told) -> dict[str, int]:
        now = _dropped(told)
        more = {drop.says: now[drop.cause] - self._dropped.get(drop.cause, 0) for drop in DROPS}
        self._dropped = now
        return {says: count for says, count in more.items() if count > 0}

    def _write(self, content: bytes) -> None:
        if self._file is None:
            return
        partial = self._file.with_name(f"{self._file.name}.partial")
        try:
            partial.write_bytes(content)
            partial.replace(self._file)
        except OSError as error:
            _log.warning("the counters cannot be written to %s: %s", self._file, error.strerror)


def dropped_in(told: Mapping[str, Any], process: str, started_at: datetime) -> list[DropCount]:  # Any: JSON
    """Return how much a process has told to be dropped of each kind of :data:`DROPS`."""
    found = _dropped(told)
    return [
        DropCount(drop.says, found[drop.cause], *_counter(_at(told, drop.of_file), process, started_at))
        for drop in DROPS
    ]


def drops(sections: Mapping[str, object]) -> dict[str, int]:
    """Return how much was lost so far, by cause."""
    return _dropped({section: _plain(counted) for section, counted in sections.items()})


def _dropped(told: Mapping[str, Any]) -> dict[str, int]:  # Any: JSON
    return {drop.cause: _total(_at(told, drop.counted_at)) for drop in DROPS}


def _counter(file: object, process: str, started_at: datetime) -> tuple[str, datetime | None]:
    """Return what counts, and since when: a file that says its name, else the process."""
    if not isinstance(file, Mapping) or not file.get("file"):
        return process, started_at
    made_at = file.get("made_at")
    return f"{SPOOL}{file['file']}", None if made_at is None else datetime.fromisoformat(str(made_at))


def _plain(counted: object) -> object:
    if isinstance(counted, (list, tuple)):
        return [_plain(one) for one in counted]
    return asdict(counted) if is_dataclass(counted) and not isinstance(counted, type) else counted


def _at(told: Mapping[str, Any], path: tuple[str, ...]) -> object:  # Any: JSON
    found: object = told
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _total(counted: object) -> int:
    if isinstance(counted, Mapping):
        return sum(map(_total, counted.values()))
    return counted if isinstance(counted, int) else 0
