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
