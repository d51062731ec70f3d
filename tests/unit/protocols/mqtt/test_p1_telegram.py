"""P1 telegrams: the checksum of real ones, and time stamps that say their season."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from protocols.mqtt.findings import MAX_PAYLOAD_BYTES
from protocols.mqtt.numbers import UnreadableError
from protocols.mqtt.p1_telegram import crc16, read_stamp, read_telegram
from tests.mqtt_payloads import message

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def test_the_checksum_is_crc_16_arc() -> None:
    """The check value of the catalogue of parametrised CRC algorithms."""
    assert crc16(b"123456789") == 0xBB3D


@pytest.mark.parametrize("name", ["v4_kaifa", "v5_iskra", "v5_sagemcom_summer"])
def test_real_telegrams_bear_their_checksum(name: str) -> None:
    telegram = message(f"dsmr/{name}.txt")
    assert "1-0:1.8.1" in read_telegram(telegram).lines
    assert read_telegram(telegram.replace(b"\r\n", b"\n")) == read_telegram(telegram)


@pytest.mark.parametrize("bit", range(8))
def test_one_flipped_bit_is_noticed(bit: int) -> None:
    telegram = bytearray(message("dsmr/v5_iskra.txt"))
    telegram[telegram.index(b"000004.426")] ^= 1 << bit
    with pytest.raises(UnreadableError, match="checksum"):
        read_telegram(bytes(telegram))


@pytest.mark.parametrize("raw", [b"", b"1-0:1.8.0(1*kWh)", b"/no end", b"x" * (MAX_PAYLOAD_BYTES + 1)])
def test_what_is_no_telegram_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_telegram(raw)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("170102192002W", datetime(2017, 1, 2, 18, 20, 2, tzinfo=UTC)),
        ("221006155014S", datetime(2022, 10, 6, 13, 50, 14, tzinfo=UTC)),
        ("261025023000S", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("261025023000W", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("690101000000W", datetime(2068, 12, 31, 23, tzinfo=UTC)),
        ("170132192002W", None),
        ("170102192002", None),
        ("", None),
    ],
)
def test_a_stamp_says_its_season(text: str, instant: datetime | None) -> None:
    assert read_stamp(text, AMSTERDAM) == instant


def test_summer_time_where_there_is_none_is_no_time() -> None:
    assert read_stamp("221006155014S", ZoneInfo("Asia/Shanghai")) is None
