"""Whatever stands in a tariff's nested parts, a file gives an archive or named problems, nothing else."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Problem
from pipeline.tariff import DayKind, Each, Period
from storage.registry_check import build_registry
from storage.registry_entries import Entry

KEYS = st.sampled_from(
    [
        *("item", "name_zh", "price", "prices", "months", "power_factor", "each", "spans", "days"),
        *("from", "to", "period", "above_kwh", "added", "demand_price", "waiving", "least_stop_days"),
        *(period.value for period in Period),
        *("1", "2", "x", ""),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 30),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from([*Period, *DayKind, *Each, "08:00", "24:00", "25:00", "0.5", "1e400", "NaN"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=12,
)
PARTS = st.sampled_from(["charges", "fixed", "schedules", "steps", "basic", "losses", "rates", "holidays"])


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(PARTS, VALUES, max_size=4), st.booleans())
def test_a_tariff_is_read_or_its_mistakes_are_named(parts: dict[str, object], as_cells: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    values: dict[str, object] = {"id": "T", **parts}
    if as_cells:  # as CSV has it
        with suppress(ValueError):
            values = {key: value if key == "id" else json.dumps(value) for key, value in values.items()}
    problems: list[Problem] = []
    entry = Entry(file="f", table="tariff", kind="tariff", number=1, line=1, values=values)
    registry = build_registry([entry], problems)
    assert len(registry.tariffs) == 1 or problems
    assert all(problem.table == "tariff" for problem in problems)
