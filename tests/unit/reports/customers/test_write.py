import json
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, MissingPartError
from reports.customers.assemble import sheet_of
from reports.customers.document import sheet_document
from reports.customers.write import write_sheet
from reports.pdf import Pdf
from tests.large_customers import facts


def _no_pdf(_html: str) -> Pdf:
    raise MissingPartError("no WeasyPrint: pip install kilowatch[reports]")


def test_each_form_is_written_in_both_languages(tmp_path: Path) -> None:
    made = write_sheet(
        sheet_of(facts()), tmp_path / "works", make_pdf=lambda _html: Pdf(raw=b"%PDF", pages=1, lacking="")
    )
    forms = [
        f"sheet.{language}.{kind}" for language in ("en", "zh") for kind in ("csv", "html", "pdf", "xlsx")
    ]
    assert made.files == sorted([*forms, "sheet.json"])
    assert made.warnings == []
    assert all((made.folder / name).stat().st_size for name in made.files)


def test_without_the_extra_the_rest_is_written_and_a_warning_says_why(tmp_path: Path) -> None:
    made = write_sheet(sheet_of(facts()), tmp_path, make_pdf=_no_pdf)
    assert made.warnings == ["no WeasyPrint: pip install kilowatch[reports]"]
    assert "sheet.zh.xlsx" in made.files
    assert not [name for name in made.files if name.endswith(".pdf")]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file"):
        write_sheet(sheet_of(facts()), tmp_path / "file", pdf=False)


def test_the_written_object_is_the_sheet_s_document(tmp_path: Path) -> None:
    sheet = sheet_of(facts())
    write_sheet(sheet, tmp_path, pdf=False)
    assert json.loads((tmp_path / "sheet.json").read_text()) == json.loads(json.dumps(sheet_document(sheet)))
