"""Log lines carry fields, fit one line of JSON, tell the journal how grave they are, and hold no secret."""

from __future__ import annotations

import io
import json
import logging
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.log_lines import (
    FOR_PEOPLE,
    ForJournal,
    JsonLines,
    LogFormat,
    WithFields,
    for_flow_runs,
    redacted,
    service_lines,
)


def record(message: str, *args: object, at: int = logging.INFO, **fields: object) -> logging.LogRecord:
    return logging.getLogger("kilowatch.x").makeRecord(
        "kilowatch.x", at, "file.py", 1, message, args, None, extra=fields
    )


def told(message: str, *args: object, **fields: object) -> dict[str, object]:
    line = JsonLines().format(record(message, *args, at=logging.INFO, **fields))
    assert "\n" not in line
    found: dict[str, object] = json.loads(line)
    return found


def test_json_names_time_level_logger_message_and_the_fields() -> None:
    found = told("read failed", bus="b1", meter="M-1", attempts=3, share=0.5, frame=b"\x68\x16")
    assert str(found.pop("time")).endswith("+00:00")
    assert found == {
        "level": "info",
        "logger": "kilowatch.x",
        "message": "read failed",
        "bus": "b1",
        "meter": "M-1",
        "attempts": 3,
        "share": 0.5,
        "frame": "68 16",
    }


def test_a_field_cannot_take_the_place_of_our_own() -> None:
    found = told("ours", level="theirs", time="theirs")
    assert (found["level"], found["level_"], found["time_"]) == ("info", "theirs", "theirs")


def test_an_exception_is_a_field_of_the_one_line() -> None:
    failed = record("failed")
    error = ValueError("postgresql://kw:s3cret@db/kw")
    failed.exc_info = (ValueError, error, error.__traceback__)
    line = JsonLines().format(failed)
    found = json.loads(line)
    assert found["exception"] == "ValueError: postgresql://kw:***@db/kw"
    assert "s3cret" not in line
    assert "s3cret" not in WithFields(FOR_PEOPLE).format(failed)


SECRETS = (
    "postgresql://kw:s3cret@db:5432/kw",
    "postgresql://kw:s3@cret@db/kw",
    "mqtts://gateway:s3cret@broker",
    "host=db password=s3cret dbname=kw",
    "host=db password='s3cret' dbname=kw",
    '{"password": "s3cret"}',
    "POST /login?token=s3cret&next=/",
    "Authorization: Bearer s3cretS3CRET",
    "Authorization: Basic s3cretS3CRET=",
    "api_key: s3cret",
)


@pytest.mark.parametrize("text", SECRETS)
def test_no_secret_is_told(text: str) -> None:
    for form in (JsonLines(), WithFields(FOR_PEOPLE)):
        for line in (
            form.format(record("could not: %s", text)),
            form.format(record("could not", reason=text)),
            form.format(record("could not", parts={"inner": [text]})),
        ):
            assert "s3cret" not in line
            assert "cret@" not in line


def test_a_field_that_is_named_like_a_secret_is_masked_inside_mappings() -> None:
    assert told("x", options={"mqtt_password": "plain"})["options"] == {"mqtt_password": "***"}


@pytest.mark.parametrize(
    "text", ["bus tcp://127.0.0.1:4001 is busy", "see http://h:8645/meters", "12:30@site", "no account"]
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


@given(st.text(), st.dictionaries(st.text(max_size=5), st.floats() | st.text() | st.binary() | st.none()))
def test_whatever_is_said_is_one_object_on_one_line(message: str, parts: dict[str, object]) -> None:
    line = JsonLines().format(record("%s", message, parts=parts))
    assert "\n" not in line
    assert isinstance(json.loads(line), dict)
    line.encode()


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.ERROR, 3), (logging.CRITICAL, 2)],
)
def test_the_journal_learns_how_grave_each_line_is(level: int, priority: int) -> None:
    lines = ForJournal(WithFields(FOR_PEOPLE)).format(record("one\ntwo", at=level)).splitlines()
    assert [line[:3] for line in lines] == [f"<{priority}>"] * 2


def test_only_the_journals_own_stream_gets_priorities(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (tmp_path_factory.mktemp("log") / "stderr").open("w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        found = os.fstat(stream.fileno())
        ours = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert isinstance(service_lines(LogFormat.TEXT, ours), ForJournal)
        assert isinstance(service_lines(LogFormat.JSON, ours), ForJournal)
        assert isinstance(service_lines(LogFormat.JSON, {"JOURNAL_STREAM": "1:2"}), JsonLines)
        assert isinstance(service_lines(LogFormat.TEXT, {}), WithFields)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(service_lines(LogFormat.TEXT, ours), WithFields)


def test_flow_runs_write_the_same_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.logging.configuration import (  # noqa: PLC0415 - seconds that other tests need not wait
        DEFAULT_LOGGING_SETTINGS_PATH,
        load_logging_config,
    )

    for name, value in for_flow_runs(LogFormat.JSON).items():
        monkeypatch.setenv(name, value)
    config = load_logging_config(DEFAULT_LOGGING_SETTINGS_PATH)
    assert config["formatters"]["json"]["class"] == "services.log_lines.JsonLines"
    assert config["handlers"]["console"]["formatter"] == "json"
    assert for_flow_runs(LogFormat.TEXT) == {}
