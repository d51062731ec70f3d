from __future__ import annotations

import socket
import sys

import pytest

from pipeline.errors import MissingPartError
from reports.pdf import Pdf, pdf_of, pdfs_of
from reports.power_quality.page import page
from tests.fix_quality_month import quality_report


def test_the_report_is_a_document_of_some_pages_with_every_character_in_a_font(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = pdf_of(page(quality_report(), "zh", "ab" * 32))
    assert made.raw.startswith(b"%PDF-")
    assert 5 <= made.pages <= 12
    assert made.lacking == ""
    assert made.warning is None
    # Nothing in the page that WeasyPrint does not understand: its complaints would reach the user.
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == []


def test_a_character_that_no_font_has_is_named_with_the_way_out() -> None:
    made = pdf_of("<p>\U0010ab12</p>")  # a code point for private use
    assert made.lacking == "\U0010ab12"
    assert "fonts-noto-cjk" in (made.warning or "")


def test_nothing_is_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)  # noqa: FBT003 - the name of the argument is flag
        address = f"http://127.0.0.1:{server.getsockname()[1]}/picture.png"
        assert pdf_of(f'<p>a</p><img src="{address}">').pages == 1
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_missing_library_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(MissingPartError, match=r"pip install 'kilowatch\[reports\]'"):
        pdf_of("<p>a</p>")


def test_pages_are_made_until_pdfs_cannot_be() -> None:
    def fails(html: str) -> Pdf:
        if html == "b":
            raise MissingPartError("no PDF")
        return Pdf(raw=html.encode(), pages=1, lacking="电" if html == "a" else "")

    assert pdfs_of({"en": "x", "zh": "y"}, fails) == ({"en": b"x", "zh": b"y"}, [])
    made, warnings = pdfs_of({"zh": "a", "en": "b", "de": "c"}, fails)
    assert made == {"zh": b"a"}
    assert [warning.partition(":")[0] for warning in warnings] == [
        "no font here has these characters",
        "no PDF",
    ]
