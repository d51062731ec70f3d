"""Both catalogues must hold every text of the pages."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from dashboard.area_words import LOSS_VERDICTS
from dashboard.pages.losses import VERDICTS
from pipeline.messages import MESSAGES
from services.translations import LANGUAGES

ROOT = Path(__file__).parents[3]
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"newstyle_gettext": "true"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None, "text": None}


def texts_of_the_pages() -> Catalog:
    found = Catalog()
    for _file, _line, message, _comments, _context in extract_from_dir(
        ROOT / "dashboard", METHODS, OPTIONS, KEYWORDS
    ):
        found.add(message)
    return found


def catalogue_of(language: str) -> Catalog:
    source = ROOT / "pipeline" / "locale" / language / "LC_MESSAGES" / "kilowatch.po"
    return read_po(BytesIO(source.read_bytes()), locale=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_pages_is_in_the_catalogue(language: str) -> None:
    catalogue = catalogue_of(language)
    lacking = []
    for message in texts_of_the_pages():
        entry = catalogue.get(message.id) if message.id else None
        if not message.id:
            continue
        strings = entry.string if entry is not None else ""
        if not strings or (isinstance(strings, tuple) and not all(strings)) or (entry and entry.fuzzy):
            lacking.append(message.id)
    assert lacking == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_the_catalogue_is_left_over(language: str) -> None:
    used = [message.id for message in texts_of_the_pages()]
    assert [m.id for m in catalogue_of(language) if m.id not in used] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_every_placeholder(language: str) -> None:
    catalogue = catalogue_of(language)
    assert [(message.id, list(map(str, errors))) for message, errors in catalogue.check()] == []


def test_every_episode_message_has_both_languages() -> None:
    assert [key for key, template in MESSAGES.items() if not (template.zh and template.en)] == []


def test_one_verdict_on_a_line_loss_is_called_the_same_in_the_list_and_at_the_area() -> None:
    chinese = catalogue_of("zh")
    listed, of_area = (str(chinese[words["rises"]].string) for words in (VERDICTS, LOSS_VERDICTS))
    assert of_area == f"线损{listed}"
