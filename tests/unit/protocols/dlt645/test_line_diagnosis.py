"""A line without meters is told apart by what was heard on it."""

from __future__ import annotations

import pytest

from protocols.dlt645.line_diagnosis import Observation, diagnose


def observed(
    setting: str = "2400 8E1",
    *,
    meters: int = 0,
    broken: int = 0,
    echoed: bool = False,
    babbled: bool = False,
) -> Observation:
    return Observation(setting=setting, meters=meters, broken_bytes=broken, echoed=echoed, babbled=babbled)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        ([observed(), observed("9600 8E1", meters=2)], "meters answer at 9600 8E1"),
        ([observed()], "not one byte came back"),
        ([observed(echoed=True)], "the adapter echoes"),
        ([observed(broken=14)], "wrong rate or parity, meters that answer at the same time"),
        ([observed(broken=14, babbled=True)], "wrong rate or parity, another master"),
        ([observed(), observed("9600 8N1", broken=14)], "9600 8N1 (14 bytes)"),
        ([], "not one byte came back (tried nothing)"),
    ],
)
def test_what_was_heard_is_put_into_words(seen: list[Observation], says: str) -> None:
    assert says in diagnose(seen)


def test_who_gave_one_setting_is_told_to_try_the_others() -> None:
    assert "leave ?baudrate= out" in diagnose([observed()], may_try_more=True)
    assert "leave ?baudrate= and ?parity= out" in diagnose([observed(broken=3)], may_try_more=True)
