"""What the program imports is declared, so that an installed wheel finds it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

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


def _imports(module: Path) -> Iterator[str]:
    """Yield the first part of every module that ``module`` imports."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def _declared() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = settings["project"]["optional-dependencies"]
    requirements = [
        *settings["project"]["dependencies"],
        *(requirement for extra, own in extras.items() if extra != "dev" for requirement in own),
    ]
    names = (re.match(r"[\w.-]+", requirement) for requirement in requirements)
    return {_canonical(name.group()) for name in names if name}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
