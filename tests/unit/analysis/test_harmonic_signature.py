"""What kind of load a spectrum looks like."""

import pytest

from analysis.harmonic_signature import signature


def ideal(step: int) -> dict[int, float]:
    return {h: 100.0 / h for h in range(2, 26) if h % step in {1, step - 1}}


@pytest.mark.parametrize(
    ("spectrum", "dominant", "kind"),
    [
        (ideal(6), 5, "six_pulse"),
        (ideal(12), 11, "twelve_pulse"),
        ({3: 60.0, 5: 30.0, 7: 15.0, 9: 10.0}, 3, "single_phase"),
        ({2: 30.0, 3: 10.0, 4: 15.0, 5: 10.0}, 2, "even"),
        ({3: 20.0, 5: 20.5, 7: 5.0, 11: 8.0}, 5, "mixed"),
        ({17: 1.0}, 17, "six_pulse"),
    ],
)
def test_a_spectrum_tells_its_kind(spectrum: dict[int, float], dominant: int, kind: str) -> None:
    found = signature(spectrum)
    assert found is not None
    assert (found.dominant, found.kind) == (dominant, kind)
    scaled = signature({h: 3.0 * a for h, a in spectrum.items()})
    assert scaled is not None
    assert scaled.kind == found.kind
    assert scaled.kind_share == pytest.approx(found.kind_share)


def test_the_dominant_orders_share_is_of_squares() -> None:
    found = signature({5: 4.0, 7: 3.0})
    assert found is not None
    assert found.dominant_share == pytest.approx(0.64)
    assert found.kind_share == 1.0


def test_no_current_has_no_signature() -> None:
    assert signature({}) is None
    assert signature({5: 0.0}) is None
