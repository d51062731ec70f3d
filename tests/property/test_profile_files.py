"""Whatever stands in a profile or in another tool's register list: a result, or one error that names it."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.modbus.importers.mbmap import parse_mbmap
from protocols.modbus.importers.telegraf import parse_telegraf
from protocols.profile import parse_profile
from protocols.session import drivers

KEYS = st.sampled_from(
    [
        "protocol",
        "description",
        "vendor",
        "models",
        "side",
        "source",
        "trust",
        "quantities",
        "points",
        "defaults",
        "address_base",
        "ratios",
        "probe",
        "identity",
        "between",
        "covers",
        "lookalikes",
        "variants",
        "pauses",
        "options",
        "quantity",
        "address",
        "function",
        "type",
        "scale",
        "word_order",
        "wiring",
        "absent",
        "ratio",
        "coding",
        "single_source",
        "frequency",
        "voltage_a",
        "framing",
        "max_registers",
        "between_ms",
        "bases",
        "name",
        "registers",
        "area",
        "unit",
        "inputs",
        "modbus",
        "holding_registers",
        "input_registers",
        "data_type",
        "byte_order",
        "configuration_type",
        "request",
        "metric",
        "fields",
        "slave_id",
        "register",
    ]
)
PLAIN = st.one_of(
    st.integers(),
    st.sampled_from([0, 1, 3, 4, 40001, 10**400]),
    st.floats(),
    st.booleans(),
    st.sampled_from(
        ["modbus", "modbus-sunspec", "primary", "uint16", "float32", "frequency", "voltage_a", "ABCD"]
    ),
    st.text(max_size=5),
)
TREES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=25,
)
TABLES = st.dictionaries(KEYS, TREES, max_size=8)
NEARLY = st.fixed_dictionaries(
    {
        key: st.one_of(st.just(sound), st.just(sound), PLAIN, st.lists(PLAIN, max_size=2))
        for key, sound in {"quantity": "voltage_a", "address": 1, "function": 3, "type": "uint16"}.items()
    },
    optional={key: PLAIN | st.lists(PLAIN, max_size=2) for key in ("scale", "wiring", "absent", "coding")},
)
"""A point in which a thing or two is wrong."""
SOUND = {"protocol": "modbus", "description": "d", "side": "primary", "source": "s"}


def toml(value: object) -> str:
    """Write a tree as TOML values: inline tables and arrays."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case str():
            return json.dumps(value.replace("\x7f", ""))
        case float():
            return (
                repr(value).replace("e+", "e") if "." in repr(value) or "n" in repr(value) else f"{value:f}"
            )
    return str(value)


def document(table: dict[str, object]) -> str:
    return "\n".join(f"{key} = {toml(value)}" for key, value in table.items())


@settings(max_examples=300)
@given(TABLES, st.lists(NEARLY, max_size=3))
def test_a_profile_parses_and_drives_or_is_refused_by_name(
    table: dict[str, object], points: list[object]
) -> None:
    text = document({**table, **SOUND, **({"points": points} if points else {})})
    with contextlib.suppress(ConfigError):
        profile = parse_profile(text, "any")
        if profile.protocol in {"modbus", "modbus-sunspec"}:
            drivers.get(profile.protocol)(profile, Wiring.ONE_PHASE, DEFAULT_ZONE).plan(profile.quantities)


@settings(max_examples=300)
@given(TABLES)
def test_a_telegraf_block_is_read_or_refused_by_name(table: dict[str, object]) -> None:
    with contextlib.suppress(ConfigError):
        parse_telegraf("[[inputs.modbus]]\n" + document(table), "any.conf")


@settings(max_examples=300)
@given(st.dictionaries(KEYS, TREES, max_size=5), st.lists(TABLES, max_size=3))
def test_an_mbmap_is_read_or_refused_by_name(table: dict[str, object], registers: list[object]) -> None:
    with contextlib.suppress(ConfigError):
        parse_mbmap(json.dumps({**table, "registers": registers}), "any.json")


@given(st.text(max_size=80))
def test_any_text_is_refused_by_name(text: str) -> None:
    for parse in (parse_profile, parse_telegraf, parse_mbmap):
        with contextlib.suppress(ConfigError):
            parse(text, "any")
