"""COMTRADE records of one second with a dip of one phase, for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

RATE_HZ, SECONDS, BEGINS_S, LASTS_S = 3200, 1.0, 0.4, 0.1


def record(folder: Path, began: str, residual: float = 0.6) -> Path:
    """Write a COMTRADE record of 1999 with a dip of phase B that begins and ends at zero crossings."""
    t = np.arange(int(RATE_HZ * SECONDS)) / RATE_HZ
    waves = [np.sqrt(2.0) * 220.0 * np.sin(2 * np.pi * 50.0 * t - n * 2 * np.pi / 3) for n in range(3)]
    lag_s = 1 / 150.0
    waves[1][(t >= BEGINS_S + lag_s) & (t < BEGINS_S + lag_s + LASTS_S)] *= residual
    lines = ["WORKS,REC,1999", "3,3A,0D"]
    lines += [f"{n + 1},U{p},{p},,V,0.02,0,0,-32767,32767,1,1,S" for n, p in enumerate("ABC")]
    lines += ["50", "1", f"{RATE_HZ},{len(t)}", began, began, "ASCII", "1"]
    path = folder / f"{began[:2]}.cfg"
    path.write_text("\r\n".join(lines) + "\r\n", "ascii")
    rows = (
        f"{n + 1},{round(1e6 * t[n])}," + ",".join(str(round(w[n] / 0.02)) for w in waves)
        for n in range(len(t))
    )
    path.with_suffix(".dat").write_text("\r\n".join(rows) + "\r\n", "ascii")
    return path
