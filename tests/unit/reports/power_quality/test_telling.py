from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.power_quality.judgement import Compliance, Judgement, Reason
from reports.power_quality.telling import Telling, decimals_apart

EN = Telling(language="en", zone=ZoneInfo("Asia/Shanghai"))
ZH = Telling(language="zh", zone=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("value", "against", "told"),
    [
        (3.2, 3.2, "3.2"),
        (3.20004, 3.2, "3.20004"),
        (3.2049, 3.2, "3.205"),
        (0.0, None, "0"),
        (123456.0, None, "123456"),
        (0.000012344, None, "0.00001234"),
        (float("nan"), None, "–"),
        (None, None, "–"),
    ],
)
def test_a_figure_never_looks_equal_to_a_limit_that_it_is_not(
    value: float | None, against: float | None, told: str
) -> None:
    shown = EN.number(value, against)
    assert float(shown or "nan") == float(told) if told != "–" else shown == told


def test_a_limit_is_told_with_the_decimals_that_its_value_needs() -> None:
    # T19 of the reference: the limit is 12.599210 A; a value just above it must not look smaller than "12.6".
    assert (EN.number(12.59923, 12.59921), EN.number(12.59921, 12.59923)) == ("12.59923", "12.59921")
    assert (EN.number(0.34671, 12.59921), EN.number(12.59921, 0.34671)) == ("0.3467", "12.6")


def test_a_row_of_a_table_has_two_decimals_unless_a_value_would_look_like_its_limit() -> None:
    assert decimals_apart([3.6, 1.1], 4.0, 2) == 2
    assert decimals_apart([3.201, 1.1], 3.2, 2) == 3
    assert decimals_apart([3.2, float("nan")], 3.2, 2) == 2


def test_a_share_is_cut_and_not_rounded_up() -> None:
    assert (EN.percent(0.99999), EN.percent(1.0), EN.percent(0.7682)) == ("99.9 %", "100.0 %", "76.8 %")


def test_times_are_those_of_the_place() -> None:
    assert EN.time(datetime(2026, 6, 5, 16, 5, tzinfo=UTC)) == "2026-06-06 00:05"


def test_a_band_is_told_by_both_ends() -> None:
    judgement = Judgement(
        check="voltage_deviation", verdict=Compliance.VIOLATING, value=-10.00004, limit=7.0, low_limit=-10.0
    )
    assert EN.limits(judgement) == "-10 … 7"
    assert float(EN.value(judgement)) < -10.0


def test_what_single_precision_leaves_of_a_limit_is_told_as_the_limit() -> None:
    kept = float(np.float32(3.2))
    assert kept > 3.2
    assert (EN.number(kept, 3.2), EN.number(3.2, kept)) == ("3.2", "3.2")
    assert decimals_apart([kept], 3.2, 2) == 2
    assert EN.number(3.20004, 3.2) == "3.20004"


def test_a_quantity_in_a_reason_is_called_by_its_name() -> None:
    judgement = Judgement(
        check="harmonic_voltage",
        verdict=Compliance.NOT_APPLICABLE,
        reasons=(Reason(key="absent", parameters={"quantity": "voltage_thd_a"}),),
    )
    assert EN.reasons(judgement) == "the meter does not give voltage THD A"
    assert ZH.reasons(judgement) == "电能表不提供 A 相电压总畸变率"
