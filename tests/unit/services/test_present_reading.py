import json
from datetime import UTC, datetime
from math import nan

from collectors.targets import MeterRead
from pipeline.coverage import Cause
from pipeline.model import MeterId, Quality, Snapshot
from pipeline.quantities import Quantity
from services.present_reading import as_json, from_json, present_reading

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read(snapshot: Snapshot | None, cause: Cause | None, failure: str = "") -> MeterRead:
    return MeterRead(
        bus="b1",
        meter=MeterId("M1"),
        slot_at=None,
        schedules=(),
        snapshot=snapshot,
        cause=cause,
        attempts=2,
        failure=failure,
        deviations=("answers late",),
    )


def test_a_reading_passes_through_the_database_unchanged() -> None:
    snapshot = Snapshot(
        meter=MeterId("M1"),
        taken_at=AT,
        received_at=AT,
        values={Quantity.VOLTAGE_A: 230.1, Quantity.VOLTAGE_HARMONIC_A: (0.0, 100.0, 1.5)},
        quality=Quality.PARTIAL,
        flags={Quantity.VOLTAGE_A: Quality.PARTIAL},
    )
    told = present_reading(read(snapshot, Cause.REFUSED, "no such data"))
    assert told.failure == "refused: no such data"
    assert from_json(json.loads(json.dumps(as_json(told)))) == told


def test_a_meter_that_gave_nothing_says_why() -> None:
    told = present_reading(read(None, Cause.NO_ANSWER, "-"))
    assert from_json(json.loads(json.dumps(as_json(told)))) == told
    assert told.snapshot is None


def test_orders_that_a_spectrum_lacks_pass_as_json_that_every_database_takes() -> None:
    snapshot = Snapshot(
        meter=MeterId("M1"),
        taken_at=AT,
        received_at=AT,
        values={Quantity.VOLTAGE_HARMONIC_A: (nan, 100.0)},
        quality=Quality(0),
    )
    text = json.dumps(as_json(present_reading(read(snapshot, None))), allow_nan=False)
    back = from_json(json.loads(text)).snapshot
    assert back is not None
    assert str(back.values[Quantity.VOLTAGE_HARMONIC_A]) == "(nan, 100.0)"
