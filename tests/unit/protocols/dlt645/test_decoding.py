"""What the bytes of an answer become: values, flags, and nothing where the meter has nothing."""

from datetime import UTC, datetime

from pipeline.model import Quality
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.version import VERSION_2007
from protocols.session import Answer
from tests.unit.protocols.dlt645.conversation import (
    answer,
    events,
    query,
    session,
    values,
)

DATE, TIME, DATE_AND_TIME = VERSION_2007.date, VERSION_2007.time, bytes.fromhex("0C010004")
Q = Quantity


def test_the_answer_of_figure_nine_becomes_a_value() -> None:
    raw = bytes.fromhex("68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16")
    [event] = events(session(), "00010000", raw)
    assert event == Answer(query=query("00010000"), raw=raw, values={Q.ACTIVE_ENERGY_IMPORT: 123456.78})


def test_a_block_of_a_real_meter_gives_total_and_rates() -> None:
    raw = bytes.fromhex(
        "68 00 36 19 00 00 00 68 91 18 33 32 34 33 63 69 33 33 89 35 33 33 4C 33 33 33 6B 33 33 33"
        "4A 66 33 33 E9 16"
    )
    [event] = events(session(address="193600"), "0001FF00", raw)
    assert isinstance(event, Answer)
    assert list(event.values.values()) == [36.30, 2.56, 0.19, 0.38, 33.17]
    assert Q.ACTIVE_ENERGY_IMPORT_T4 in event.values


def test_absent_phases_have_no_entry() -> None:
    raw = bytes.fromhex("68 12 00 00 00 10 20 68 91 0A 33 32 34 35 89 55 32 32 32 32 21 16")
    [event] = events(session(address="201000000012"), "0201FF00", raw)
    assert isinstance(event, Answer)
    assert event.values == {Q.VOLTAGE_A: 225.6}
    assert event.flags == {}


def test_nines_in_front_are_no_sign_where_the_standard_names_none() -> None:
    assert values("00010000", "78563492") == {Q.ACTIVE_ENERGY_IMPORT: 923456.78}
    assert values("00000000", "50500080") == {Q.ACTIVE_ENERGY_COMBINED: -50.5}


def test_a_bad_digit_costs_only_its_own_value() -> None:
    [event] = events(session(), "0201FF00", answer("0201FF00", "0022 1A22 0223"))
    assert isinstance(event, Answer)
    assert event.values == {Q.VOLTAGE_A: 220.0, Q.VOLTAGE_C: 230.2}
    assert event.flags == {Q.VOLTAGE_B: Quality.NOT_BCD}


def test_a_trailing_aa_of_a_block_is_no_value() -> None:
    assert values("0201FF00", "0022 0122 0223 AA")[Q.VOLTAGE_C] == 230.2


def test_a_three_wire_meter_has_line_voltages() -> None:
    found = values("0201FF00", "0210 0000 9809", Wiring.THREE_PHASE_THREE_WIRE)
    assert found == {Q.VOLTAGE_AB: 100.2, Q.VOLTAGE_BC: 99.8}


def test_a_single_phase_meter_has_no_phase_b_even_when_it_sends_zero() -> None:
    assert values("0201FF00", "0323 0000 0000", Wiring.ONE_PHASE) == {Q.VOLTAGE_A: 230.3}


def test_the_time_of_a_maximum_demand_is_posix_seconds() -> None:
    found = values("01010000", "563412 3012250925")
    at = datetime(2025, 9, 25, 4, 30, tzinfo=UTC).timestamp()
    assert found == {Q.MAX_DEMAND_IMPORT: 12.3456, Q.MAX_DEMAND_IMPORT_AT: at}
    assert Q.MAX_DEMAND_IMPORT_AT not in values("01010000", "000000 0000000000")


def test_status_words_come_as_one_tuple() -> None:
    found = values("040005FF", "0400 0100 1000 0100 0200 0400 0300")
    assert found == {Q.STATUS_WORDS: (4.0, 1.0, 16.0, 1.0, 2.0, 4.0, 3.0)}


def test_harmonics_are_indexed_by_their_order() -> None:
    content = "9999" + "7400" + "1101" + "0000" * 18
    spectrum = values("020A01FF", content)[Q.VOLTAGE_HARMONIC_A]
    assert isinstance(spectrum, tuple)
    assert len(spectrum) == 22
    assert spectrum[2:4] == (0.74, 1.11)


def test_combined_reactive_energy_is_never_taken_for_import() -> None:
    assert values("00030000", "26000100") == {}
