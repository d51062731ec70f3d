"""What is remembered of edge nodes, and for how long."""

import pytest

from protocols.mqtt import sparkplug_births
from protocols.mqtt.sparkplug_births import Births, Born
from protocols.mqtt.sparkplug_payload import Metric


def born(*aliases: int, bd_seq: int = 0) -> list[Metric]:
    return [
        Metric(name="bdSeq", value=bd_seq),
        *(Metric(name=f"m{a}", alias=a, datatype=10) for a in aliases),
    ]


def test_an_alias_holds_until_the_next_birth() -> None:
    births = Births()
    births.node_born("g/n", 0, born(1))
    assert births.declared("g/n", "")[1] == Born("m1", 10)
    births.node_born("g/n", 0, born(2))
    assert 1 not in births.declared("g/n", "")


def test_a_nodes_birth_voids_what_its_devices_declared() -> None:
    births = Births()
    births.node_born("g/n", 0, born())
    births.device_born("g/n", "d", born(1))
    births.node_born("g/n", 0, born())
    assert not births.is_born("g/n", "d")


def test_numbers_go_to_255_and_around_and_a_repeated_one_is_no_gap() -> None:
    births = Births()
    births.node_born("g/n", 254, born())
    assert [births.counted("g/n", seq) for seq in (255, 0, 0, 1, 3, 4)] == [
        True,
        True,
        True,
        True,
        False,
        True,
    ]


def test_a_node_that_nobody_knows_has_no_gap() -> None:
    assert Births().counted("g/n", 77)


def test_an_old_sessions_death_does_not_end_the_new_one() -> None:
    births = Births()
    births.node_born("g/n", 0, born(1, bd_seq=5))
    assert not births.node_died("g/n", 4)
    assert births.is_born("g/n", "")
    assert births.node_died("g/n", 5)
    assert not births.is_born("g/n", "")


def test_a_devices_death_is_its_own() -> None:
    births = Births()
    births.node_born("g/n", 0, born())
    births.device_born("g/n", "d", born(1))
    births.device_died("g/n", "d")
    assert not births.is_born("g/n", "d")
    assert births.is_born("g/n", "")


def test_what_is_kept_is_bounded_and_the_longest_known_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparkplug_births, "MAX_BORN", 10)
    births = Births()
    for node in ("a", "b", "c"):
        births.node_born(node, 0, born(1, 2))
    assert [births.is_born(node, "") for node in ("a", "b", "c")] == [False, True, True]
