"""A figure in a report never looks like the limit it exceeds."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from reports.power_quality.telling import Telling, decimals_apart

EN = Telling(language="en", zone=ZoneInfo("UTC"))
LIMITS = st.sampled_from([0.16, 1.6, 2.0, 3.2, 4.0, 7.0, 12.599210498948732, 50.2, 10_700.0])
# Meters show 0.01 %, instruments 0.001 %: finer than either, yet more than AT_REST calls equal.
APART = st.floats(2e-6, 10.0) | st.floats(-0.99, -2e-6)


@given(limit=LIMITS, apart=APART)
def test_a_value_apart_from_its_limit_is_told_apart_from_it(limit: float, apart: float) -> None:
    value = limit * (1.0 + apart)
    assume(value != limit)
    told, of_limit = EN.number(value, limit), EN.number(limit, value)
    assert told != of_limit
    assert (float(told) > float(of_limit)) == (value > limit)


@given(limit=LIMITS, apart=st.lists(APART, min_size=1, max_size=12))
def test_values_in_a_row_are_told_on_their_side_of_its_limit(limit: float, apart: list[float]) -> None:
    values = [limit * (1.0 + part) for part in apart]
    decimals = decimals_apart(values, limit, 2)
    of_limit = float(EN.fixed(limit, decimals))
    for value in values:
        assert value == limit or (float(EN.fixed(value, decimals)) > of_limit) == (value > limit)


@given(value=st.floats(-1e9, 1e9))
def test_a_figure_is_told_to_four_digits_without_an_exponent(value: float) -> None:
    told = EN.number(value)
    assert "e" not in told
    assert abs(float(told) - value) <= 5.1e-4 * abs(value) + 1e-12


@given(share=st.floats(0.0, 1.0))
def test_a_share_is_never_told_greater_than_it_is(share: float) -> None:
    told = float(EN.percent(share).removesuffix(" %"))
    assert told <= 100.0 * share + 1e-6
    assert (told == 100.0) == (share > 1.0 - 1e-9)
