"""Every problem and every role has words."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from dashboard.account_words import PROBLEMS, ROLES, problem_told
from dashboard.formats import Formats
from pipeline.accounts import AccessError, Problem, Role


def test_every_problem_and_every_role_has_words() -> None:
    assert set(PROBLEMS) == set(Problem)
    assert set(ROLES) == set(Role)


def test_a_problem_is_told_in_the_readers_language_with_its_numbers() -> None:
    error = AccessError(Problem.PASSWORD_LENGTH, "a password has 12 to 256", least=12, most=256)
    zone = ZoneInfo("Asia/Shanghai")
    assert problem_told(error, Formats("en", zone)) == "A password has 12 to 256 characters."
    assert problem_told(error, Formats("zh", zone)) == "口令须为 12 至 256 个字符。"
