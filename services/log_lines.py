"""How a service writes its log: lines for people or JSON for machines, with fields, never with a secret."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

FOR_PEOPLE = "%(levelname)s: %(message)s"
FOR_SERVICES = "%(asctime)s %(levelname)s %(name)s %(message)s"
FOR_JOURNAL = "%(levelname)s %(name)s %(message)s"
"""The journal (systemd) has times of its own."""
LONGEST_BYTES: Final = 64
"""Of bytes so many are shown, as hex."""
MASK: Final = "***"

_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_OWN = frozenset({"time", "level", "logger", "message", "exception"})
_SECRETS = (
    # The password within an address: scheme://user:password@host.
    re.compile(r"(?P<before>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/]*(?P<after>@)", re.IGNORECASE),
    # What a header, a connection string or a form carries.
    re.compile(
        r"(?P<before>\b(?:password|passwd|pwd|secret|token|api[_-]?key)['\"]?\s*[=:]\s*['\"]?)[^\s'\",;&]+(?P<after>)",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<before>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}(?P<after>)", re.IGNORECASE),
)
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
"""Level from which on each priority of syslog holds (RFC 5424, 6.2.1); below all of them it is 7, debug."""


class LogFormat(StrEnum):
    """What a service's log looks like."""

    TEXT = "text"
    JSON = "json"
    """One object a line: ``time``, ``level``, ``logger``, ``message``, and the fields of the event."""


class WithFields(logging.Formatter):
    """Writes what a record carries in ``extra`` behind its message, as ``name=value``."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        """Return the line without a traceback."""
        fields = [f"{key}={value}" for key, value in fields_of(record).items()]
        return " ".join([super().formatMessage(record), *fields])

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback below it."""
        return redacted(super().format(record))


class JsonLines(logging.Formatter):
    """Writes a record as one JSON object."""

    def __init__(self, *_form: object) -> None:
        """Take no form: whoever configures formatters by name hands one over."""
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        """Return the object, without line ends."""
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {f"{key}_" if key in _OWN else key: value for key, value in fields_of(record).items()}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(_plain(told), ensure_ascii=False)


class ForJournal(logging.Formatter):
    """Puts before each line of another formatter what tells the journal how grave it is."""

    def __init__(self, lines: logging.Formatter) -> None:
        """Take the other one."""
        super().__init__()
        self._lines = lines

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of the record, each with its priority (sd-daemon(3))."""
        priority = next((number for level, number in _PRIORITIES if record.levelno >= level), 7)
        return "\n".join(f"<{priority}>{line}" for line in self._lines.format(record).splitlines())


def service_lines(form: LogFormat, environment: Mapping[str, str] = os.environ) -> logging.Formatter:
    """Return the formatter of a long-running command whose log goes to stderr."""
    journal = goes_to_journal(environment)
    if form is LogFormat.JSON:
        lines: logging.Formatter = JsonLines()
    else:
        lines = WithFields(FOR_JOURNAL if journal else FOR_SERVICES)
    return ForJournal(lines) if journal else lines


def goes_to_journal(environment: Mapping[str, str]) -> bool:
    """Tell whether stderr is the journal's own stream, as systemd says in ``JOURNAL_STREAM``."""
    device, _, inode = environment.get("JOURNAL_STREAM", "").partition(":")
    try:
        stream = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(stream.st_dev), str(stream.st_ino))


def for_flow_runs(form: LogFormat) -> dict[str, str]:
    """Return what makes Prefect's processes, which have logs of their own, write the same lines."""
    if form is LogFormat.TEXT:
        return {}
    return {
        "PREFECT_LOGGING_FORMATTERS_JSON_CLASS": f"{__name__}.{JsonLines.__name__}",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
        "PREFECT_LOGGING_COLORS": "false",
    }


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return what a record carries beside its message."""
    return {key: value for key, value in vars(record).items() if key not in _OF_EVERY_RECORD}


def redacted(text: str) -> str:
    """Return ``text`` without passwords, tokens and the like: errors of others may quote them."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\g<before>{MASK}\g<after>", text)
    return text


def _plain(value: object) -> object:
    """Return a value as JSON can hold it, without secrets."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else str(value)
    if isinstance(value, bytes | bytearray):
        return value[:LONGEST_BYTES].hex(" ")
    if isinstance(value, Mapping):
        return {str(key): _masked(str(key), part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part) for part in value]
    return redacted(str(value).encode("utf-8", "backslashreplace").decode())


def _masked(key: str, value: object) -> object:
    return MASK if re.search(r"password|passwd|secret|token", key, re.IGNORECASE) else _plain(value)
