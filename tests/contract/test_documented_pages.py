"""The guide to the pages names each page as it stands at the top of all of them, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.navigation import NAVIGATION, Entry
from services.translations import translations

GUIDE = (Path(__file__).parents[2] / "docs" / "pages.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("entry", NAVIGATION, ids=lambda entry: entry.title)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_guide_names_every_page(entry: Entry, language: str) -> None:
    assert translations(language).gettext(entry.title) in GUIDE
