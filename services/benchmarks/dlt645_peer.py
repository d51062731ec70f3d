"""Decodes frames with PyPI ``dlt645``, as a script in that package's own environment.

It reads one JSON line with the meter's address and the frames, answers with the sum of the values it read,
then with the CPU seconds of one more pass for each further line.
"""

from __future__ import annotations

import importlib
import json
import sys
from time import process_time
from typing import Any  # Any: the package is not in our environment and has no types


def serve() -> None:
    """Answer on stdout until stdin ends."""
    job = json.loads(sys.stdin.readline())
    importlib.import_module("loguru").logger.remove()
    protocol: Any = importlib.import_module("dlt645.protocol.protocol").DLT645Protocol
    services: Any = importlib.import_module("dlt645.service.clientsvc.client_service")
    client = services.MeterClientService(None)
    # It puts an address on the wire in reading order; the standard sends the last pair first.
    client.set_address(bytes.fromhex(job["address"])[::-1].hex())
    frames = [bytes.fromhex(frame) for frame in job["frames"]]

    def one_pass() -> float:
        return float(sum(client.handle_response(protocol.deserialize(frame)).value for frame in frames))

    sys.stdout.write(json.dumps(one_pass()) + "\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        start_s = process_time()
        one_pass()
        sys.stdout.write(json.dumps(process_time() - start_s) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
