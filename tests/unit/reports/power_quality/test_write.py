from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pipeline.errors import ConfigError, MissingPartError
from reports.pdf import Pdf
from reports.power_quality.write import write_report
from reports.seal import fingerprint, hashes_in, is_signed_by
from tests.fix_quality_month import quality_report

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def _no_pdf(_html: str) -> Pdf:
    raise MissingPartError("no PDF without WeasyPrint: install it")


def _boxes(_html: str) -> Pdf:
    return Pdf(raw=b"%PDF-", pages=1, lacking="电能")


def test_figures_tables_and_pages_are_written_and_listed_with_their_hashes(tmp_path: Path) -> None:
    written = write_report(quality_report(), tmp_path / "out", pdf=False)
    assert list(written.files) == [
        "report.csv",
        "report.en.html",
        "report.json",
        "report.sha256",
        "report.zh.html",
    ]
    listed = hashes_in((written.folder / "report.sha256").read_bytes())
    assert set(listed) == set(written.files) - {"report.sha256"}
    for name, digest in listed.items():
        assert hashlib.sha256((written.folder / name).read_bytes()).hexdigest() == digest


def test_the_page_carries_the_hash_of_the_figures(tmp_path: Path) -> None:
    written = write_report(quality_report(), tmp_path, pdf=False)
    digest = hashlib.sha256((tmp_path / "report.json").read_bytes()).hexdigest()
    assert written.figures_sha256 == digest
    assert digest in (tmp_path / "report.zh.html").read_text()


def test_a_key_signs_the_list_and_stands_on_the_page(tmp_path: Path) -> None:
    write_report(quality_report(), tmp_path, pdf=False, key=KEY)
    sums, signature = ((tmp_path / name).read_bytes() for name in ("report.sha256", "report.sha256.sig"))
    assert is_signed_by(sums, signature, KEY.public_key())
    assert fingerprint(KEY.public_key()) in (tmp_path / "report.en.html").read_text()


def test_what_an_earlier_report_left_is_gone_and_other_files_stay(tmp_path: Path) -> None:
    write_report(quality_report(), tmp_path, pdf=False, key=KEY)
    (tmp_path / "letter.txt").write_text("mine")
    write_report(quality_report(), tmp_path, pdf=False, languages=["zh"])
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"letter.txt", "report.csv", "report.json", "report.sha256", "report.zh.html"}


def test_without_a_pdf_library_the_rest_is_written_and_the_way_out_named(tmp_path: Path) -> None:
    written = write_report(quality_report(), tmp_path, make_pdf=_no_pdf)
    assert "report.zh.html" in written.files
    assert not [name for name in written.files if name.endswith(".pdf")]
    assert list(written.warnings) == ["no PDF without WeasyPrint: install it"]


def test_a_pdf_with_boxes_for_characters_is_written_with_a_warning(tmp_path: Path) -> None:
    written = write_report(quality_report(), tmp_path, make_pdf=_boxes, languages=["zh"])
    assert "report.zh.pdf" in written.files
    (warning,) = written.warnings
    assert "电能" in warning
    assert "fonts-noto-cjk" in warning


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigError, match="taken"):
        write_report(quality_report(), tmp_path / "taken", pdf=False)
