"""JSON as devices write it: sound, or nearly so."""

from __future__ import annotations

import json

import orjson

from protocols.mqtt.findings import KEPT_BYTES, MAX_PAYLOAD_BYTES, TOO_LARGE
from protocols.mqtt.numbers import JsonValue, UnreadableError


def load_object(payload: bytes) -> dict[str, JsonValue]:
    """Return the object that a message holds.

    Raises:
        UnreadableError: If it is too large, no JSON, or no object; the message says which.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise UnreadableError(TOO_LARGE)
    loaded = _load(payload)
    if not isinstance(loaded, dict):
        raise UnreadableError("not a JSON object")
    return loaded


def excerpt_of(value: JsonValue, payload: bytes) -> bytes:
    """Return a value's own bytes; the message's where they cannot be written again."""
    try:
        return orjson.dumps(value)[:KEPT_BYTES]
    except orjson.JSONEncodeError:  # lone surrogates, numbers beyond 64 bits, deep nesting
        return payload[:KEPT_BYTES]


def _load(payload: bytes) -> JsonValue:
    loaded: JsonValue
    try:
        loaded = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return _load_lenient(payload)
    return loaded


def _load_lenient(payload: bytes) -> JsonValue:
    """Read what is nearly JSON: NaN, 1e999 or a broken character in one value must not cost the others."""
    loaded: JsonValue
    try:
        loaded = json.loads(payload.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise UnreadableError("not JSON") from None
    return loaded
