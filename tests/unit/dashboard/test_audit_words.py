"""The audit is told in words: fields, codes, instants and long lists."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from dashboard.audit_words import change_told
from dashboard.formats import Formats
from dashboard.work_words import DEEDS
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
