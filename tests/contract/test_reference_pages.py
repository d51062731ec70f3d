"""The reference pages in the repository say what the data says."""

import pytest

from cli.reference_page import NAME, command_page
from services.reference_pages import Page, pages
from tests.contract.project import ROOT


@pytest.mark.parametrize("page", [*pages(), (NAME, command_page())], ids=lambda page: page[0])
def test_a_page_is_as_the_data_has_it(page: Page) -> None:
    name, text = page
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == text, "run: make reference"
