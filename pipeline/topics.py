"""MQTT topics: which filter they match, and which device they name."""

from __future__ import annotations

import re

SHARED = "$share/"
DEVICE = ("{device}", "{meter}")
"""What stands in a template for the device's name; ``{meter}`` where that is the meter's id."""

_PLACE = re.compile(r"\{[^{}]*\}|\+|#")


def plain_filter(topic: str) -> str:
    """Return a filter without the group of a shared subscription (MQTT 5.0, section 4.8.2)."""
    return topic.split("/", 2)[2] if topic.startswith(SHARED) and topic.count("/") > 1 else topic


def shared_filter(topic: str, group: str) -> str:
    """Return a filter whose messages the subscribers of ``group`` share; one that has a group keeps it."""
    return topic if is_shared(topic) else f"{SHARED}{group}/{topic}"


def is_shared(topic: str) -> bool:
    """Tell whether several subscribers share the messages of a filter."""
    return topic.startswith(SHARED)


class TopicTemplate:
    """A pattern like ``tele/{device}/SENSOR``; ``+`` stands for any one level, ``#`` for the rest."""

    def __init__(self, text: str) -> None:
        """Read a template.

        Raises:
            ValueError: If it names no device, or several; the text says what to write.
        """
        found = [place for place in _PLACE.findall(text) if place.startswith("{")]
        if len(found) != 1 or found[0] not in DEVICE:
            raise ValueError(f"{text!r} must hold {{device}} once, like 'tele/{{device}}/SENSOR'")
        if "#" in text[:-1]:
            raise ValueError(f"{text!r}: '#' may stand at the end only")
        self.text = text
        self._pattern = re.compile(_regex(text), re.DOTALL)

    def device_of(self, topic: str) -> str | None:
        """Return the device that ``topic`` names; None if it does not fit."""
        match = self._pattern.fullmatch(topic)
        return None if match is None else match[1]


def template_of(topic: str) -> TopicTemplate | None:
    """Return the template of a filter whose first ``+`` is the device; None if it has no ``+``."""
    head, plus, rest = plain_filter(topic).partition("+")
    return TopicTemplate(f"{head}{{device}}{rest}") if plus else None


def _regex(text: str) -> str:
    parts = []
    at = 0
    for place in _PLACE.finditer(text):
        parts.append(re.escape(text[at : place.start()]))
        parts.append({"+": "[^/]*", "#": ".*"}.get(place[0], "([^/]+)"))
        at = place.end()
    return "".join(parts) + re.escape(text[at:])
