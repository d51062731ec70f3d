"""Damaged COMTRADE records give figures or one named error, whatever is damaged."""

from __future__ import annotations

import random
from contextlib import suppress
from functools import cache

import numpy as np
import pytest

from analysis.comtrade.recording import parse_recording
from analysis.waveform.options import Options
from analysis.waveform.survey import survey
from pipeline.errors import DataError
from tests.unit.analysis.comtrade.records import ascii_data, binary, configuration
from tests.unit.analysis.waveform.signals import three_phases, times_s

FORMS = ("ASCII", "BINARY", "BINARY32", "FLOAT32")
RATES = (None, "2\n1000,100\n500,250", "0\n0,250")
DAMAGE = (b"", b",", b"\n", b"9", b"-", b"e9", b"\x00", b"0", b"1e300", b"\xff", b"nan", b"\xff\xff\xff\xff")


@cache
def stored() -> list[list[int]]:
    samples = np.round(three_phases(times_s(0.25, 1000.0))[:2] * 10.0)
    rows: list[list[int]] = samples.astype(int).T.tolist()
    return rows


def damaged(raw: bytes, chance: random.Random, most: int) -> bytes:
    found = bytearray(raw)
    for _ in range(chance.randint(0, most)):
        place = chance.randrange(len(found))
        found[place : place + chance.randint(0, 3)] = chance.choice(DAMAGE)
    return bytes(found)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("form", FORMS)
def test_damage_gives_figures_or_a_data_error(form: str, seed: int) -> None:
    chance = random.Random(f"{form} {seed}")  # noqa: S311 - damage, not secrets
    data = ascii_data(stored()) if form == "ASCII" else binary(form, stored())
    for _ in range(10):
        edition = chance.choice(("1991", "1999", "2013"))
        text = configuration(
            form=form, edition=edition, samples=250, rates=chance.choice(RATES), tail="1\n0,0\nB,3\n"
        )
        end = chance.choice((len(data), chance.randrange(len(data))))
        with suppress(DataError):
            made = parse_recording(
                damaged(text.encode(), chance, 3), damaged(data[:end] or b"\0", chance, 4), ("a.cfg", "a.dat")
            )
            survey(made, Options())
