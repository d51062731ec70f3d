"""Takes MQTT messages in: parse, check, store, and only then acknowledge and ask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from paho.mqtt.client import topic_matches_sub

from collectors.deliveries import Message
from pipeline.errors import ConfigError
from pipeline.frames import PAYLOAD_KEPT_BYTES, RawFrame, RawMessage
from pipeline.model import Quality, Snapshot
from pipeline.ports import Unmatched
from pipeline.registry import MqttSource, Registry
from pipeline.topics import plain_filter, shared_filter
from protocols.mqtt.dialects import Latest, Parsed, Publication, Receive, dialects
from services.entry import Entry, checked
from services.landing import Landing
from services.push_coverage import PushCoverage


class Ingest:
    """Handles batches of messages in the subscriber's thread; a batch is one commit."""

    def __init__(  # noqa: PLR0913 - all that its messages go through
        self,
        landing: Landing,
        registry: Registry,
        coverage: PushCoverage,
        now: Callable[[], datetime],
        *,
        latest: Latest | None = None,
        keeps_payloads: bool = False,
    ) -> None:
        """Prepare.

        Args:
            landing: Where readings are kept; it stays open.
            registry: The archive; its MQTT sources are listened to.
            coverage: What is expected of them.
            now: The clock.
            latest: When each meter's newest stored register reading was taken: where asking begins.
            keeps_payloads: Keep the messages themselves beside their readings.

        Raises:
            PluginError: If a source names a dialect that does not exist.
            ConfigError: If a source's template or quantities are wrong.
        """
        self._receivers = [
            receiver for source in registry.mqtt_sources for receiver in _receivers(source, latest or {})
        ]
        self._unstored: tuple[Sequence[Message], list[Parsed]] | None = None
        self._landing = landing
        self._registry = registry
        self._coverage = coverage
        self._now = now
        self._keeps_payloads = keeps_payloads
        self._lock = threading.Lock()

    def handle(self, batch: Sequence[Message]) -> Sequence[Publication]:
        """Store a batch; when this returns, its messages may be acknowledged. Returns what to ask.

        Raises:
            StorageError: If neither database nor spool takes it; nothing of the batch is kept then.
        """
        parsed = self._parsed(batch)
        snapshots = self._coverage.in_slots(snapshot for one in parsed for snapshot in one.snapshots)
        unmatched = [message for one in parsed for message in one.unmatched]
        with self._lock:
            lines = self._coverage.answered(snapshots)
            raw = raw_messages(batch, parsed) if self._keeps_payloads else ()
            self._keep(Entry(snapshots=snapshots, coverage=lines, unmatched=unmatched, raw=raw))
            # Only now: a batch that could not be kept comes again, and must bring its lines again.
            self._coverage.note(lines)
        self._unstored = None
        return [question for one in parsed for question in one.questions]

    def settle(self) -> None:
        """Write down the expected slots that are over and brought nothing.

        Raises:
            StorageError: If neither database nor spool takes them; these slots are tried again.
        """
        with self._lock:
            now = self._now()
            lines = self._coverage.overdue(now)
            if lines:
                self._keep(Entry(coverage=lines))
            self._coverage.settle(now)

    def _keep(self, entry: Entry) -> None:
        self._landing.keep(checked(entry, self._registry, self._now()))

    def _parsed(self, batch: Sequence[Message]) -> list[Parsed]:
        """Parse a batch once, however often it is handed over: dialects count and remember messages."""
        if self._unstored is None or self._unstored[0] is not batch:
            self._unstored = batch, [self._parse(message) for message in batch]
        return self._unstored[1]

    def _parse(self, message: Message) -> Parsed:
        for topic, receive in self._receivers:
            if topic_matches_sub(topic, message.topic):
                parsed = receive(message.topic, message.payload, message.received_at)
                return _without_guessed_times(message, parsed) if message.retained else parsed
        return Parsed(unmatched=(_unmatched(message, "topic of no source"),))


def raw_messages(batch: Sequence[Message], parsed: Sequence[Parsed]) -> list[RawMessage]:
    """Return the payloads that gave readings, bounded; what gave none is kept as unmatched."""
    return [
        RawMessage(
            received_at=message.received_at,
            tells=_span(one.snapshots),
            source=message.topic,
            meters=tuple(dict.fromkeys(snapshot.meter for snapshot in one.snapshots)),
            frames=(RawFrame("", None, message.received_at, b"", message.payload[:PAYLOAD_KEPT_BYTES]),),
        )
        for message, one in zip(batch, parsed, strict=True)
        if one.snapshots
    ]


def _span(snapshots: Sequence[Snapshot]) -> tuple[datetime, datetime]:
    times = [snapshot.taken_at for snapshot in snapshots]
    return min(times), max(times)


def topics_of(sources: Sequence[MqttSource], share: str | None = None) -> tuple[str, ...]:
    """Return the topic filters to subscribe to, each once.

    Several processes with the same ``share`` divide the messages, but for those of dialects that remember.

    Raises:
        PluginError: If a source names a dialect that does not exist.
    """
    return tuple(sorted({topic for source in sources for topic in _subscribed(source, share)}))


def _subscribed(source: MqttSource, share: str | None) -> Sequence[str]:
    topics = _topics(source)
    if share is None or dialects.get(source.dialect).remembers:
        return topics
    return [shared_filter(topic, share) for topic in topics]


def _topics(source: MqttSource) -> tuple[str, ...]:
    return source.topic, *dialects.get(source.dialect).answers(source)


def _receivers(source: MqttSource, latest: Latest) -> list[tuple[str, Receive]]:
    """Return what receives each topic of a source."""
    try:
        receive = dialects.get(source.dialect).open(source, latest)
    except ValueError as error:
        raise ConfigError(f"[[mqtt_source]] {source.id}: {error}") from error
    return [(plain_filter(topic), receive) for topic in _topics(source)]


def _without_guessed_times(message: Message, parsed: Parsed) -> Parsed:
    """Set aside what the broker kept and what bears no time of its own: its time of receipt means nothing."""
    timed = tuple(s for s in parsed.snapshots if Quality.ARRIVAL_TIME not in s.quality)
    if len(timed) == len(parsed.snapshots):
        return parsed
    reason = _unmatched(message, "kept by the broker, and without a time of its own")
    return replace(parsed, snapshots=timed, unmatched=(*parsed.unmatched, reason))


def _unmatched(message: Message, reason: str) -> Unmatched:
    return Unmatched(
        received_at=message.received_at,
        source=message.topic,
        reason=reason,
        key="",
        payload=message.payload,
    )
