from pathlib import Path

import pytest

from collectors.bus_claim import BusClaim
from collectors.host_lock import HostLock
from pipeline.errors import BusBusyError


class Elsewhere:
    """A lease that another host holds, or not."""

    def __init__(self) -> None:
        self.taken = True

    def require(self, bus: str) -> None:
        if self.taken:
            raise BusBusyError(f"bus {bus} belongs to another host")

    def is_elsewhere(self, bus: str) -> bool:
        return bus == "b1" and self.taken


def test_both_host_lock_and_lease_are_needed(tmp_path: Path) -> None:
    lease = Elsewhere()
    claim = BusClaim("b1", tmp_path, lease)
    with pytest.raises(BusBusyError, match="another host"):
        claim.acquire()
    assert claim.is_elsewhere
    lease.taken = False
    claim.acquire()
    assert not claim.is_elsewhere
    claim.release()


def test_whoever_stands_by_for_another_host_does_it_alone_on_this_one(tmp_path: Path) -> None:
    claim = BusClaim("b1", tmp_path, Elsewhere())
    with pytest.raises(BusBusyError, match="another host"):
        claim.acquire()
    with pytest.raises(BusBusyError, match="belongs to process"):
        HostLock("b1", tmp_path).acquire()
    claim.release()
    free = HostLock("b1", tmp_path)
    free.acquire()
    free.release()


def test_without_an_archive_the_host_lock_alone_decides(tmp_path: Path) -> None:
    claim = BusClaim("b1", tmp_path)
    claim.acquire()
    assert not claim.is_elsewhere
    claim.release()
