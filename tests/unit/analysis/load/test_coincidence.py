from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analysis.load.blocks import Blocks, demand_blocks
from analysis.load.coincidence import coincidence
from pipeline.timegrid import slot_grid

AT = datetime(2026, 3, 1, tzinfo=UTC)
NAN = np.nan


def _blocks(*kw: float) -> Blocks:
    at = slot_grid(AT, AT + timedelta(minutes=15 * len(kw)), 15)
    return demand_blocks(np.array(kw) / 4.0, at, 15)


def test_three_members_by_hand() -> None:
    # Sums of the blocks: 16, 24, 22. Maxima: 10 + 12 + 8 = 30. Coincidence 24 / 30 = 0.8, diversity 1.25.
    found = coincidence({"a": _blocks(10, 6, 2), "b": _blocks(4, 10, 12), "c": _blocks(2, 8, 8)})
    assert found is not None
    assert found.maximum_kw == 24.0
    assert found.maximum_at == AT + timedelta(minutes=15)
    assert found.sum_of_maxima_kw == 30.0
    assert found.coincidence == 0.8
    assert found.diversity == 1.25
    assert found.coverage == 1.0
    shares = {name: member.peak_coincidence for name, member in found.members.items()}
    assert shares == {"a": pytest.approx(0.6), "b": pytest.approx(10 / 12), "c": 1.0}
    assert found.members["a"].maximum_at == AT
    assert found.members["a"].at_group_peak_kw == 6.0


def test_only_blocks_known_of_all_members_count() -> None:
    # Where b is missing nothing is compared: a's 50 kW are left out, for the sum cannot peak there.
    found = coincidence({"a": _blocks(50, 6, 2), "b": _blocks(NAN, 3, 5)})
    assert found is not None
    assert found.coverage == pytest.approx(2 / 3)
    assert found.members["a"].maximum_kw == 6.0
    assert found.coincidence == 9.0 / 11.0


def test_members_never_known_together_have_none() -> None:
    assert coincidence({"a": _blocks(1, NAN), "b": _blocks(NAN, 1)}) is None
    assert coincidence({}) is None


def test_a_member_that_never_drew_has_no_share() -> None:
    found = coincidence({"a": _blocks(1, 2), "b": _blocks(0, 0)})
    assert found is not None
    assert found.members["b"].peak_coincidence is None
    assert found.coincidence == 1.0


def test_who_draws_nothing_together_has_no_coincidence() -> None:
    found = coincidence({"a": _blocks(0, 0), "b": _blocks(0, 0)})
    assert found is not None
    assert (found.coincidence, found.diversity) == (None, None)
