"""The part of the tutorial that works on files does what the page says, typed as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import orjson

from tests.contract.project import ROOT

PAGE = ROOT / "docs" / "tutorial.md"
SECTION = "## Judge a plant from files"


def test_its_commands_find_the_load_that_the_page_speaks_of(tmp_path: Path) -> None:
    section = PAGE.read_text("utf-8").partition(SECTION)[2].partition("\n## ")[0]
    script = "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(  # noqa: S603 - our own page
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 - whichever the reader has
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    lines = (tmp_path / "plant" / "episodes.jsonl").read_bytes().splitlines()
    assert {orjson.loads(line)["detector"] for line in lines} == {"suspended_load", "suspension_rule"}
    assert "suspended_load abnormal Load during suspended service at SP" in run.stdout
