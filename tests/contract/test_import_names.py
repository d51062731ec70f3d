"""Our folder names are plain words, so no other package may bring the same ones."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.contract.project import ROOT, modules, packages


@pytest.mark.parametrize("name", packages())
def test_name_is_ours(name: str) -> None:
    path = import_module(name).__file__
    assert path is not None
    assert Path(path).is_relative_to(ROOT) or packages_distributions()[name] == ["kilowatch"]


def test_no_distribution_beside_ours_brings_one_of_the_names() -> None:
    brought = {name: set(packages_distributions().get(name, ())) - {"kilowatch"} for name in packages()}
    assert {name: others for name, others in brought.items() if others} == {}


def test_no_root_package_hides_a_module_of_the_standard_library() -> None:
    assert set(packages()) & sys.stdlib_module_names == set()


def test_no_flow_hides_another_module() -> None:
    # Prefect may put the folder of a flow on the path, and then a flow's file is a module of the top level.
    flows = {module.stem for module in modules() if module.parts[0] == "flows"} - {"__init__"}
    assert flows & (set(packages()) | sys.stdlib_module_names) == set()


def test_every_root_package_on_disk_is_declared() -> None:
    found = {folder.parent.name for folder in ROOT.glob("*/__init__.py")}
    assert found - {"tests"} == set(packages())
