from detectors.usage.tariff_prices import usual_tariff


def test_the_usual_tariff_is_that_of_most_contracts() -> None:
    assert usual_tariff(["b", "a", None, "b"]) == "b"
    assert usual_tariff(["b", "a"]) == "a"
    assert usual_tariff([None]) is None
