"""Asks a meter by the client of PyPI dlt645 3.2.0; run by that package's own Python, see ``scripts/peer``.

Arguments are host, port and the meter's address as that package wants it. Each line of standard input is a
JSON list, a method of its client and what it is given; each is answered with one line, the value.
"""

import importlib
import json
import sys
from datetime import datetime
from typing import Any  # Any: the package has no types

TIMEOUT_S = 10.0


def main() -> None:
    """Ask until standard input ends."""
    importlib.import_module("dlt645.common.env")
    logger = importlib.import_module("loguru").logger
    logger.remove()
    package = importlib.import_module("dlt645.service.clientsvc.client_service")
    host, port, address = sys.argv[1:]
    client = package.MeterClientService.new_tcp_client(host, int(port), TIMEOUT_S)
    client.set_address(address)
    for line in sys.stdin:
        method, *given = json.loads(line)
        if method == "broadcast_time_sync":
            given = [datetime.fromisoformat(given[0])]
        print(json.dumps(plain(getattr(client, method)(*given))), flush=True)  # noqa: T201 - the answer
    client.disconnect()


def plain(answer: Any) -> object:
    """Return the value in an answer as JSON can have it."""
    if isinstance(answer, list):
        return [plain(item) for item in answer]
    value = getattr(answer, "value", answer)
    if hasattr(value, "time"):
        return [value.value, str(value.time)]
    if hasattr(value, "event"):
        return [value.event]
    return value


if __name__ == "__main__":
    main()
