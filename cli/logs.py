"""How the command tells warnings: on stderr, each with its fields."""

from __future__ import annotations

import logging

from services.log_lines import FOR_PEOPLE, LogFormat, WithFields, service_lines

OURS = "kilowatch"
"""Every logger of this program is below it."""


def warn_on_stderr() -> None:
    """Tell warnings, until a command asks for more."""
    logging.basicConfig(handlers=[_handler(WithFields(FOR_PEOPLE))], level=logging.WARNING)


def log_on_stderr(form: LogFormat = LogFormat.TEXT) -> None:
    """Tell all that a long-running command does, with times.

    Of libraries only warnings are told: a line for each request of a client would bury ours. Prefect, which
    says what becomes of a flow run, sets its own level (``PREFECT_LOGGING_LEVEL``).
    """
    logging.basicConfig(handlers=[_handler(service_lines(form))], level=logging.WARNING, force=True)
    logging.getLogger(OURS).setLevel(logging.INFO)


def leave_to_output(*loggers: str) -> None:
    """Hold back warnings of loggers whose news are part of what the command prints."""
    for name in loggers:
        logging.getLogger(name).setLevel(logging.ERROR)


def _handler(lines: logging.Formatter) -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(lines)
    return handler
