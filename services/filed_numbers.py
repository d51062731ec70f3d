"""Checks the ``[[threshold]]`` entries of a registry file: each names a rule and a number of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from pipeline.errors import Problem, RegistryError
from pipeline.vee_limits import THRESHOLDS
from services.rule_numbers import Holds, rule_numbers
from storage.registry_entries import Entry, read_entries


@cache
def known_numbers() -> Mapping[str, tuple[str, ...]]:
    """Return the numbers that a ``[[threshold]]`` may lay down, by rule."""
    known: dict[str, list[str]] = {}
    for number in rule_numbers():
        if number.holds is not Holds.NOWHERE:
            known.setdefault(number.rule, []).append(number.parameter)
    return {rule: tuple(names) for rule, names in known.items()}


def number_problems(entries: Iterable[Entry]) -> Iterator[Problem]:
    """Yield what names no rule, or no number of its rule that may be laid down.

    What is no name at all is said where it is converted, and numbers of validation where they are checked.
    """
    known = known_numbers()
    for entry in entries:
        rule, name = entry.values.get("detector"), entry.values.get("parameter")
        if entry.kind != "threshold" or not isinstance(rule, str):
            continue
        if rule not in known:
            yield entry.problem(
                "detector", f"there is no detector {rule!r}; expected one of {', '.join(sorted(known))}"
            )
        elif rule != THRESHOLDS and isinstance(name, str) and name not in known[rule]:
            yield entry.problem(
                "parameter", f"{rule} has no number {name!r}; expected one of {', '.join(known[rule])}"
            )


def check_numbers(file: Path) -> None:
    """Refuse a registry file whose thresholds nothing would heed.

    Raises:
        RegistryError: With every such entry.
    """
    if problems := list(number_problems(read_entries(file, []))):
        raise RegistryError(problems)
