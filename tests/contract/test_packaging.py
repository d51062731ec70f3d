"""The wheel carries all that the installed program reads."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.contract.project import ROOT, packages, tracked_files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel with the build backend of this environment; nothing is downloaded."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(  # noqa: S603 -- our own arguments
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_every_tracked_file_of_a_package_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    wanted = {file.as_posix() for file in tracked_files() if file.parts[0] in packages()}
    assert wanted - set(wheel.namelist()) == set()


def test_the_wheel_holds_nothing_but_packages_and_its_own_record(wheel: zipfile.ZipFile) -> None:
    tops = {Path(name).parts[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(packages())


def test_the_browser_library_is_in_the_wheel_although_git_ignores_it(wheel: zipfile.ZipFile) -> None:
    fetched = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("dashboard/static/vendor/*")}
    assert fetched, "run scripts/frontend first"
    assert fetched - set(wheel.namelist()) == set()


def test_the_wheel_installs_the_command(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt"))
    parser = ConfigParser()
    parser.read_string(wheel.read(entry_points).decode())
    assert dict(parser["console_scripts"]) == {"kilowatch": "cli.main:main"}


def test_the_licence_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel.namelist())
