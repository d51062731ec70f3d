from dataclasses import replace
from datetime import UTC, datetime

from analysis.suspension_check import Outcome, outcome_of
from pipeline.contracts import Suspension
from pipeline.model import Verdict

FROM, LOAD = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 4, 9, tzinfo=UTC)
STOP = Suspension(id="S", service_point="P", starts_at=FROM, ends_at=datetime(2026, 3, 20, tzinfo=UTC))
N, A, U = Verdict.NORMAL, Verdict.ABNORMAL, Verdict.UNKNOWN


def test_a_tail_of_load_after_days_that_were_kept_is_an_early_return() -> None:
    assert outcome_of(STOP, [N, N, N, A, A, A], LOAD) is Outcome.RESTORED_EARLY
    assert outcome_of(STOP, [N, N, N, A, U, A], LOAD) is Outcome.RESTORED_EARLY


def test_load_now_and_then_or_from_the_first_day_is_drawing() -> None:
    assert outcome_of(STOP, [N, A, N, A, A], LOAD) is Outcome.DRAWING
    assert outcome_of(STOP, [A, A, A], LOAD) is Outcome.DRAWING
    assert outcome_of(STOP, [N, N, A], LOAD) is Outcome.DRAWING


def test_units_unsealed_before_the_load_were_restored_early() -> None:
    unsealed = replace(STOP, unsealed_at=LOAD)
    assert outcome_of(unsealed, [A, N, A], LOAD) is Outcome.RESTORED_EARLY
    later = replace(STOP, unsealed_at=datetime(2026, 3, 5, tzinfo=UTC))
    assert outcome_of(later, [A, N, A], LOAD) is Outcome.DRAWING


def test_without_load_the_days_decide() -> None:
    assert outcome_of(STOP, [N, N], None) is Outcome.KEPT
    assert outcome_of(STOP, [N, U], None) is Outcome.UNKNOWN
    assert outcome_of(STOP, [], None) is Outcome.UNKNOWN
