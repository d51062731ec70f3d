"""Each process has a client id of its own, and the same one after each start."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.client_identity import client_identity
from pipeline.errors import StorageError


def test_two_at_once_have_two_ids_and_the_next_start_has_the_first_one_again(tmp_path: Path) -> None:
    with client_identity(tmp_path, "db") as first:
        with client_identity(tmp_path, "db") as second:
            assert first != second
        with client_identity(tmp_path, "db") as again:
            assert again == second
    with client_identity(tmp_path, "db") as restarted:
        assert restarted == first
        assert restarted.startswith("kilowatch-")


def test_two_hosts_and_two_databases_have_different_ids(tmp_path: Path) -> None:
    with client_identity(tmp_path / "one", "db") as here, client_identity(tmp_path / "two", "db") as there:
        assert here != there
    with client_identity(tmp_path / "one", "other") as other:
        assert other not in (here, there)


def test_a_folder_that_cannot_be_used_names_both_ways_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StorageError, match=r"KILOWATCH_SPOOL_DIR, or an id in KILOWATCH_MQTT_CLIENT_ID"),
        client_identity(tmp_path / "file", "db"),
    ):
        pass
