import os
from pathlib import Path

import pytest

from collectors.host_lock import HostLock
from pipeline.errors import BusBusyError


def test_a_second_owner_is_refused_and_told_the_first_one_s_process(tmp_path: Path) -> None:
    first, second = HostLock("b1", tmp_path), HostLock("b1", tmp_path)
    first.acquire()
    with pytest.raises(BusBusyError, match=rf"bus b1 belongs to process {os.getpid()}\b"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_an_owner_stays_the_owner(tmp_path: Path) -> None:
    lock = HostLock("b1", tmp_path)
    lock.acquire()
    lock.acquire()
    lock.release()


def test_buses_with_odd_names_have_locks_of_their_own(tmp_path: Path) -> None:
    locks = [HostLock(name, tmp_path / "locks") for name in ("a/b", "a b", "甲")]
    for lock in locks:
        lock.acquire()
    assert len(list((tmp_path / "locks").iterdir())) == 3
    for lock in locks:
        lock.release()


def test_a_lock_that_cannot_be_made_is_told_with_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BusBusyError, match=r"cannot be opened: .*KILOWATCH_LOCK_DIR"):
        HostLock("b1", tmp_path / "file").acquire()


def test_the_lock_of_another_account_is_taken_without_writing_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b1.lock").write_text("12345", "ascii")
    really = os.open

    def as_a_stranger(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(13, "Permission denied")
        return really(path, flags, mode)

    monkeypatch.setattr(os, "open", as_a_stranger)
    first, second = HostLock("b1", tmp_path), HostLock("b1", tmp_path)
    first.acquire()
    with pytest.raises(BusBusyError, match="bus b1 belongs to"):
        second.acquire()
    first.release()
    assert (tmp_path / "b1.lock").read_text("ascii") == "12345"
