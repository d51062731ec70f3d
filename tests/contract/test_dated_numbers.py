"""What ``[[threshold]]`` may lay down reaches the rules: no rule reads a dated number from its defaults."""

import ast
import inspect

import pytest

from detectors.catalogue import detectors, parameters_of

BY_FINDING = {"at_point", "at_meter"}
"""What gives a rule with the numbers of a place and an instant: its methods read them from ``self``."""
RULES = sorted(name for name in detectors.all() if detectors.get(name)().about.dated)


@pytest.mark.parametrize("name", RULES)
def test_dated_numbers_are_numbers_of_the_rule(name: str) -> None:
    known = {parameter.name for parameter in parameters_of(detectors.get(name))}
    assert set(detectors.get(name)().about.dated) <= known


@pytest.mark.parametrize("name", RULES)
def test_a_dated_number_is_asked_of_the_archive(name: str) -> None:
    tree = ast.parse(inspect.getsource(inspect.getmodule(detectors.get(name))))  # type: ignore[arg-type]  # a class has a module
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    if called & BY_FINDING and not called & {"limit", "limit_at_point", "limit_of_records"}:
        return
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    assert read & set(detectors.get(name)().about.dated) == set()
