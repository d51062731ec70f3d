"""The audit is told in words: fields, codes, instants and long lists."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dashboard.audit_words import FIELDS, change_told
from dashboard.formats import Formats
from dashboard.work_words import DEEDS
from pipeline.accounts import Account, Role
from services.accounts import told
from services.episode_work import PAST

ZONE = ZoneInfo("Asia/Shanghai")
EN, ZH = Formats("en", ZONE), Formats("zh", ZONE)


def test_an_account_is_told_in_words() -> None:
    account = {"role": "administrator", "areas": None, "disabled_at": None, "full_name": ""}
    assert change_told(account, EN) == [
        ("Role", "Administrator"),
        ("Areas", "all"),
        ("Shut since", "–"),
        ("Name", "–"),
    ]
    assert change_told(account, ZH)[:2] == [("角色", "管理员"), ("台区", "全部")]
    # 00:30 UTC is 08:30 in Shanghai.
    ((name, told),) = change_told({"expires_at": "2026-11-20T00:30:00+00:00"}, EN)
    assert name == "Expires"
    assert "08:30" in told


def test_work_on_many_episodes_is_told_by_the_first_ones_and_their_number() -> None:
    told = change_told({"deed": "close", "episodes": [f"e{n}" for n in range(60)], "text": "fuse"}, EN)
    first = ", ".join(f"e{n}" for n in range(20))
    assert told == [("What was done", "Closed"), ("Episodes", f"{first} … (60)"), ("Cause or note", "fuse")]
    assert change_told({"episodes": ["e1", "e2"]}, EN) == [("Episodes", "e1, e2")]


def test_what_has_no_words_is_told_as_it_is() -> None:
    assert change_told({"sessions_closed": 2, "colour": "red"}, EN)[1] == ("colour", "red")
    assert change_told({"role": "king"}, EN) == [("Role", "king")]
    assert change_told(None, EN) == []


def test_every_deed_has_its_word() -> None:
    assert set(PAST.values()) == set(DEEDS)


ROOT = Path(__file__).parents[3]
WRITERS = {"add_event", "tell_audit"}
"""Whoever writes a line of the audit says what was before and after."""


def written_fields() -> Iterator[str]:
    """Yield the keys that the sources give as what was before and after."""
    for folder in ("dashboard", "services"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WRITERS:
                    sides = [keyword.value for keyword in node.keywords if keyword.arg in {"before", "after"}]
                    yield from (key for side in sides for key in keys_of(side))


def keys_of(side: ast.expr) -> Iterator[str]:
    for node in ast.walk(side):
        if isinstance(node, ast.Dict):
            for key in node.keys:
                if isinstance(key, ast.Constant):
                    yield str(key.value)


def test_every_field_that_is_written_has_its_name() -> None:
    account = Account(
        id=1,
        name="li",
        full_name="",
        role=Role.VIEWER,
        areas=None,
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
        password_set_at=datetime(2026, 11, 1, tzinfo=UTC),
    )
    written = {*written_fields(), *told(account)}
    assert {"tokens_revoked", "recovered_kwh", "assignee", "expires_at"} <= written
    assert written <= set(FIELDS)
