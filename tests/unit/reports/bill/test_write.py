"""A bill's folder: pages, table and document; what cannot be made is said, what was there is replaced."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, MissingPartError
from reports.bill.write import write_bill
from reports.pdf import Pdf
from tests.unit.reports.bill.test_page import document


def _pdf(_html: str) -> Pdf:
    return Pdf(raw=b"%PDF-", pages=1, lacking="")


def test_a_bill_is_written_in_every_form(tmp_path: Path) -> None:
    assert write_bill(document(), tmp_path / "bill", make_pdf=_pdf) == []
    names = sorted(file.name for file in (tmp_path / "bill").iterdir())
    assert names == ["bill.csv", "bill.en.html", "bill.en.pdf", "bill.json", "bill.zh.html", "bill.zh.pdf"]
    kept = json.loads((tmp_path / "bill" / "bill.json").read_text("utf-8"))
    assert kept["energy_kwh"] == "5952.00"
    with (tmp_path / "bill" / "bill.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(float(row["amount"]) for row in rows) == pytest.approx(float(kept["amount"]))
    assert {row["item"] for row in rows} == {"energy", "network", "basic_capacity"}


def test_a_tariff_s_name_is_no_formula_and_an_amount_keeps_its_sign(tmp_path: Path) -> None:
    told = document()
    lines = [dict(line) for line in told["lines"]]
    lines[0] |= {"name_en": "=1+1", "amount": "-26.78"}
    write_bill({**told, "lines": lines}, tmp_path, pdf=False)
    with (tmp_path / "bill.csv").open(encoding="utf-8-sig", newline="") as file:
        (first, *_) = csv.DictReader(file)
    assert (first["name_en"], first["amount"]) == ("'=1+1", "-26.78")


def test_files_of_an_earlier_bill_are_not_left_over(tmp_path: Path) -> None:
    write_bill(document(), tmp_path, make_pdf=_pdf)
    write_bill(document(), tmp_path, pdf=False)
    assert not list(tmp_path.glob("*.pdf"))


def test_without_what_makes_pdfs_the_rest_is_written_and_said(tmp_path: Path) -> None:
    def fails(_html: str) -> Pdf:
        raise MissingPartError("no PDF without WeasyPrint")

    assert write_bill(document(), tmp_path, make_pdf=fails) == ["no PDF without WeasyPrint"]
    assert (tmp_path / "bill.zh.html").is_file()


def test_characters_that_no_font_has_are_told_once_a_language(tmp_path: Path) -> None:
    def boxes(_html: str) -> Pdf:
        return Pdf(raw=b"%PDF-", pages=1, lacking="电")

    warnings = write_bill(document(), tmp_path, make_pdf=boxes)
    assert len(warnings) == 2
    assert "install a Chinese font" in warnings[0]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(ConfigError, match=r"cannot write the bill into .*file"):
        write_bill(document(), tmp_path / "file", pdf=False)
