"""Who is heard without being in the archive: told by address, bounded, and forgotten once taken."""

from collectors.strangers import Strangers
from pipeline.ports import Unmatched
from tests.unit.collectors.toy import START


def test_an_address_that_is_not_filed_is_told_with_what_it_said() -> None:
    strangers = Strangers("b1", ["000000000007", "12"])
    for address in ("000000000008", "7", "000000000012"):
        strangers.hear(address, b"said")
    told = Unmatched(
        received_at=START, source="b1", reason="unknown device", key="000000000008", payload=b"said"
    )
    assert strangers.take(START) == [told]
    assert strangers.take(START) == []


def test_what_nobody_takes_stays_bounded() -> None:
    strangers = Strangers("b1")
    for number in range(5000):
        strangers.hear(str(number), b"")
    assert len(strangers.take(START)) == 1000


def test_address_zero_is_an_address() -> None:
    strangers = Strangers("b1", ["000000000000"])
    strangers.hear("0", b"")
    assert strangers.take(START) == []
