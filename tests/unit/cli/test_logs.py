"""A warning on a terminal says all that it knows."""

import logging

import pytest

from cli.logs import leave_to_output, log_on_stderr, warn_on_stderr


def without_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a process does; pytest has handlers of its own, which come back after the test."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)


def test_a_warning_carries_its_fields(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_handlers(monkeypatch)
    warn_on_stderr()
    logging.getLogger("kilowatch.x").warning("mqtt.refused", extra={"host": "broker", "reason": "no account"})
    logging.getLogger("kilowatch.x").info("not told")
    assert capsys.readouterr().err == "WARNING: mqtt.refused host=broker reason=no account\n"


def test_a_service_tells_more_and_with_times(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_handlers(monkeypatch)
    warn_on_stderr()
    log_on_stderr()
    logging.getLogger("kilowatch.x").info("connected", extra={"connection": 1})
    told = capsys.readouterr().err
    assert told.endswith("INFO kilowatch.x connected connection=1\n")
    assert told.count("\n") == 1


def test_a_traceback_stands_below_the_fields(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_handlers(monkeypatch)
    warn_on_stderr()
    logging.getLogger("kilowatch.x").error("failed", extra={"meter": "M-1"}, exc_info=ValueError("why"))
    first, *below = capsys.readouterr().err.splitlines()
    assert first == "ERROR: failed meter=M-1"
    assert below[-1] == "ValueError: why"


def test_what_the_output_says_is_not_said_twice(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_handlers(monkeypatch)
    warn_on_stderr()
    leave_to_output("kilowatch.test_only")
    logging.getLogger("kilowatch.test_only").warning("deviates")
    assert capsys.readouterr().err == ""
