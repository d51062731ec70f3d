"""What a bus has done: exchanges by their end, and the share of time that it was used."""

from collectors.exchange import unasked
from collectors.tally import Tally
from pipeline.coverage import Cause
from protocols.session import Answer, DropReason, Query
from tests.unit.collectors.toy import START

QUESTION = Query(what="V", body=b"V", answer_bytes=9)


def test_exchanges_are_counted_by_their_end_and_time_by_its_use() -> None:
    tally = Tally()
    silent = unasked(Cause.NO_ANSWER, "", START)._replace(attempts=3, dropped={DropReason.NOISE: 2})
    tally.count(silent)
    tally.count(silent._replace(event=Answer(query=QUESTION, raw=b""), attempts=1))
    tally.spend(10.0, 13.0)
    tally.spend(19.0, 20.0)
    told = tally.counters("b1", opened=1, silent=2)
    assert (told.exchanges, told.answered, told.refused, told.retries) == (2, 1, 0, 2)
    assert told.dropped == {DropReason.NOISE: 4}
    assert (told.busy_s, told.watched_s, told.use) == (4.0, 10.0, 0.4)
    assert (told.bus, told.opened, told.silent) == ("b1", 1, 2)


def test_a_bus_without_an_exchange_has_no_use() -> None:
    assert Tally().counters("b1", opened=0, silent=0).use is None
