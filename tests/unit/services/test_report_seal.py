from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, DataError
from reports.power_quality.write import write_report
from services.report_seal import FileState, Signature, signing_key, verify_report
from tests.fix_quality_month import quality_report


def _openssl(*words: str, folder: Path) -> None:
    openssl = shutil.which("openssl")
    assert openssl
    subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)  # noqa: S603 - our own words


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with a pair of keys as a utility makes them."""
    folder = tmp_path / "keys"
    folder.mkdir()
    _openssl("genpkey", "-algorithm", "ed25519", "-out", "private.pem", folder=folder)
    _openssl("pkey", "-in", "private.pem", "-pubout", "-out", "public.pem", folder=folder)
    return folder


@pytest.fixture
def report(tmp_path: Path, keys: Path) -> Path:
    """A signed report."""
    written = write_report(
        quality_report(), tmp_path / "out", pdf=False, key=signing_key(keys / "private.pem")
    )
    return written.folder


def test_a_report_as_it_was_written_holds(report: Path, keys: Path) -> None:
    check = verify_report(report / "report.json", keys / "public.pem")
    assert set(check.files.values()) == {FileState.INTACT}
    assert (check.signature, check.holds) == (Signature.GOOD, True)
    assert check.key_fingerprint in (report / "report.en.html").read_text()


def test_one_changed_figure_shows(report: Path, keys: Path) -> None:
    path = report / "report.json"
    path.write_bytes(path.read_bytes().replace(b"3.739", b"3.139"))
    check = verify_report(path, keys / "public.pem")
    assert check.files["report.json"] is FileState.CHANGED
    assert check.files["report.csv"] is FileState.INTACT
    assert not check.holds


def test_a_list_written_anew_for_changed_figures_shows_by_its_signature(report: Path, keys: Path) -> None:
    path = report / "report.json"
    path.write_bytes(path.read_bytes().replace(b"3.739", b"3.139"))
    sha256sum = shutil.which("sha256sum")
    assert sha256sum
    words = [sha256sum, "report.csv", "report.en.html", "report.json", "report.zh.html"]
    told = subprocess.run(words, cwd=report, check=True, capture_output=True).stdout  # noqa: S603 - our own words
    (report / "report.sha256").write_bytes(told)
    check = verify_report(path, keys / "public.pem")
    assert set(check.files.values()) == {FileState.INTACT}
    assert (check.signature, check.holds) == (Signature.BAD, False)


def test_a_part_that_was_not_handed_on_does_no_harm(report: Path) -> None:
    (report / "report.csv").unlink()
    (report / "report.sha256.sig").unlink()
    check = verify_report(report)
    assert check.files["report.csv"] is FileState.ABSENT
    assert (check.signature, check.holds) == (Signature.ABSENT, True)


def test_whoever_has_the_key_does_not_trust_a_report_without_its_signature(report: Path, keys: Path) -> None:
    forged = (report / "report.json").read_bytes().replace(b"violating", b"compliant")
    (report / "report.json").write_bytes(forged)
    sums = (report / "report.sha256").read_text().splitlines()
    digest = hashlib.sha256(forged).hexdigest()
    lines = [f"{digest}  report.json" if line.endswith("  report.json") else line for line in sums]
    (report / "report.sha256").write_text("\n".join(lines) + "\n")
    (report / "report.sha256.sig").unlink()
    check = verify_report(report, keys / "public.pem")
    assert set(check.files.values()) == {FileState.INTACT}
    assert (check.signature, check.holds) == (Signature.ABSENT, False)


def test_a_list_that_names_nothing_proves_nothing(report: Path) -> None:
    (report / "report.sha256").write_text("")
    assert not verify_report(report).holds


def test_without_a_key_a_signature_proves_nothing_and_that_is_said(report: Path) -> None:
    assert verify_report(report).signature is Signature.NOT_CHECKED


def test_a_file_without_a_list_and_one_that_the_list_does_not_name_are_told(
    report: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"report\.sha256 cannot be read"):
        verify_report(tmp_path)
    (report / "other.json").write_text("{}")
    with pytest.raises(DataError, match="does not name this file"):
        verify_report(report / "other.json")


def test_no_setting_signs_nothing() -> None:
    assert signing_key(None) is None


@pytest.mark.parametrize("raw", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_file_that_is_none_is_told_with_the_command_that_makes_one(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match="openssl genpkey -algorithm ed25519"):
        signing_key(path)
    with pytest.raises(ConfigError, match="gone"):
        signing_key(tmp_path / "gone.pem")


def test_a_key_of_another_kind_is_told(tmp_path: Path) -> None:
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ec.pem", folder=tmp_path)
    with pytest.raises(ConfigError, match="expected an Ed25519 key"):
        signing_key(tmp_path / "ec.pem")
