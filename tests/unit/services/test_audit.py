"""The record of orders: what was written stays, what was changed or removed shows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import AuditError, NotAllowedError
from services.audit import FIRST, Audit

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    made = Audit(tmp_path / "deep" / "audit.jsonl")
    for number in range(1, 4):
        made.append("requested", f"order-{number}", AT, {"what": "relay", "who": "李"})
    return made


def test_what_was_written_is_read_in_order(audit: Audit) -> None:
    entries = audit.entries()
    assert [(e.number, e.order) for e in entries] == [(1, "order-1"), (2, "order-2"), (3, "order-3")]
    assert entries[0].details == {"what": "relay", "who": "李"}
    assert entries[0].at == AT
    assert len({FIRST, *(entry.hash for entry in entries)}) == 4


@pytest.mark.parametrize("gone", [0, 1])
def test_a_removed_line_shows(audit: Audit, gone: int) -> None:
    lines = audit.path.read_bytes().splitlines(keepends=True)
    audit.path.write_bytes(b"".join(lines[:gone] + lines[gone + 1 :]))
    with pytest.raises(AuditError, match=rf"audit\.jsonl:{gone + 1}: the record was changed here"):
        audit.entries()


def test_a_removed_end_shows_too(audit: Audit) -> None:
    lines = audit.path.read_bytes().splitlines(keepends=True)
    for kept in (lines[:2], lines[:1], []):
        audit.path.write_bytes(b"".join(kept))
        if not kept:
            continue
        with pytest.raises(AuditError, match="lines were removed at its end"):
            audit.entries()
    audit.path.unlink()
    with pytest.raises(AuditError, match="it ends at entry 0"):
        audit.entries()


def test_a_removed_second_file_shows(audit: Audit) -> None:
    audit.path.with_name("audit.jsonl.head").unlink()
    with pytest.raises(AuditError, match="or the second file was"):
        audit.entries()


@settings(max_examples=60)
@given(st.data())
def test_any_changed_byte_shows(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    audit = Audit(tmp_path_factory.mktemp("audit") / "audit.jsonl")
    for number in range(3):
        audit.append("sending", f"order-{number}", AT, {"frame": "68 ** 16"})
    raw = bytearray(audit.path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    audit.path.write_bytes(bytes(raw))
    with pytest.raises(AuditError):
        audit.entries()


def test_a_torn_last_line_stops_the_next_entry(audit: Audit) -> None:
    audit.path.write_bytes(audit.path.read_bytes()[:-10])
    with pytest.raises(AuditError, match=r"audit\.jsonl:3"):
        audit.append("requested", "order-4", AT, {})
    with pytest.raises(AuditError):
        audit.require_writable()


def test_a_crash_between_the_entry_and_its_second_file_is_no_damage(audit: Audit) -> None:
    head = audit.path.with_name("audit.jsonl.head")
    before = head.read_bytes()
    audit.append("outcome", "order-3", AT, {})
    head.write_bytes(before)
    assert len(audit.entries()) == 4
    audit.append("outcome", "order-2", AT, {})
    assert len(audit.entries()) == 5


def test_what_happens_once_is_written_once(audit: Audit) -> None:
    audit.append("approved", "order-1", AT, {}, unless=("approved", "cancelled"))
    with pytest.raises(NotAllowedError, match="order-1 was approved before"):
        audit.append("approved", "order-1", AT, {}, unless=("approved", "cancelled"))
    audit.append("approved", "order-2", AT, {}, unless=("approved", "cancelled"))


def test_many_writers_keep_one_chain(audit: Audit) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: Audit(audit.path).append("requested", f"t{n}", AT, {}), range(40)))
    assert len(audit.entries()) == 43


def test_an_empty_pair_made_beforehand_is_a_beginning(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit.jsonl")
    audit.path.touch()
    audit.path.with_name("audit.jsonl.head").touch()
    assert audit.entries() == []
    audit.append("requested", "order-1", AT, {})
    assert len(audit.entries()) == 1


def test_looking_makes_no_file(tmp_path: Path) -> None:
    assert Audit(tmp_path / "audit.jsonl").entries() == ()
    assert list(tmp_path.iterdir()) == []


def test_no_entry_is_written_without_its_second_file(audit: Audit) -> None:
    head = audit.path.with_name("audit.jsonl.head")
    head.unlink()
    head.mkdir()
    before = audit.path.read_bytes()
    with pytest.raises(AuditError, match="cannot be opened"):
        audit.append("requested", "order-4", AT, {})
    assert audit.path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_told_with_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AuditError, match="set KILOWATCH_AUDIT_FILE"):
        Audit(tmp_path / "file" / "audit.jsonl").require_writable()


def test_a_place_that_cannot_be_looked_at_is_told_and_not_taken_for_an_empty_record(tmp_path: Path) -> None:
    # As a folder that may not be entered, which holds nobody up who is root: stat itself fails.
    with pytest.raises(AuditError, match="set KILOWATCH_AUDIT_FILE"):
        Audit(tmp_path / ("x" * 300) / "audit.jsonl").entries()
