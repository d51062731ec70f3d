"""Records as one: cut to a month, joined, and at rest."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np

from analysis.power_quality.recorded import Recorded, Timed, joined, recorded_document, recorded_of
from analysis.power_quality.supply_events import SupplyEvent, SupplyKind
from pipeline.timegrid import to_numpy

AT = datetime(2026, 9, 1, tzinfo=UTC)
TEN = timedelta(minutes=10)


def event(at: datetime, duration_s: float | None = 0.11) -> SupplyEvent:
    return SupplyEvent(
        kind=SupplyKind.DIP,
        phases=("A", "B"),
        starts_at=at,
        duration_s=duration_s,
        residual_percent=70.0,
        source="waveform",
    )


def timed(begin: datetime, *values: object) -> Timed:
    at = to_numpy(begin) + np.arange(len(values)) * np.timedelta64(600, "s")
    return Timed(at=at, values=np.array(values, dtype=np.float64))


def told(recorded: Recorded) -> object:
    return recorded_document(recorded)


def test_what_is_kept_comes_back_as_it_was() -> None:
    whole = Recorded(
        names=["a.cfg"],
        events=[event(AT), event(AT + TEN, None)],
        flicker={"A": timed(AT, 0.5)},
        interharmonics={"A": timed(AT, [0.1, np.nan], [0.2, 0.3])},
        unbalance={"negative": timed(AT, 1.0, np.nan), "zero": timed(AT, 0.5, 0.25)},
    )
    again = recorded_of(json.loads(json.dumps(recorded_document(whole))))
    assert again.events == whole.events
    np.testing.assert_array_equal(again.interharmonics["A"].values, [[0.1, np.nan], [0.2, 0.3]])
    np.testing.assert_array_equal(again.unbalance["negative"].values, [1.0, np.nan])
    np.testing.assert_array_equal(again.unbalance["negative"].at, whole.unbalance["negative"].at)
    assert told(again) == told(whole)
    assert told(recorded_of(recorded_document(Recorded()))) == told(Recorded())


def test_a_month_takes_what_began_in_it() -> None:
    whole = Recorded(
        events=[event(AT - TEN), event(AT), event(AT + TEN)],
        flicker={"A": timed(AT - TEN, 0.1, 0.2, 0.3), "B": timed(AT - TEN, 0.4)},
    )
    cut = whole.within(AT, AT + TEN)
    assert [e.starts_at for e in cut.events] == [AT]
    assert cut.flicker["A"].values.tolist() == [0.2]
    assert "B" not in cut.flicker


def test_records_follow_one_another_and_the_later_one_counts_where_they_overlap() -> None:
    first = Recorded(
        names=["1"], events=[event(AT + TEN)], interharmonics={"A": timed(AT, [1.0, 2.0], [3.0, 4.0])}
    )
    second = Recorded(names=["2"], events=[event(AT)], interharmonics={"A": timed(AT + TEN, [5.0, 6.0, 7.0])})
    both = joined([first, second])
    assert both.names == ["1", "2"]
    assert [e.starts_at for e in both.events] == [AT, AT + TEN]
    np.testing.assert_array_equal(both.interharmonics["A"].values, [[1.0, 2.0, np.nan], [5.0, 6.0, 7.0]])
