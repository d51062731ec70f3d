"""Roles include one another, and what two accounts both see is never more than either."""

from __future__ import annotations

import pytest

from pipeline.accounts import ACCOUNT_NAME, Role, common_areas


def test_each_role_includes_those_before_it() -> None:
    roles = [Role.VIEWER, Role.ENGINEER, Role.ADMINISTRATOR]
    for n, role in enumerate(roles):
        assert [role.includes(other) for other in roles] == [m <= n for m in range(3)]


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (None, None, None),
        ({"A"}, None, {"A"}),
        (None, {"A"}, {"A"}),
        ({"A", "B"}, {"B", "C"}, {"B"}),
        ({"A"}, {"B"}, set()),
    ],
)
def test_what_both_see_is_never_more_than_either(
    one: set[str] | None, other: set[str] | None, both: set[str] | None
) -> None:
    def frozen(areas: set[str] | None) -> frozenset[str] | None:
        return None if areas is None else frozenset(areas)

    assert common_areas(frozen(one), frozen(other)) == frozen(both)


def test_names_are_plain() -> None:
    assert all(ACCOUNT_NAME.fullmatch(name) for name in ("a", "wang.fang", "0-x_y", "a" * 64))
    assert not any(ACCOUNT_NAME.fullmatch(name) for name in ("", "-a", "Wang", "王", "a b", "a" * 65, "a\n"))
