"""A folder bears the id of its service point, as far as file systems take it."""

from reports.folders import folder_name


def test_what_no_file_system_takes_becomes_a_hyphen() -> None:
    assert folder_name("SP-001 东风路") == "SP-001 东风路"
    assert folder_name('a/b\\c:d*e?f"g<h>i|j\n') == "a-b-c-d-e-f-g-h-i-j-"
