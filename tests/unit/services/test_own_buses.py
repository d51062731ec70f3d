from services.own_buses import is_meant


def test_a_bus_is_meant_by_any_of_the_patterns_and_its_exact_name() -> None:
    assert is_meant("north-7", "south-*, north-?")
    assert is_meant("north-7", "north-7")
    assert not is_meant("north-17", "south-*, north-?")
    assert not is_meant("North-7", "north-*")


def test_without_patterns_every_bus_is_meant() -> None:
    assert is_meant("north-7", None)
