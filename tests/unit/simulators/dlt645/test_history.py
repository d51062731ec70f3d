from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from pipeline.quantities import Quantity
from simulators.dlt645.history import REACH, History
from simulators.dlt645.measuring import Measuring
from simulators.dlt645.steps import STEP
from simulators.dlt645.traits import STANDARD
from tests.unit.simulators.dlt645.bench import NOW, Load


class Seen:
    def __init__(self) -> None:
        self.at: list[tuple[datetime, bool]] = []

    def observe(self, at: datetime, shown: Mapping[Quantity, float], *, is_step: bool) -> None:
        assert shown
        self.at.append((at, is_step))


class Eventful(Load):
    def changes(self, starts_at: datetime, ends_at: datetime) -> Iterable[datetime]:
        at = NOW - timedelta(minutes=52)
        return [at] if starts_at <= at < ends_at else []


def test_every_quarter_of_an_hour_is_seen_once_and_the_present_too() -> None:
    seen = Seen()
    history = History(Measuring(Load(), STANDARD), NOW - timedelta(hours=1), (seen,))
    history.advance(NOW)
    history.advance(NOW + timedelta(minutes=11))
    steps = [at for at, is_step in seen.at if is_step]
    assert steps[0] == NOW - timedelta(minutes=65)
    assert [b - a for a, b in pairwise(steps)] == [STEP] * (len(steps) - 1)
    assert [at for at, is_step in seen.at if not is_step] == [NOW, NOW + timedelta(minutes=11)]
    assert seen.at == sorted(seen.at)


def test_a_model_that_knows_when_something_happens_is_looked_at_then() -> None:
    seen = Seen()
    History(Measuring(Eventful(), STANDARD), NOW - timedelta(hours=1), (seen,)).advance(NOW)
    assert (NOW - timedelta(minutes=52), False) in seen.at
    assert seen.at == sorted(seen.at)


def test_it_looks_back_no_further_than_it_may() -> None:
    seen = Seen()
    History(Measuring(Load(), STANDARD), NOW - timedelta(days=900), (seen,)).advance(NOW)
    assert NOW - REACH - STEP < seen.at[0][0] <= NOW - REACH
