"""Which meter and which quantity the names in a source's messages stand for."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.model import MeterId
from pipeline.ports import UNKNOWN_DEVICE
from pipeline.registry import MqttSource
from pipeline.scaling import Scaled, parse_scaled
from pipeline.topics import TopicTemplate, plain_filter, template_of
from protocols.mqtt.numbers import UnreadableError

MAX_METER_ID = 64
NO_DEVICE = "topic names no device: give its source a template, or exactly one meter"


class UnknownDeviceError(UnreadableError):
    """No meter of the source goes by this name."""

    def __init__(self, reason: str, device: str) -> None:
        """Keep why, and the name."""
        super().__init__(reason)
        self.key = device


def meter_id(text: object) -> MeterId | None:
    """Return a text as a meter's id; None if it can be none."""
    if not isinstance(text, str) or not 0 < len(text) <= MAX_METER_ID or not text.isprintable():
        return None
    return MeterId(text)


class Names:
    """The names that one source uses."""

    def __init__(
        self, source: MqttSource, known: Mapping[str, Scaled], *, rest_is_device: bool = False
    ) -> None:
        """Take ``known`` fields of the dialect; those that the source gives itself come first.

        With ``rest_is_device`` what stands in a topic for the filter's ``#`` is the device's name.

        Raises:
            ValueError: If the source's template or one of its quantities is wrong.
        """
        self._template = TopicTemplate(source.template) if source.template else template_of(source.topic)
        self._rest_after = _before_rest(source) if rest_is_device else None
        self._devices = source.devices
        self._only = source.expected[0] if len(source.expected) == 1 else None
        self.fields: Mapping[str, Scaled] = {**known, **given_fields(source)}
        """What a field measures."""

    @property
    def reads_topics(self) -> bool:
        """Whether topics name devices; else the source has one meter."""
        return self._template is not None or self._rest_after is not None

    def device_in(self, topic: str) -> str | None:
        """Return the device that a topic names; None if it names none."""
        if self._template is not None:
            return self._template.device_of(topic)
        if self._rest_after is not None and topic.startswith(self._rest_after):
            return topic[len(self._rest_after) :] or None
        return None

    def meter_of_topic(self, topic: str) -> MeterId:
        """Return the meter that a topic names, or the source's only one.

        Raises:
            UnknownDeviceError: If it names none that is known.
        """
        device = self.device_in(topic)
        if device is not None:
            return self.meter_of(device)
        if self._only is None:
            raise UnknownDeviceError(NO_DEVICE, "")
        return MeterId(self._only)

    def meter_by_topic(self, topic: str, _message: object) -> MeterId:
        """Return the meter that a topic names, whatever its message says.

        Raises:
            UnknownDeviceError: As :meth:`meter_of_topic`.
        """
        return self.meter_of_topic(topic)

    def meter_of(self, *names: str) -> MeterId:
        """Return the meter of a device that goes by any of ``names``, the first that is known.

        Raises:
            UnknownDeviceError: If none is; without a table of devices the last name is the meter's id.
        """
        if self._devices:
            for name in names:
                if name in self._devices:
                    return MeterId(self._devices[name])
            raise UnknownDeviceError(UNKNOWN_DEVICE, names[-1])
        meter = meter_id(names[-1])
        if meter is None:
            raise UnknownDeviceError(UNKNOWN_DEVICE, names[-1])
        return meter

    def is_device(self, name: str) -> bool:
        """Tell whether the source's table of devices has this name."""
        return name in self._devices


def given_fields(source: MqttSource) -> dict[str, Scaled]:
    """Return what the source itself says that fields measure.

    Raises:
        ValueError: If one is no quantity, or its factor no number.
    """
    return {field: parse_scaled(text) for field, text in source.quantities.items()}


def _before_rest(source: MqttSource) -> str | None:
    """Return what stands before the ``#`` of a filter without other wildcards: the rest is the device."""
    topic = plain_filter(source.topic)
    return topic[:-1] if topic.endswith("/#") and "+" not in topic else None
