"""Each picture that a README or a page of the documentation shows is one that the browser test takes."""

from __future__ import annotations

import re
from pathlib import Path

from tests.documented_pictures import FOLDERS, PICTURES

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
TAKEN = {
    language: {(IMAGES / folder / f"{name}.png").resolve() for name in PICTURES}
    for language, folder in FOLDERS.items()
}


def shown(page: Path) -> set[Path]:
    """The files of the pictures on a page."""
    named: list[str] = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    return {(page.parent / name).resolve() for name in named}


def test_each_readme_shows_pictures_of_its_own_language() -> None:
    for name, language in (("README.md", "en"), ("README.zh.md", "zh")):
        assert shown(ROOT / name)
        assert shown(ROOT / name) <= TAKEN[language], name


def test_the_documentation_shows_no_picture_that_is_not_taken() -> None:
    pages = [*(ROOT / "docs").rglob("*.md")]
    found = {page.relative_to(ROOT): beyond for page in pages if (beyond := shown(page) - TAKEN["en"])}
    assert found == {}


def test_the_pictures_that_lie_there_are_those_that_are_taken_and_shown() -> None:
    pages = [ROOT / "README.md", ROOT / "README.zh.md", *(ROOT / "docs").rglob("*.md")]
    lie = {file.resolve() for file in IMAGES.rglob("*") if file.is_file()}
    assert lie == TAKEN["en"] | TAKEN["zh"]
    assert lie == set().union(*map(shown, pages))
