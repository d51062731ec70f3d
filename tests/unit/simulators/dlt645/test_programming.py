import pytest

from pipeline.events import EventKind
from simulators.dlt645.parameters import Parameters
from simulators.dlt645.programming import before, kinds_of, programming_of
from tests.unit.simulators.dlt645.bench import wire


@pytest.mark.parametrize(
    ("di", "kind"),
    [
        ("04010000", EventKind.ZONE_TABLE_PROGRAMMING),
        ("04020003", EventKind.PERIOD_TABLE_PROGRAMMING),
        ("04000801", EventKind.WEEKEND_PROGRAMMING),
        ("04000602", EventKind.REACTIVE_COMBINATION_1_PROGRAMMING),
        ("04000B02", EventKind.SETTLEMENT_DAY_PROGRAMMING),
        ("04000103", None),
    ],
)
def test_some_parameters_have_records_of_their_own(di: str, kind: EventKind | None) -> None:
    found = programming_of(wire(di))
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(("di", "length"), [("04010001", 16 * 42), ("04010000", 2 * 42), ("04000B01", 6)])
def test_all_of_a_kind_is_kept_as_it_stood_before(di: str, length: int) -> None:
    found = programming_of(wire(di))
    assert found is not None
    assert len(before(found, Parameters())) == length


@pytest.mark.parametrize(
    ("which", "kinds"),
    [
        ("ff000103", {EventKind.VOLTAGE_LOSS}),
        ("ffff0103", {EventKind.VOLTAGE_LOSS}),
        ("ff043003", {EventKind.CLOCK_SET}),
        ("ff00001d", {EventKind.RELAY_TRIP}),
        ("ff000010", {EventKind.VOLTAGE_LOSS}),
        ("ff00ff09", set()),
        ("ff007703", set()),
    ],
)
def test_an_identifier_names_the_kinds_to_clear(which: str, kinds: set[EventKind]) -> None:
    assert kinds_of(bytes.fromhex(which)) == kinds


def test_all_programming_is_cleared_at_once() -> None:
    kinds = kinds_of(bytes.fromhex("ffff3003"))
    assert {EventKind.PROGRAMMING, EventKind.CLOCK_SET, EventKind.COVER_OPEN} <= kinds
    assert EventKind.POWER_DOWN not in kinds
