"""Every number of every rule is told once, with where it comes from."""

from collections import Counter

from detectors.catalogue import detectors, parameters_of
from pipeline.vee_limits import SOURCES
from services.rule_numbers import rule_numbers


def test_nothing_is_left_out_or_told_twice() -> None:
    told = Counter((number.rule, number.parameter) for number in rule_numbers())
    known = {
        (name, parameter.name) for name in detectors.all() for parameter in parameters_of(detectors.get(name))
    }
    assert set(told) == known | {("vee", name) for name in SOURCES}
    assert set(told.values()) == {1}


def test_every_number_says_where_it_comes_from() -> None:
    assert [n for n in rule_numbers() if not n.source] == []
