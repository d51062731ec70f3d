"""Takes MQTT messages in: parse, check, store, and only then acknowledge."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from paho.mqtt.client import topic_matches_sub

from collectors.deliveries import Message
from pipeline.model import Snapshot
from pipeline.ports import Unmatched, WriteReport
from pipeline.registry import MqttSource, Registry
from protocols.mqtt.dialects import Parsed, dialects
from services.push_coverage import PushCoverage
from services.store import Entry, commit
from storage.database import Connection, connect, storage_errors
from storage.unmatched import keep_unmatched


class Ingest:
    """Handles batches of messages in the subscriber's thread; a batch is one commit."""

    def __init__(
        self, database_url: str, registry: Registry, coverage: PushCoverage, now: Callable[[], datetime]
    ) -> None:
        """Prepare; the connection is opened with the first batch.

        Raises:
            PluginError: If a source names a dialect that does not exist.
        """
        self._parsers = [
            (source.topic, dialects.get(source.dialect).parse) for source in registry.mqtt_sources
        ]
        self._url = database_url
        self._registry = registry
        self._coverage = coverage
        self._now = now
        self._connection: Connection | None = None
        self._lock = threading.Lock()
        self.report = WriteReport()

    def handle(self, batch: Sequence[Message]) -> None:
        """Store a batch; when this returns, its messages may be acknowledged.

        Raises:
            StorageError: If the database refuses or is away; nothing of the batch is stored then.
        """
        parsed = [self._parse(message) for message in batch]
        snapshots = [self._in_slot(snapshot) for one in parsed for snapshot in one.snapshots]
        unmatched = [message for one in parsed for message in one.unmatched]
        with self._lock:
            lines = self._coverage.answered(snapshots)
            self.report += self._store(Entry(snapshots=snapshots, coverage=lines), unmatched)
            # Only now: a batch that could not be stored comes again, and must bring its lines again.
            self._coverage.note(lines)

    def settle(self) -> None:
        """Write down the expected slots that are over and brought nothing.

        Raises:
            StorageError: If the database refuses or is away; these slots are tried again with the next call.
        """
        with self._lock:
            now = self._now()
            lines = self._coverage.overdue(now)
            if lines:
                self._store(Entry(coverage=lines), [])
            self._coverage.settle(now)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def _store(self, entry: Entry, unmatched: Sequence[Unmatched]) -> WriteReport:
        """Store readings, ledger and what fits nothing in one transaction: a batch counts once or never."""
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url)
        doing = f"storing a batch of {len(entry.snapshots)} readings"
        with storage_errors(doing), self._connection.transaction():
            report = commit(self._connection, self._registry, [entry], now=self._now)
            keep_unmatched(self._connection, unmatched)
        return report

    def _parse(self, message: Message) -> Parsed:
        for topic, parse in self._parsers:
            if topic_matches_sub(topic, message.topic):
                return parse(message.topic, message.payload, message.received_at)
        reason = Unmatched(
            received_at=message.received_at,
            source=message.topic,
            reason="topic of no source",
            key="",
            payload=message.payload,
        )
        return Parsed(unmatched=(reason,))

    def _in_slot(self, snapshot: Snapshot) -> Snapshot:
        slot_at = self._coverage.slot_of(snapshot)
        return snapshot if slot_at is None else replace(snapshot, slot_at=slot_at)


def topics_of(sources: Sequence[MqttSource]) -> tuple[str, ...]:
    """Return the topic filters to subscribe to, each once."""
    return tuple(sorted({source.topic for source in sources}))
