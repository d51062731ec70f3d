"""A folder bears the id of its service point, as far as file systems take it."""

import hashlib
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from reports.folders import folder_name, put_files


def _digest(place: str) -> str:
    return hashlib.sha256(place.encode()).hexdigest()[:8]


@pytest.mark.parametrize("place", ["SP-001 东风路", ".a", "a..b", "路" * 66])
def test_what_file_systems_take_stays(place: str) -> None:
    assert folder_name(place) == place


def test_what_no_file_system_takes_becomes_a_hyphen() -> None:
    place = 'a/b\\c:d*e?f"g<h>i|j\n'
    assert folder_name(place) == f"a-b-c-d-e-f-g-h-i-j--{_digest(place)}"


def test_ids_that_differ_in_such_characters_only_have_folders_of_their_own() -> None:
    assert len({folder_name(place) for place in ("A/B", "A:B", "A-B", "A", "A.", "A ")}) == 6


@pytest.mark.parametrize("place", ["..", ".", "...", "", " ", "../.."])
def test_a_folder_never_is_its_parent_or_nothing(place: str, tmp_path: Path) -> None:
    made = tmp_path / folder_name(place)
    made.mkdir()
    assert made.resolve().parent == tmp_path.resolve()


def test_a_long_id_is_cut_between_characters_and_stays_its_own() -> None:
    long, longer = "路" * 100, "路" * 101
    # By hand: 191 bytes are left before the hyphen and the digest, that is 63 characters of 3 bytes.
    assert folder_name(long) == f"{'路' * 63}-{_digest(long)}"
    assert folder_name(long) != folder_name(longer)


def test_files_are_put_and_those_of_an_earlier_report_taken_away(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    put_files({"x.csv": b"1", "x.pdf": b"2"}, folder, ours=("x.*",), what="report")
    (folder / "note.txt").write_text("theirs")
    put_files({"x.csv": b"3"}, folder, ours=("x.*",), what="report")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        "x.csv": b"3",
        "note.txt": b"theirs",
    }


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"cannot write the report into .*file"):
        put_files({}, tmp_path / "file", ours=(), what="report")
