"""The detector catalogue against what can be planted: each of its numbers has a fault that it must find."""

from simulators.faults.deed import deeds
from simulators.faults.detector_numbers import DETECTORS
from simulators.fleet.build import fleet_names, load_fleet

WITHOUT_DEED = {
    "D27": "attribution is judged by the thieves of D21 to D25 in an area, not by a fault of its own",
    "D32": "validation is judged by quality files, whose faults are in the file and not in a meter",
    "D34": "fusion ranks the episodes of the others",
}


def test_every_number_of_the_catalogue_has_a_deed_or_a_reason() -> None:
    found = {DETECTORS[name] for deed in deeds.all().values() for name in (deed.detector, *deed.also)}
    numbers = {f"D{number:02d}" for number in range(1, 35)}
    assert numbers - found == set(WITHOUT_DEED)


def test_a_number_stands_for_one_detector() -> None:
    numbers = [number for number in DETECTORS.values() if number is not None]
    assert len(numbers) == len(set(numbers))


def test_the_ready_fleets_plant_every_deed() -> None:
    planted = {fault.deed for name in fleet_names() for fault in load_fleet(name).faults}
    assert planted == set(deeds.all())
