"""Runs of pytest that share the tests out run each of them once, whatever each takes first."""

from __future__ import annotations

import re
from itertools import zip_longest
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests import side_by_side
from tests.side_by_side import taken_items

pytest_plugins = ["pytester"]

MODULE = """
import pytest

@pytest.fixture(scope="module")
def server():
    print("starts", __name__)
    yield
    print("stops", __name__)

@pytest.mark.parametrize("n", range(3))
def test_it(server, n):
    assert (__name__, n) != ("test_c", 1)
"""
SHARING = ("-p", "no:asyncio", "-p", "no:cacheprovider", "-s", "--share")


def items_of(files: str) -> list[pytest.Item]:
    """Return items, each of the file whose letter stands in its place."""
    return cast(list[pytest.Item], [SimpleNamespace(nodeid=f"{file}::{n}") for n, file in enumerate(files)])


def test_each_run_begins_in_its_place_and_goes_on_with_what_the_others_left(tmp_path: Path) -> None:
    items = items_of("aabbccddee")
    runs = [taken_items(items, tmp_path, begin_in=place) for place in ("", "b", "d")]
    in_turn = zip(*zip_longest(*runs), strict=True)
    assert ["".join(item.nodeid[0] if item else "-" for item in run) for run in in_turn] == [
        "aacc",
        "bbee",
        "dd--",
    ]


def test_a_run_whose_place_has_no_tests_begins_at_the_first_one(tmp_path: Path) -> None:
    items = items_of("abc")
    assert list(taken_items(items, tmp_path, begin_in="x")) == items


def test_items_of_a_file_that_lie_apart_stay_with_one_run(tmp_path: Path) -> None:
    items = items_of("abab")
    one, other = taken_items(items, tmp_path), taken_items(items, tmp_path, begin_in="b")
    assert [next(one), next(other), *one, *other] == items


def test_a_file_that_is_taken_is_left_out_and_the_other_files_are_run_as_ever(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    pytester.makepyfile(**{f"test_{letter}": MODULE for letter in "abcd"})
    (tmp_path / "test_b.py").touch()
    result = pytester.runpytest_inprocess(*SHARING, tmp_path, plugins=[side_by_side])
    result.assert_outcomes(passed=8, failed=1)
    assert re.findall(r"(?:starts|stops) test_\w", result.stdout.str()) == [
        f"{deed} test_{letter}" for letter in "acd" for deed in ("starts", "stops")
    ]


def test_after_a_failure_a_run_may_stop(pytester: pytest.Pytester, tmp_path: Path) -> None:
    pytester.makepyfile(**{f"test_{letter}": MODULE for letter in "abcd"})
    result = pytester.runpytest_inprocess(
        *SHARING, tmp_path, "-x", "--begin-in", "test_c.py", plugins=[side_by_side]
    )
    result.assert_outcomes(passed=1, failed=1)
