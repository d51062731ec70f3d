"""The identifiers that short tables spell out, held against the lengths that the reference gives."""

import pytest

from pipeline.errors import ConfigError
from pipeline.events import EventKind
from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.families import family_rows
from protocols.dlt645.identifier_files import rows

PART = {"count": [["count", "次数", "XXXXXX", ""]]}


def item(di: str) -> Item:
    found = lookup(bytes.fromhex(di)[::-1])
    assert found is not None, di
    return found


# Lengths in bytes of DL/T 645-2007 annex A.4, as the reference lists them.
@pytest.mark.parametrize(
    ("di", "length"),
    [
        ("03010000", 18),
        ("03010101", 131),
        ("0304030A", 131),
        ("03050000", 6),
        ("03050001", 15),
        ("03060001", 12),
        ("03070001", 76),
        ("03080001", 76),
        ("03090001", 78),
        ("030A0001", 78),
        ("030B0101", 115),
        ("030C0101", 115),
        ("030D0201", 115),
        ("030E0101", 76),
        ("030F0301", 76),
        ("03110000", 3),
        ("03110001", 12),
        ("03120000", 18),
        ("03120601", 20),
        ("03300000", 3),
        ("03300001", 50),
        ("03300101", 106),
        ("03300201", 202),
        ("03300301", 14),
        ("03300401", 16),
        ("03300501", 682),
        ("03300801", 1026),
        ("03300D01", 60),
        ("03300E0A", 60),
        ("03100000", 27),
        ("0310030C", 27),
        ("10010001", 3),
        ("10010101", 6),
        ("1A032101", 6),
        ("14000002", 3),
        ("14001201", 6),
        ("1B021201", 6),
        ("1600130A", 6),
        ("1F000601", 6),
        ("1D000001", 3),
        ("1E000101", 6),
        ("05000001", 5),
        ("05010A03", 8),
        ("05061001", 24),
        ("05040101", 4),
    ],
)
def test_one_element_has_the_length_of_the_standard(di: str, length: int) -> None:
    assert item(di).element_length == length


@pytest.mark.parametrize(
    ("di", "why"),
    [
        ("03010400", "there is no phase D"),
        ("0301010B", "ten records are kept"),
        ("0500010D", "twelve timed freezes are kept"),
        ("0501010A", "three instant freezes are kept"),
        ("05040501", "hourly freezes hold active energies only"),
        ("05060140", "62 daily freezes are kept"),
        ("0505FF01", "what a whole freeze holds is set in the meter"),
    ],
)
def test_what_no_meter_keeps_is_unknown(di: str, why: str) -> None:
    assert lookup(bytes.fromhex(di)[::-1]) is None, why


def test_the_items_of_a_mirrored_family_stand_where_firmware_has_them() -> None:
    # 21 to 24 are ampere hours, 25 is the end [FW]: what lies between fills the places exactly.
    assert [item(f"1001{code:02X}01").row.parts[0].unit for code in range(0x21, 0x25)] == ["Ah"] * 4
    assert item("10012501").row.name == "loss of voltage: end"
    assert item("10010A01").row.parts[0].name == "phase A voltage"
    assert item("10012001").row.parts[0].name == "phase C power factor"


@pytest.mark.parametrize(
    ("end", "last"),
    [("10012501", "10013501"), ("13022501", "13023501"), ("18012101", "18013101"), ("14001201", "14002201")],
)
def test_after_the_end_come_its_registers_up_to_where_firmware_has_them(end: str, last: str) -> None:
    assert item(end).row.name.endswith(": end")
    assert item(last).row.parts[0].name == "phase C combined reactive energy 2 at the end"
    beyond = f"{end[:4]}{int(last[4:6], 16) + 1:02X}01"
    assert lookup(bytes.fromhex(beyond)[::-1]) is None


def test_every_kind_of_event_has_identifiers_and_every_name_of_a_record_is_its_own() -> None:
    told = [row for row in rows(4) if row.event is not None]
    assert {row.event for row in told} == set(EventKind)
    for row in rows(4) + rows(2):
        names = [part.name for part in row.parts]
        assert len(set(names)) == len(names), row.name


def test_a_wrong_table_names_its_file_and_code() -> None:
    event = {"code": "01", "kind": "voltage_loss", "name": "x", "zh": "x", "count": "none", "source": "STD"}
    table = {"event": [event], "part": PART, "record": {"count": ["count"]}}
    with pytest.raises(ConfigError, match=r"mine\.toml, event '01': 'none'"):
        list(family_rows(table, "mine.toml"))
