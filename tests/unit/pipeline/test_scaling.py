"""A foreign field's meaning: a quantity and a factor, or a sentence that says what to write."""

import pytest

from pipeline.quantities import Quantity
from pipeline.scaling import Scaled, parse_scaled


def test_a_quantity_stands_alone_or_with_its_factor() -> None:
    assert parse_scaled("voltage_a") == Scaled(Quantity.VOLTAGE_A, 1.0)
    assert parse_scaled(" active_power*1e-3 ") == Scaled(Quantity.ACTIVE_POWER, 0.001)


@pytest.mark.parametrize("text", ["", "watts", "status_words", "voltage_highest_at", "* 2"])
def test_what_is_no_number_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        parse_scaled(text)


@pytest.mark.parametrize("factor", ["", "x", "0", "nan", "inf", "1 * 2"])
def test_a_factor_that_is_none_is_refused(factor: str) -> None:
    with pytest.raises(ValueError, match="is no factor"):
        parse_scaled(f"active_power * {factor}")
