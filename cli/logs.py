"""How the command tells warnings: on stderr, each with its fields."""

from __future__ import annotations

import logging

FOR_PEOPLE = "%(levelname)s: %(message)s"
FOR_SERVICES = "%(asctime)s %(levelname)s %(name)s %(message)s"

_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class WithFields(logging.Formatter):
    """Writes what a record carries in ``extra`` behind its message, as ``name=value``."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        """Return the line without a traceback."""
        fields = [f"{key}={value}" for key, value in vars(record).items() if key not in _OF_EVERY_RECORD]
        return " ".join([super().formatMessage(record), *fields])


def warn_on_stderr() -> None:
    """Tell warnings, until a command asks for more."""
    logging.basicConfig(handlers=[_handler(FOR_PEOPLE)], level=logging.WARNING)


def log_on_stderr() -> None:
    """Tell all that a long-running command does, with times."""
    logging.basicConfig(handlers=[_handler(FOR_SERVICES)], level=logging.INFO, force=True)


def leave_to_output(*loggers: str) -> None:
    """Hold back warnings of loggers whose news are part of what the command prints."""
    for name in loggers:
        logging.getLogger(name).setLevel(logging.ERROR)


def _handler(form: str) -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(WithFields(form))
    return handler
