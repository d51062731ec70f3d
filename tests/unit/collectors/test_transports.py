import pytest

from collectors.dialin import DialInLine
from collectors.transports import SerialLine, TcpLine, line_for
from pipeline.errors import ConfigError


def test_a_tcp_url_gives_a_connection_whose_baud_rate_does_not_count() -> None:
    line = line_for("tcp://127.0.0.1:9000")
    assert isinstance(line, TcpLine)
    assert line.baudrate is None


def test_a_tcp_url_may_name_the_baud_rate_of_the_line_behind_it() -> None:
    assert line_for("tcp://[::1]:9000?baudrate=1200").baudrate == 1200


def test_a_serial_url_gives_a_port_at_the_rate_of_dlt645_unless_given() -> None:
    line = line_for("serial:///dev/ttyUSB0")
    assert isinstance(line, SerialLine)
    assert line.baudrate == 2400
    assert line_for("serial:///dev/ttyUSB0?baudrate=9600&parity=N&stopbits=2").baudrate == 9600


def test_a_terminal_is_named_by_its_registration_packet() -> None:
    by_name = line_for("listen://0.0.0.0:9000/GPRS-7?baudrate=2400")
    by_bytes = line_for("listen://0.0.0.0:9000?registration=0102&heartbeat=FE")
    assert isinstance(by_name, DialInLine)
    assert isinstance(by_bytes, DialInLine)
    assert (by_name.registration, by_name.heartbeat, by_name.baudrate) == (b"GPRS-7", b"", 2400)
    assert (by_bytes.registration, by_bytes.heartbeat) == (b"\x01\x02", b"\xfe")


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("udp://127.0.0.1:1", "or serial://"),
        ("tcp://127.0.0.1", "write tcp://host:port"),
        ("tcp://127.0.0.1:99999", "write tcp://host:port"),
        ("tcp://127.0.0.1:1?parity=E", "tcp knows baudrate"),
        ("serial://", "the port is missing"),
        ("listen://0.0.0.0:9000", "how the terminal registers is missing"),
        ("listen://0.0.0.0:9000/T1?heartbeat=xyz", "heartbeat 'xyz' is not hexadecimal"),
        ("listen://0.0.0.0/T1", "host or port is missing"),
        ("serial:///dev/ttyUSB0?parity=X", "'X' is none of N, E, O, M, S"),
        ("serial:///dev/ttyUSB0?baudrate=fast", "not a whole number"),
    ],
)
def test_a_wrong_url_is_refused_with_what_to_write(url: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        line_for(url)
