from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.functions import Function2007
from protocols.dlt645.request import reading, reading_present, sent
from protocols.dlt645.version import VERSION_1997, VERSION_2007

DECODER = Decoder(Wiring.THREE_PHASE_FOUR_WIRE, DEFAULT_ZONE)
ENERGY = bytes.fromhex("00000100")
CLOCK = bytes.fromhex("0C010004")


def test_data_goes_out_with_33h_added_behind_code_and_length() -> None:
    request = sent(Function2007.READ, ENERGY, VERSION_2007)
    assert request.sent == bytes.fromhex("11 04 33 33 34 33")


def test_the_checksum_is_the_sum_from_the_first_68h_on() -> None:
    # DL/T 645-2007, 68 42 00 31 08 19 20 68 11 04 33 33 34 33 CS 16: written out and added by hand.
    head = bytes.fromhex("68 42 00 31 08 19 20 68")
    assert reading_present(ENERGY, DECODER, VERSION_2007).closing(sum(head)) == bytes.fromhex("66 16")


def test_the_answer_with_a_present_value_is_known_up_to_its_digits() -> None:
    # 00010000 answered: D7 of the control code is set, four bytes of digits follow the identifier.
    assert reading_present(ENERGY, DECODER, VERSION_2007).answer == bytes.fromhex("91 08 33 33 34 33")


def test_a_present_value_is_read_with_its_prepared_fields() -> None:
    request = reading_present(ENERGY, DECODER, VERSION_2007)
    assert request.identifier == ENERGY
    assert [slot.quantity for slot in request.slots] == [Quantity.ACTIVE_ENERGY_IMPORT]
    assert reading_present(ENERGY, DECODER, VERSION_2007) is request


def test_a_clock_is_no_plain_value() -> None:
    request = reading_present(CLOCK, DECODER, VERSION_2007)
    assert request.identifier == CLOCK
    assert request.slots == ()
    assert request.answer == b""


def test_the_next_part_of_an_answer_is_no_plain_value() -> None:
    request = reading(Function2007.READ_FOLLOWING, ENERGY, DECODER, VERSION_2007)
    assert request.identifier == ENERGY
    assert request.answer == b""


def test_what_does_not_ask_is_an_order() -> None:
    assert sent(Function2007.WRITE, ENERGY, VERSION_2007).is_order
    assert not sent(Function2007.READ_FOLLOWING, ENERGY, VERSION_2007).is_order


def test_the_editions_take_identifiers_of_their_own_length() -> None:
    assert reading_present(bytes.fromhex("1090"), DECODER, VERSION_1997).identifier == bytes.fromhex("1090")
