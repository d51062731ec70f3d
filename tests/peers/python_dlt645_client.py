"""Asks a meter by PyPI python-dlt645 0.1.4; run by that package's own Python, see ``scripts/peer``.

Arguments are host and port. Each line of standard input is a JSON list, a name and what it is given; each is
answered with one line: what came back, or the name of the exception.
"""

import importlib
import json
import socket
import sys
from collections.abc import Callable
from typing import Any  # Any: the package has no types

TIMEOUT_S = 2.0


def main() -> None:
    """Ask until standard input ends."""
    package = importlib.import_module("dlt645")
    host, port = sys.argv[1:]
    for line in sys.stdin:
        name, *given = json.loads(line)
        with socket.create_connection((host, int(port)), TIMEOUT_S) as connection:
            flow = connection.makefile("rwb", buffering=0)
            try:
                answer = ASKED[name](package, flow, *given)
            except Exception as error:  # noqa: BLE001 - whatever it raises is what the test is told
                answer = type(error).__name__
        print(json.dumps(answer), flush=True)  # noqa: T201 - the answer


def address(package: Any, flow: Any) -> object:
    """Return the address of the meter on the line."""
    return package.get_addr(flow)


def energy(package: Any, flow: Any, of: str) -> object:
    """Return the combined active energy in kWh."""
    return package.get_active_energy(of, flow)


def data(package: Any, flow: Any, of: str, identifier: str) -> object:
    """Return the data of an answer, identifier last, as hexadecimal text."""
    frame = package.Frame(of)
    frame.data = identifier
    package.write_frame(flow, frame)
    answer = package.read_frame(package.iogen(flow))
    return None if answer is None else answer.data


def refusal(package: Any, flow: Any, of: str, identifier: str) -> object:
    """Return whether the answer is marked as a refusal, and its data."""
    frame = package.Frame(of)
    frame.data = identifier
    package.write_frame(flow, frame)
    answer = package.read_frame(package.iogen(flow))
    return [answer.control["response"], answer.data]


ASKED: dict[str, Callable[..., object]] = {
    "address": address,
    "energy": energy,
    "data": data,
    "refusal": refusal,
}


if __name__ == "__main__":
    main()
