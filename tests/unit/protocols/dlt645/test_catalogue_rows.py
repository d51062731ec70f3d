import pytest

from pipeline.errors import ConfigError
from protocols.dlt645.catalogue_rows import parse_row


def test_a_wrong_row_names_its_file_and_identifier() -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml, identifier '00 01 rate 00'"):
        parse_row({"di": "00 01 rate 00", "name": "x", "zh": "x", "format": ["X"], "unit": [""]}, "mine.toml")
