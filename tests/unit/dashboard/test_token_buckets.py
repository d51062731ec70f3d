"""So many at once, then an even rate; each caller for itself."""

from __future__ import annotations

import pytest

from dashboard.token_buckets import Rate, TokenBuckets


def test_a_burst_passes_then_one_waits_for_the_next_token() -> None:
    buckets = TokenBuckets(Rate(per_s=2.0, burst=3))
    assert [buckets.wait_s("a", 100.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.wait_s("a", 100.0) == pytest.approx(0.5)
    assert buckets.wait_s("a", 100.4) == pytest.approx(0.1)
    assert buckets.wait_s("a", 100.5) == 0.0


def test_being_refused_costs_no_token() -> None:
    buckets = TokenBuckets(Rate(per_s=1.0, burst=1))
    buckets.wait_s("a", 0.0)
    for n in range(100):
        assert buckets.wait_s("a", n / 200) > 0
    assert buckets.wait_s("a", 1.0) == 0.0


def test_in_the_long_run_the_rate_holds() -> None:
    buckets = TokenBuckets(Rate(per_s=5.0, burst=10))
    granted = sum(buckets.wait_s("a", n / 100) == 0.0 for n in range(6000))
    assert granted == pytest.approx(60 * 5 + 10, abs=1)


def test_callers_do_not_share_a_bucket() -> None:
    buckets = TokenBuckets(Rate(per_s=1.0, burst=1))
    assert buckets.wait_s("a", 0.0) == 0.0
    assert buckets.wait_s("b", 0.0) == 0.0


def test_ever_new_callers_take_no_ever_growing_room() -> None:
    buckets = TokenBuckets(Rate(per_s=1.0, burst=1), most_keys=100)
    for n in range(1000):
        assert buckets.wait_s(str(n), 0.0) == 0.0
    assert len(buckets) == 100
