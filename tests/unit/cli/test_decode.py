"""Frames explained: for people and one JSON object a line."""

import json
from pathlib import Path

from protocols.dlt645.frame import Frame
from tests.unit.cli.invoke import Invoke

VECTORS = Path(__file__).parents[2] / "data" / "dlt645_vectors.json"
GOOD = "68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16"
BAD = GOOD.replace("CC", "CD")


def test_a_frame_is_explained_for_people(kilowatch: Invoke) -> None:
    ran = kilowatch("decode", *GOOD.split())
    assert (ran.status, ran.err) == (0, "")
    assert "123456.78" in ran.out
    assert "00010000" in ran.out


def test_every_published_frame_is_explained_one_object_a_line(kilowatch: Invoke) -> None:
    """Standard and captured frames; a program gets what the documents say, and nothing beside it."""
    published = json.loads(VECTORS.read_text("utf-8"))["vectors"]
    ran = kilowatch("decode", "-", "--json", stdin="\n".join(v["hex"] for v in published).encode())
    assert ran.status == 0
    assert len(ran.lines) == len(published)
    for line, vector in zip(ran.lines, published, strict=True):
        assert line == vector["decoded"], vector["hex"]


def test_bad_lines_are_told_and_cost_the_good_ones_nothing(kilowatch: Invoke) -> None:
    lines = [GOOD.encode(), BAD.encode(), b"", b"hello", b"\xff\xfe\x00", b"68 1", GOOD.encode()]
    ran = kilowatch("decode", "-", "--json", stdin=b"\n".join(lines))
    assert ran.status == 1
    assert [line.get("ok", True) for line in ran.lines] == [True, False, False, False, False, True]
    assert "checksum" in ran.lines[1]["error"]
    assert "expected bytes in hex" in ran.lines[2]["error"]
    assert ran.lines[0] == ran.lines[-1]


def test_a_bad_frame_is_one_clear_message(kilowatch: Invoke) -> None:
    ran = kilowatch("decode", BAD)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: checksum does not match: CDH came, CCH expected: 68 12 90")


def test_modbus_is_explained_too(kilowatch: Invoke) -> None:
    (fields,) = kilowatch("decode", "0007 0000 0006 01 04 0000 0002", "--json").lines
    assert (fields["ok"], fields["protocol"], fields["count"]) == (True, "modbus tcp", 2)


def test_nothing_on_standard_input_is_nothing_wrong(kilowatch: Invoke) -> None:
    assert kilowatch("decode", "-", stdin=b"\n").status == 0


def test_a_bad_line_of_many_is_told_with_its_number(kilowatch: Invoke) -> None:
    ran = kilowatch("decode", "-", stdin=f"{GOOD}\n\nhello\n".encode())
    assert ran.err == "error: line 3: expected bytes in hex such as 68 12 ..., not 'hello'\n"
    assert ran.status == 1


def test_an_empty_frame_is_wrong(kilowatch: Invoke) -> None:
    ran = kilowatch("decode", "")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: no bytes given")


def test_people_read_the_function_as_the_standard_writes_it(kilowatch: Invoke) -> None:
    assert "11H read 读数据" in kilowatch("decode", GOOD).out
    assert "03H read holding registers" in kilowatch("decode", "01 03 00 00 00 02 C4 0B").out


def test_people_read_reasons_and_yes_or_no_instead_of_python(kilowatch: Invoke) -> None:
    """A broadcast time is alike in both editions; a refusal names its reasons."""
    assert (
        "1997 and 2007 alike"
        in kilowatch("decode", "68 99 99 99 99 99 99 68 08 06 89 67 45 58 3C 58 95 16").out
    )
    told = kilowatch("decode", "68 29 53 70 64 40 02 68 C1 01 35 59 16").out
    assert "[" not in told
    assert "yes" in told


def test_people_read_a_refusal_in_both_languages(kilowatch: Invoke) -> None:
    """A captured answer of a meter that lacks the identifier."""
    told = kilowatch("decode", "68 12 00 00 00 10 20 68 D1 01 35 19 16").out
    assert "no such data 无请求数据" in told


def test_people_read_a_write_by_the_catalogue_and_without_its_password(kilowatch: Invoke) -> None:
    """A published write of the demand period, password 123456, operator 12345678."""
    told = kilowatch(
        "decode", "68 12 90 78 56 34 12 68 14 0D 36 34 33 37 37 89 67 45 AB 89 67 45 48 0F 16"
    ).out
    for shown in ("04000103", "demand period", "15 min", "12345678", "******", "04 ** ** ** 78 56 34 12 15"):
        assert shown in told
    assert "123456 " not in told.replace("123456789012", "")
    assert "56 34 12 78" not in told


def test_a_time_that_cannot_be_is_marked(kilowatch: Invoke) -> None:
    """Broadcast of 2011-25-01: month and day of a swapped order."""
    frame = Frame("9" * 12, 0x08, bytes.fromhex("00 30 12 01 25 11")).encode()
    told = kilowatch("decode", frame.hex()).out
    assert "2011-25-01" in told
    assert "impossible time 时间不可能" in told


def test_every_frame_of_a_line_is_explained_and_what_is_left_is_told(kilowatch: Invoke) -> None:
    ran = kilowatch("decode", f"{GOOD} 00 FE {GOOD} 68 12 90")
    assert ran.status == 1
    assert ran.out.count("123456.78") == 2
    assert "part 2 of 4: " in ran.err
    assert "part 4 of 4: the frame is cut short: 3 bytes came, missing at least 9" in ran.err
    first, noise, second, cut = kilowatch("decode", f"{GOOD} 00 FE {GOOD} 68 12 90", "--json").lines
    assert second == {**first, "preamble": 1}
    assert (noise["ok"], cut["ok"]) == (False, False)


def test_a_cut_frame_says_how_much_is_missing(kilowatch: Invoke) -> None:
    ran = kilowatch("decode", GOOD.removesuffix(" CC 16"))
    assert "L is 8, so 20 bytes are expected, 18 came, missing 2" in ran.err


def test_an_unknown_identifier_is_said_to_be_unknown(kilowatch: Invoke) -> None:
    frame = Frame("1" * 12, 0x11, bytes.fromhex("01 00 CC 04")).encode()
    assert "not in the catalogue" in kilowatch("decode", frame.hex()).out
