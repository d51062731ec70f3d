"""The record is looked at again and again at the cost of one look, and a change of it always shows."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import AuditError
from services.audit import Audit
from services.audit_looks import known_entries

AT = datetime(2026, 11, 26, 8, tzinfo=UTC)


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    made = Audit(tmp_path / "audit.jsonl")
    made.append("requested", "order-1", AT, {"what": "relay"})
    return made


def test_an_unchanged_record_is_checked_once(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    first = known_entries(audit.path)
    assert [entry.order for entry in first] == ["order-1"]
    monkeypatch.setattr(Audit, "entries", lambda _audit: pytest.fail("it was checked again"))
    assert known_entries(audit.path) is first


def test_what_is_written_is_seen_at_the_next_look(audit: Audit) -> None:
    known_entries(audit.path)
    audit.append("approved", "order-1", AT, {})
    assert [entry.event for entry in known_entries(audit.path)] == ["requested", "approved"]


@pytest.mark.parametrize("number", [0, 1])
def test_a_changed_file_shows_also_with_its_size_and_time_put_back(audit: Audit, number: int) -> None:
    known_entries(audit.path)
    file = audit.files[number]
    before = file.stat()
    raw = file.read_bytes()
    file.write_bytes(raw[:-2] + bytes([raw[-2] ^ 1]) + raw[-1:])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    for _ in range(2):
        with pytest.raises(AuditError):
            known_entries(audit.path)


def test_no_record_is_an_empty_one_and_one_that_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    assert known_entries(tmp_path / "audit.jsonl") == ()
    with pytest.raises(AuditError, match="set KILOWATCH_AUDIT_FILE"):
        known_entries(tmp_path / ("x" * 300) / "audit.jsonl")
