"""What the MQTT page tells people to write can be imported, and covers every dialect."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from pipeline.registry import MqttSource
from protocols.mqtt.dialects import dialects
from storage.registry_files import read_registry
from tests.contract.project import ROOT

PAGE = (ROOT / "docs" / "mqtt.md").read_text()
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def sources(tmp_path: Path) -> list[MqttSource]:
    meters = {
        meter
        for block in BLOCKS
        for entry in tomllib.loads(block)["mqtt_source"]
        for meter in entry.get("devices", {}).values()
    }
    known = "\n".join(f'[[meter]]\nid = "{meter}"' for meter in sorted(meters))
    found: list[MqttSource] = []
    for number, block in enumerate(BLOCKS):
        file = tmp_path / f"{number}.toml"
        file.write_text(f"{known}\n{block}", encoding="utf-8")
        found += read_registry(file).mqtt_sources
    return found


def test_every_example_is_an_archive_and_its_dialect_opens(sources: list[MqttSource]) -> None:
    for source in sources:
        assert dialects.get(source.dialect).open(source, {}) is not None


@pytest.mark.parametrize("dialect", sorted(dialects.all()))
def test_every_dialect_has_a_section(sources: list[MqttSource], dialect: str) -> None:
    assert re.search(rf"^## .*`{dialect}`", PAGE, re.MULTILINE)
    assert dialect == "kilowatch" or dialect in {source.dialect for source in sources}
