"""What the program imports is declared, so that an installed wheel finds it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from tests.contract.project import ROOT, modules, packages


def test_every_import_is_of_the_standard_library_ours_or_declared() -> None:
    declared = _declared()
    distributions = packages_distributions()
    undeclared = {
        f"{module}: {name}"
        for module in modules()
        for name in _imports(ROOT / module)
        if name not in sys.stdlib_module_names
        and name not in packages()
        and not {_canonical(found) for found in distributions.get(name, ())} & declared
    }
    assert undeclared == set()


def test_what_an_extra_brings_is_imported_only_where_it_is_used() -> None:
    distributions = packages_distributions()
    optional = _extras() - _named("dependencies")
    at_once = {
        f"{module}: {name}"
        for module in modules()
        for name in _imports(ROOT / module, at_once=True)
        if {_canonical(found) for found in distributions.get(name, ())} & optional
    }
    assert at_once == set()


def _imports(module: Path, *, at_once: bool = False) -> Iterator[str]:
    """Yield the first part of every module that ``module`` imports, or imports as soon as it is imported."""
    tree = ast.parse(module.read_text())
    for node in tree.body if at_once else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def _declared() -> set[str]:
    return _named("dependencies") | _extras()


def _extras() -> set[str]:
    """Return what the extras bring that users may choose: all but that of developers."""
    return {
        name
        for extra in _project()["optional-dependencies"]
        if extra != "dev"
        for name in _names(_project()["optional-dependencies"][extra])
    }


def _named(key: str) -> set[str]:
    return set(_names(_project()[key]))


def _project() -> Any:  # Any: what a TOML table holds
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _names(requirements: Iterable[str]) -> Iterator[str]:
    names = (re.match(r"[\w.-]+", requirement) for requirement in requirements)
    yield from (_canonical(name.group()) for name in names if name)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
