"""The lists of rules are whole, and each rule is one that a run can come to."""

from dataclasses import fields

from pipeline.validation import RULES
from pipeline.vee_catalogue import (
    BESIDE_THEM,
    ESTIMATION_RULES,
    INTERVAL_METHODS,
    REGISTER_METHODS,
    REGISTERS,
    WANTED,
)
from pipeline.vee_limits import SOURCES, VeeLimits
from pipeline.vee_window import VeeWindow


def test_there_are_sixteen_checks_and_eleven_estimations_of_different_names() -> None:
    assert len({rule.title for rule in RULES}) == 16
    assert len({rule.title for rule in ESTIMATION_RULES}) == 11
    assert len({rule.code for rule in ESTIMATION_RULES}) == 11


def test_every_method_that_a_run_writes_is_in_the_list() -> None:
    of_registers = {rule.method for rule in ESTIMATION_RULES if rule.when == REGISTERS}
    of_intervals = {rule.method for rule in ESTIMATION_RULES if rule.when != REGISTERS}
    assert of_registers == REGISTER_METHODS
    assert {m for m in of_intervals if m and not m.startswith("...")} == INTERVAL_METHODS - BESIDE_THEM


def test_every_limit_has_a_source_and_every_rule_names_limits_and_fields_that_exist() -> None:
    names = {field.name for field in fields(VeeLimits)}
    assert set(SOURCES) == names
    assert {limit for rule in RULES for limit in rule.limits} <= names
    assert {limit for rule in ESTIMATION_RULES for limit in rule.limits} <= names
    wanted = {want for rule in RULES for want in rule.wants}
    assert wanted == set(WANTED)
    assert wanted <= {field.name for field in fields(VeeWindow)}
