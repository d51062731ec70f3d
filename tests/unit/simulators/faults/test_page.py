"""The page of simulated meters says what the code does."""

import re
import tomllib

import pytest

from simulators.dlt645.traits import Traits
from simulators.faults.deed import deeds
from simulators.faults.detector_numbers import DETECTORS
from simulators.faults.page import page_with_deeds
from simulators.fleet.build import fleet_names
from simulators.line import FaultKind
from simulators.physics.harmonics import DISTORTIONS
from simulators.physics.shapes import SHAPES
from tests.contract.project import ROOT

PAGE = ROOT / "docs" / "simulators.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


def test_the_table_of_faults_is_the_present_one(page: str) -> None:
    assert page_with_deeds(page) == page, "run: python -m simulators.faults.page docs/simulators.md"


def test_every_deed_stands_there_with_its_keys_and_detector(page: str) -> None:
    for name, deed in deeds.all().items():
        (paragraph,) = re.findall(rf"^\*\*`{name}`\*\*.*?\n\n", page, flags=re.DOTALL | re.MULTILINE)
        assert f"`{deed.detector}`" in paragraph
        assert (DETECTORS[deed.detector] or "") in paragraph
        assert deed.twin in paragraph
        assert all(f"`{key.name}`" in paragraph for key in deed.keys)


@pytest.mark.parametrize("fleet", fleet_names())
def test_every_key_that_our_fleets_use_is_explained(page: str, fleet: str) -> None:
    text = (ROOT / "simulators" / "fleets" / f"{fleet}.toml").read_text("utf-8")
    keys: set[str] = set()

    def collect(value: object) -> None:
        if isinstance(value, dict):
            keys.update(value)
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect(tomllib.loads(text))
    assert f"| `{fleet}` |" in page
    assert [key for key in sorted(keys) if f"`{key}`" not in page and f"[{key}]" not in page] == []


def test_every_word_that_a_key_may_have_is_named(page: str) -> None:
    for word in [*SHAPES, *DISTORTIONS, *FaultKind]:
        assert f"`{word}`" in page, word


def test_every_trait_is_a_key_with_a_row_of_its_own(page: str) -> None:
    table = page.partition("### Traits")[2].partition("A new deed")[0]
    names = [name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in row.split(", ")]
    assert [name.strip("`") for name in names] == sorted(
        Traits.__dataclass_fields__, key=lambda trait: table.index(f"`{trait}`")
    )


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="deeds: begin"):
        page_with_deeds("nothing here")
