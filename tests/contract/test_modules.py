"""What holds for every module and every tracked file, whatever it does."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tests.contract.project import ROOT, modules, tracked_files

NAMES_THAT_NAME_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "base"}
LONGEST_MODULE = 400
BINARY = {".parquet", ".gz", ".dat", ".png", ".woff2", ".mo", ".cff"}
# The brackets keep this file from naming them itself.
INDEX_HOSTS = re.compile(r"py[p]i\.org|python[h]osted|npm[j]s\.|debian[.]org")
PLACES_OF_ONE_MACHINE = re.compile(r"(?<![\w.~$}])/(?:wor[k]|hom[e]|roo[t]|User[s]|tm[p]/kw)/\w")

each_module = pytest.mark.parametrize("module", modules(), ids=Path.as_posix)


@each_module
def test_its_name_says_what_it_holds(module: Path) -> None:
    assert not {module.stem, *module.parent.parts} & NAMES_THAT_NAME_NOTHING


@each_module
def test_it_begins_with_one_sentence_about_itself(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / module).read_text()))
    assert docstring
    assert docstring.splitlines()[0].endswith((".", "?", ":"))


@each_module
def test_it_is_short_enough_to_do_one_thing(module: Path) -> None:
    lines = (ROOT / module).read_text().count("\n")
    assert lines < LONGEST_MODULE


def test_meter_profiles_parse_and_have_names_of_their_own() -> None:
    profiles = [file for file in tracked_files() if file.match("protocols/profiles/*.toml")]
    names = Counter(tomllib.loads((ROOT / file).read_text()).get("name", file.stem) for file in profiles)
    assert [name for name, count in names.items() if count > 1] == []


def test_toml_files_parse() -> None:
    for file in tracked_files():
        if file.suffix == ".toml":
            tomllib.loads((ROOT / file).read_text())


@pytest.mark.parametrize("forbidden", [INDEX_HOSTS, PLACES_OF_ONE_MACHINE], ids=["index host", "local path"])
def test_no_file_names_a_place_that_others_do_not_have(forbidden: re.Pattern[str]) -> None:
    found = [
        f"{file}:{number}: {line.strip()[:80]}"
        for file in tracked_files()
        if file.suffix not in BINARY
        for number, line in enumerate((ROOT / file).read_text(errors="replace").splitlines(), start=1)
        if forbidden.search(line)
    ]
    assert found == []
