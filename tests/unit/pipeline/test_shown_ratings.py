from __future__ import annotations

from pipeline.intervals import most_per_hour
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Ratio, Registry
from pipeline.shown_ratings import as_shown

FEEDER, HOUSE = MeterId("feeder"), MeterId("house")
ARCHIVE = Registry(
    meters=[Meter(id=FEEDER, max_current_a=6.0), Meter(id=HOUSE)],
    installations=[
        Installation(meter=FEEDER, profile="shows_primary"),
        Installation(meter=HOUSE, profile="x"),
    ],
    ratios=[
        Ratio(meter=FEEDER, ct=100.0, pt=10.0),
        Ratio(meter=FEEDER, ct=200.0, pt=10.0),
        Ratio(meter=HOUSE, ct=20.0),
    ],
)


def test_a_meter_that_shows_primary_values_is_rated_on_the_primary_side() -> None:
    shown = as_shown(ARCHIVE, {"shows_primary"}).meter_by_id
    assert (shown[FEEDER].max_current_a, shown[FEEDER].rated_voltage_v) == (1200.0, 2200.0)
    assert most_per_hour(shown[FEEDER]) == 2000 * most_per_hour(ARCHIVE.meter_by_id[FEEDER])


def test_what_is_usual_is_put_on_the_primary_side_too() -> None:
    bare = Registry(
        meters=[Meter(id=FEEDER)], installations=ARCHIVE.installations, ratios=[Ratio(meter=FEEDER, ct=20.0)]
    )
    assert as_shown(bare, {"shows_primary"}).meter_by_id[FEEDER].most_current_a == 1200.0


def test_a_meter_that_shows_secondary_values_keeps_its_plate() -> None:
    assert as_shown(ARCHIVE, {"shows_primary"}).meter_by_id[HOUSE] == Meter(id=HOUSE)
    assert as_shown(ARCHIVE, ()) == ARCHIVE


def test_without_a_ratio_the_plate_is_the_primary_side() -> None:
    direct = Registry(meters=ARCHIVE.meters, installations=ARCHIVE.installations)
    assert as_shown(direct, {"shows_primary"}) == direct
