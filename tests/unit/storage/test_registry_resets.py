"""What an entry of a file takes back by leaving it out."""

from __future__ import annotations

from dataclasses import dataclass, field

from psycopg.types.json import Jsonb

from storage.registry_resets import Reset, Written, defaults_of, resets


@dataclass(frozen=True)
class Lamp:
    id: str
    watts: int = 40
    colours: tuple[str, ...] = ()
    opening: dict[str, float] = field(default_factory=dict)


def test_only_what_had_another_value_and_has_the_default_is_told() -> None:
    assert defaults_of(Lamp) == {"watts": 40, "colours": (), "opening": {}}
    written = Written(
        "lamp",
        ("id", "watts", "colours", "opening"),
        ("id",),
        before=[("a", 60, ["red"], {}), ("b", 40, [], {"x": 1.0}), ("c", 60, [], {}), ("e", 25, [], {})],
        after=[
            ("a", 40, [], Jsonb({})),
            ("b", 60, [], Jsonb({})),
            ("c", 25, [], Jsonb({})),
            ("d", 40, [], Jsonb({})),
            ("e", 40, [], Jsonb({})),
        ],
    )
    defaults = {"watts": 40, "colours": [], "opening": Jsonb({})}
    assert list(resets(written, defaults)) == [
        Reset(table="lamp", key="watts", default=40, entries={"a": 60, "e": 25}),
        Reset(table="lamp", key="colours", default=[], entries={"a": ["red"]}),
        Reset(table="lamp", key="opening", default={}, entries={"b": {"x": 1.0}}),
    ]
