"""The number of each of many quantities."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.quantities import Quantity
from pipeline.quantity_numbers import NUMBER_OF, numbers_of


def test_every_quantity_has_the_number_of_its_place_in_the_vocabulary() -> None:
    given = [*Quantity, *reversed(Quantity)]
    places = range(len(Quantity))
    assert numbers_of(given, len(given)).tolist() == [*places, *reversed(places)]


def test_a_name_that_is_equal_but_another_object_has_the_same_number() -> None:
    name = cast("Quantity", "voltage_a")
    given = [Quantity.CURRENT_A, name, Quantity.VOLTAGE_B]
    wanted = [NUMBER_OF[q] for q in (Quantity.CURRENT_A, Quantity.VOLTAGE_A, Quantity.VOLTAGE_B)]
    assert numbers_of(given, 3).tolist() == wanted


def test_what_is_no_quantity_is_refused() -> None:
    with pytest.raises(KeyError, match="voltage_z"):
        numbers_of([Quantity.VOLTAGE_A, cast("Quantity", "voltage_z")], 2)


def test_of_nothing_there_are_no_numbers() -> None:
    assert numbers_of([], 0).tolist() == []
