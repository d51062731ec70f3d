from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.describe import describe, describe_load_records, described_facts
from protocols.dlt645.records import LoadBlock, encode_block


def item(di: str) -> Item:
    found = lookup(bytes.fromhex(di)[::-1])
    assert found is not None
    return found


def told(di: str, content: str) -> list[tuple[str, str]]:
    return [(field.name, field.value) for field in describe(item(di), bytes.fromhex(content))]


def test_a_block_names_its_elements() -> None:
    assert told("0203FF00", "563412 000000 000000 ffffff") == [
        ("active power, total", "12.3456 kW"),
        ("active power, phase A", "0.0000 kW"),
        ("active power, phase B", "0.0000 kW"),
        ("active power, phase C", "-"),
    ]


def test_a_maximum_demand_and_its_time_have_names_of_their_own() -> None:
    assert described_facts(item("01010000"), bytes.fromhex("563412 3012250925")) == {
        "maximum forward active demand, total": "12.3456 kW",
        "maximum forward active demand at, total": "2025-09-25 12:30",
    }


def test_a_single_item_says_which_phase_tariff_and_period_it_is() -> None:
    assert told("02010200", "0022") == [("voltage, phase B", "220.0 V")]
    assert told("00010301", "01000000") == [("forward active energy, tariff 3, 1 periods ago", "0.01 kWh")]
    assert told("00290000", "01000000") == [("forward active energy, phase B", "0.01 kWh")]
    assert [zh.zh for zh in describe(item("00290000"), bytes.fromhex("01000000"))] == ["正向有功电能(B相)"]


def test_the_times_of_a_record_that_was_never_written_are_unset() -> None:
    assert told("03300001", "000000000000")[:1] == [("time", "unset 未设")]
    assert told("04000102", "000000") == [("time", "00:00:00")]  # midnight


def test_a_password_is_named_and_not_shown() -> None:
    assert told("04000C05", "04563412") == [("password of class 04", "******")]
    assert told("04000C01", "ffffffff") == [("password of class 00", "******")]


def test_text_reads_forwards_and_odd_digits_are_shown_as_they_came() -> None:
    assert told("04000404", "56302e303232") == [("rated voltage", "220.0V")]
    assert told("04000409", "00120a") == [("active constant", "00 12 0A imp/kWh")]


def test_bits_are_spelled_out() -> None:
    assert told("04000602", "05") == [("reactive combination word 1", "0x05 (+ quadrant I; + quadrant II)")]
    [(_, block), *_] = told("040005FF", "0400" + "0000" * 6)
    assert block == "0x0004 (demand by sliding blocks; clock battery low)"


def test_a_record_that_ends_early_or_goes_on_is_told_as_far_as_it_is_known() -> None:
    assert told("03110001", "000012250925") == [("start", "2025-09-25 12:00:00")]
    assert told("03110001", "000012250925 301512250925 0102")[-1] == ("further bytes", "01 02")


def test_a_trailing_aa_of_a_block_is_not_told() -> None:
    assert len(told("0201FF00", "002201220223AA")) == 3


def test_a_period_table_is_a_list_of_switches() -> None:
    # hhmmNN is one item and so low byte first: the tariff's number comes before the minutes.
    assert told("04010001", "010006 023012") == [
        ("tariff 1", "1"),
        ("from 1", "06:00"),
        ("tariff 2", "2"),
        ("from 2", "12:30"),
    ]


def test_load_records_are_told_block_by_block() -> None:
    stored_at = bytes.fromhex("0010250925")
    section = bytes.fromhex("78563412 00000000 11000000 22000000")
    payload = encode_block(LoadBlock(stored_at=stored_at, sections={4: section}), 4)
    assert [(field.name, field.value) for field in describe_load_records(payload, 4)] == [
        ("stored at", "2025-09-25 10:00"),
        ("active_energy_import", "123456.78 kWh"),
        ("active_energy_export", "0.00 kWh"),
        ("combined reactive energy 1, total", "0.11 kvarh"),
        ("combined reactive energy 2, total", "0.22 kvarh"),
    ]
