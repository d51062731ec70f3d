"""Every exception this project raises, in one tree.

* :class:`KilowatchError`
    * :class:`ConfigError` - fix a file or a setting, then start again
        * :class:`RegistryError` - entries of a registry file are wrong; carries every problem found
    * :class:`PluginError` - two plug-ins share a name, or one does not load
    * :class:`DataError` - readings or intervals handed in are wrong; carries where
    * :class:`WireError` - bytes on the line are wrong
        * :class:`FrameError` - checksum, length or delimiter
        * :class:`DecodeError` - a sound frame whose content does not fit its identifier
        * :class:`MeterRefusedError` - the meter answered with an error code
    * :class:`TransportError` - the line is down or the peer is away; worth a retry
        * :class:`NoAnswerError` - the line works, the meter is silent
        * :class:`BusBusyError` - another process owns the line
    * :class:`StorageError` - the database refused or is away
        * :class:`ContentRefusedError` - a value or row is at fault, not the server: repeating cannot help
        * :class:`SchemaMissingError` - the database has no such table: it was never migrated
    * :class:`NotAllowedError` - an order to a meter is switched off, lacks a second person, or is ill-timed
    * :class:`AuditError` - the record of orders is damaged or cannot be written; nothing is sent
    * :class:`DeliveryError` - a channel of alarms did not take a message; worth a retry
    * :class:`FlowServerError` - Prefect's server is away, refuses us, or was never told our flows
    * :class:`MissingPartError` - a system package or program is not installed; says how to get it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEX_SHOWN = 64
"""How many bytes of a frame an error shows before it is cut short."""


def bounded_hex(raw: bytes) -> str:
    """Return ``raw`` as spaced hex for people, at most ``HEX_SHOWN`` bytes of it."""
    shown = raw[:HEX_SHOWN].hex(" ").upper()
    return shown if len(raw) <= HEX_SHOWN else f"{shown} ... ({len(raw)} bytes)"


class KilowatchError(Exception):
    """Base class of every exception this project raises."""


class ConfigError(KilowatchError):
    """A setting, profile or fleet file is wrong; retrying cannot help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a file: where it stands and what is wrong."""

    file: str
    table: str
    entry: int
    """1 for the first entry of its table."""
    line: int
    """The line of the entry's header (TOML) or of the row (CSV)."""
    key: str
    message: str

    def __str__(self) -> str:
        """Name file, line, table, entry and key, then the mistake."""
        return (
            f"{self.file}:{self.line}: [[{self.table}]] entry {self.entry}, key {self.key!r}: {self.message}"
        )


class RegistryError(ConfigError):
    """Entries of a registry file are wrong; nothing of it was imported."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep every problem, so that one run shows them all."""
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class PluginError(KilowatchError):
    """A plug-in cannot be registered."""


class DataError(KilowatchError):
    """Readings or intervals handed in cannot be understood."""


class WireError(KilowatchError):
    """Bytes on the line break the protocol."""


class FrameError(WireError):
    """A frame fails its checksum, length or delimiters."""

    def __init__(self, reason: str, frame: bytes) -> None:
        """Keep the bytes, so that a log line can show them in hex."""
        super().__init__(f"{reason}: {bounded_hex(frame)}")
        self.reason = reason
        self.frame = frame


class DecodeError(WireError):
    """A sound frame carries content that does not fit what it says it is."""

    def __init__(self, reason: str, payload: bytes) -> None:
        """Keep the payload, so that a log line can show it in hex."""
        super().__init__(f"{reason}: {bounded_hex(payload)}")
        self.reason = reason
        self.payload = payload


class MeterRefusedError(WireError):
    """The meter answered with an error code."""

    def __init__(self, what: str, code: int, meanings: Sequence[str], *, lasting: bool = True) -> None:
        """Keep what was asked, the code and the words for its bits.

        ``lasting`` is false where the code says busy, or that a gateway did not reach the meter: such a
        question is asked again, while others are left out of the meter's plan.
        """
        super().__init__(f"meter refused {what}: code {code:02X}H ({', '.join(meanings) or 'no bit set'})")
        self.what = what
        self.code = code
        self.meanings = tuple(meanings)
        self.lasting = lasting


class TransportError(KilowatchError):
    """The line is down or the peer is away."""


class NoAnswerError(TransportError):
    """The line works but the meter stays silent."""


class BusBusyError(TransportError):
    """Another process owns the line."""


class StorageError(KilowatchError):
    """The database refused or is away."""


class ContentRefusedError(StorageError):
    """The database refused a value or a row; the same again would be refused again."""


class SchemaMissingError(StorageError):
    """The database answers and has no such table; waiting cannot help."""


class NotAllowedError(KilowatchError):
    """An order to a meter may not be given: now, by this person, or at all on this installation."""


class AuditError(KilowatchError):
    """The record of orders is damaged, or cannot be written."""


class DeliveryError(KilowatchError):
    """A channel of alarms is away or did not take a message. Holds no secret."""


class MissingPartError(KilowatchError):
    """A system package or program is not installed."""


class FlowServerError(KilowatchError):
    """Prefect's server is away, refuses us, or does not know what it should have been told."""
