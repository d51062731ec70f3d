"""Tells what raw bytes are: a frame by its fields, a payload as its text, else bytes and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.errors import FrameError
from pipeline.model import Json
from services.explain import explain_without_passwords, frames_in

_TEXT_BEGINS = b"{[<\"'/-+.0123456789"
"""What a payload in text begins with: JSON, XML, a number, a telegram."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldBytes:
    """Bytes with what they mean; of ``text``, ``fields`` and ``error`` one is filled, none for no bytes."""

    hex: str
    text: str = ""
    fields: Mapping[str, Json] = field(default_factory=dict)
    """Of the last frame among the bytes: what comes before it is noise or an echo."""
    error: str = ""


def told_bytes(raw: bytes) -> ToldBytes:
    """Return what bytes are; never fails."""
    told = raw.hex(" ").upper()
    if not raw or not any(raw):
        return ToldBytes(hex=told)
    text = _text(raw)
    if text:
        return ToldBytes(hex=told, text=text)
    try:
        fields = explain_without_passwords(frames_in(raw)[-1])
    except FrameError as error:
        return ToldBytes(hex=told, error=str(error))
    return ToldBytes(hex=told, fields={name: _json(value) for name, value in fields.items()})


def _text(raw: bytes) -> str:
    """Return a payload as text; empty where it is none."""
    if raw.lstrip()[:1] not in {bytes([byte]) for byte in _TEXT_BEGINS}:
        return ""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        # A bound may have cut the last character.
        text = raw[: error.start].decode() if error.start >= len(raw) - 3 else ""
    return text if text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else ""


def _json(value: object) -> Json:
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): _json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(inner) for inner in value]
    return str(value)
