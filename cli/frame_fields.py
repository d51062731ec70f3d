"""How the command calls the fields of a frame: in people's words, codes as the standards write them."""

from __future__ import annotations

from collections.abc import Mapping

EITHER_EDITION = 0
"""The version of a frame that both editions of DL/T 645 know."""
LEFT_OUT = frozenset({"function_name", "ok", "err_bits"})
"""What is told elsewhere: beside the code, by the exit status, as reasons."""
EVERY_EVENT = "FFFFFFFF"
"""In place of an identifier, where all events are cleared."""
PAYLOAD = "written"
VALUE = "value"
NAMES = {
    "dir": "direction",
    "pa": "password class",
    "old_pa": "old password class",
    "new_pa": "new password class",
    "old_password": "old password",
    "new_password": "new password",
    "data_minus_33": "data less 33H",
    "di": "identifier",
    "seq": "part (SEQ)",
    "payload": PAYLOAD,
    "reasons": "refused: 异常",
    "impossible_time": "impossible time 时间不可能",
    "exception_name": "refused",
    "n1": "order (N1)",
    "n2": "delay (N2)",
}
"""How people call what has a short name in --json."""


def fields_for_people(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields in people's words: codes as the standards write them, reasons in both languages."""
    shown = {NAMES.get(name, name): value for name, value in fields.items() if name not in LEFT_OUT}
    if isinstance(code := fields.get("function"), int):
        shown["function"] = f"{code:02X}H {fields.get('function_name', '')}".rstrip()
    if fields.get("version") == EITHER_EDITION:
        shown["version"] = "1997 and 2007 alike"
    return shown
