"""Serves one meter of PyPI dlt645 3.2.0 on TCP; run by that package's own Python, see ``scripts/peer``.

Prints its port as JSON, then answers each line of standard input with one: what it holds under that name.
"""

import importlib
import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime

ADDRESS = bytes.fromhex("010100000000")
"""000000000101 in wire order: the package sends the bytes of a text as they are written."""
PASSWORD = bytes.fromhex("04563412")


def main() -> None:
    """Serve until standard input ends."""
    importlib.import_module("dlt645.common.env")
    logger = importlib.import_module("loguru").logger
    logger.remove()
    package = importlib.import_module("dlt645.service.serversvc.server_service")
    types = importlib.import_module("dlt645.model.types.dlt645_type")
    transform = importlib.import_module("dlt645.common.transform")
    meter = package.MeterServerService.new_tcp_server("127.0.0.1", 0, 5.0)
    meter.set_address(ADDRESS)
    meter.password_manager.set_password(bytearray(PASSWORD))
    meter.password_manager.set_password(bytearray(b"\x02" + PASSWORD[1:]))
    meter.set_00(0x00010000, 123456.78)
    meter.set_00(0x00010100, 40.5)
    meter.set_00(0x00010200, 0.25)
    meter.set_01(0x01010000, types.Demand(1.5, datetime(2025, 9, 25, 12, 30)))  # noqa: DTZ001 - a meter's local time
    meter.set_02(0x02010100, 220.5)
    meter.set_02(0x02020100, -1.234)
    meter.set_02(0x02030000, 2.5)
    meter.set_02(0x02060000, 0.987)
    meter.set_02(0x02800002, 49.98)
    for di, value in ((0x04000101, "26030100"), (0x04000102, "123456"), (0x04000103, "15")):
        meter.set_04(di, value)
    held: Mapping[str, Callable[[], object]] = {
        "time": lambda: str(meter.time),
        "address": lambda: bytes(meter.address).hex(),
        "baud_rate": lambda: meter.baud_rate,
        "written": lambda: meter.get_data_item(0x04000103).value,
        "address_of_text": lambda: bytes(transform.string_to_bcd("000000000101")).hex(),
        "time_of_a_demand": lambda: str(transform.bcd_to_time(bytes.fromhex("3012250925"))),
        "absent_voltage": lambda: transform.bcd_to_value(b"\xff\xff", "XXX.X", "little"),
        "large_energy": lambda: transform.bcd_to_value(bytes.fromhex("78563492"), "XXXXXX.XX", "little"),
    }
    with meter:
        print(json.dumps({"port": meter.server.port}), flush=True)  # noqa: T201 - the line its test waits for
        for line in sys.stdin:
            print(json.dumps(held[line.strip()]()), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
