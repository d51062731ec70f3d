"""A warning on a terminal says all that it knows."""

import logging

import pytest

from cli.logs import OURS, leave_to_output, log_on_stderr, warn_on_stderr


def without_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a process does; pytest has handlers of its own, which come back after the test."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)
    monkeypatch.setattr(logging.getLogger(OURS), "level", logging.NOTSET)


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


@pytest.mark.parametrize(
    "library", ["httpx", "httpcore.http11", "apscheduler.scheduler", "websockets.client"]
)
def test_of_libraries_only_warnings_are_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    without_handlers(monkeypatch)
    log_on_stderr()
    logging.getLogger(library).info("HTTP Request: POST http://127.0.0.1:4200/api")
    logging.getLogger(library).warning("slow")
    assert capsys.readouterr().err.endswith(f"WARNING {library} slow\n")


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
