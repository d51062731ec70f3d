"""The alert rules are sound and name only metrics that exist."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from typing import Any

import pytest
import yaml

from services.metrics.catalogue import EVERY
from tests.contract.project import ROOT

FOLDER = ROOT / "ops" / "prometheus"
SAMPLES = {name: metric for metric in EVERY.values() for name in metric.sample_names}


@cache
def rules() -> tuple[dict[str, Any], ...]:  # Any: what YAML holds
    content = yaml.safe_load((FOLDER / "kilowatch.rules.yml").read_text())
    return tuple(rule for group in content["groups"] for rule in group["rules"])


each_rule = pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])


@each_rule
def test_it_names_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    named = re.findall(r"kilowatch_\w+", rule["expr"])
    assert {name for name in named if name not in SAMPLES} == set()
    if named:
        # Labels come from the metrics, and from Prometheus itself.
        there = {"instance", "job", "le"} | {label for name in named for label in SAMPLES[name].labels}
        asked = {label for labels in re.findall(r"\{(.*?)\}", rule["expr"]) for label in labels_of(labels)}
        shown = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        assert asked | shown <= there


def labels_of(matchers: str) -> list[str]:
    return re.findall(r"(\w+)\s*[=!]", matchers)


@each_rule
def test_it_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"warning", "major", "critical"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["next_step"]


def test_no_alert_is_named_twice() -> None:
    names = [rule["alert"] for rule in rules()]
    assert sorted(set(names)) == sorted(names)


def test_every_alert_is_tried_with_series() -> None:
    """One that is only syntax may never fire."""
    cases = yaml.safe_load((FOLDER / "kilowatch.tests.yml").read_text())["tests"]
    fired = {t["alertname"] for case in cases for t in case["alert_rule_test"] if t["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules()}


def test_prometheus_itself_takes_them_and_they_do_what_they_say() -> None:
    promtool = ROOT / "scripts" / "promtool"
    for command in (
        [promtool, "check", "rules", FOLDER / "kilowatch.rules.yml"],
        [promtool, "test", "rules", FOLDER / "kilowatch.tests.yml"],
        [promtool, "check", "config", "--syntax-only", FOLDER / "prometheus.yml"],
    ):
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)  # noqa: S603 - our own script
        assert done.returncode == 0, done.stdout + done.stderr
