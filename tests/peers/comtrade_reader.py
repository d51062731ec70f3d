"""Reads COMTRADE records with PyPI comtrade 0.2.0; run by that package's own Python, see ``scripts/peer``.

Each line of standard input is the path of a .cfg or .cff file; each is answered with one line of JSON: the
analogue channels' names, the times in seconds and the values, or the error that it ended with.
"""

import importlib
import json
import sys
import warnings
from typing import Any  # Any: the package has no types


def main() -> None:
    """Answer until standard input ends."""
    warnings.simplefilter("ignore")
    package: Any = importlib.import_module("comtrade")
    for line in sys.stdin:
        print(json.dumps(read(package, line.strip())), flush=True)  # noqa: T201 - the answer


def read(package: Any, path: str) -> dict[str, Any]:
    """Return what the package makes of a file."""
    record = package.Comtrade(ignore_warnings=True, use_double_precision=True)
    try:
        record.load(path)
    except Exception as error:  # noqa: BLE001 - which errors it ends with is what is looked at
        return {"error": type(error).__name__}
    return {
        "names": list(record.analog_channel_ids),
        "times_s": list(record.time),
        "values": [list(channel) for channel in record.analog],
    }


if __name__ == "__main__":
    main()
