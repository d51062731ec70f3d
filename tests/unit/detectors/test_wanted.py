from detectors.catalogue import about, detectors
from detectors.suppression import OUTAGE
from detectors.wanted import wanted


def test_events_are_loaded_for_a_rule_that_an_outage_explains() -> None:
    assert not about("voltage_loss").needs.events
    assert OUTAGE in about("voltage_loss").suppressed_by
    assert wanted(["voltage_loss"]).events


def test_what_all_rules_look_at_together_is_loaded_once() -> None:
    every = wanted()
    for name in detectors.all():
        own = wanted([name])
        assert set(own.quantities) <= set(every.quantities)
        assert set(own.registers) <= set(every.registers)
    assert len(set(every.quantities)) == len(every.quantities)
