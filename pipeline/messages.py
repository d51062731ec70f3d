"""The texts of episodes, Chinese and English side by side: a key and parameters in, a sentence out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.model import Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One sentence in both languages, filled by ``str.format`` with an episode's parameters."""

    en: str
    zh: str


MESSAGES: Mapping[str, Template] = MappingProxyType(
    {
        "episode.suspended_load": Template(
            en="Load during suspended service at {service_point} (suspension {suspension}):"
            " up to {max_kw:.1f} kW against a limit of {limit_kw:.1f} {unit},"
            " {energy_kwh:.1f} kWh while above it, on {days} days",
            zh="用电户 {service_point} 在暂停期间用电（暂停编号 {suspension}）："
            "最大 {max_kw:.1f} kW，限值 {limit_kw:.1f} {unit}，"
            "超限时段电量 {energy_kwh:.1f} kWh，涉及 {days} 天",
        ),
        "episode.suspended_load_unknown": Template(
            en="Cannot tell whether {service_point} drew load during suspension {suspension}:"
            " on {days} days intervals are missing or estimated",
            zh="无法判定用电户 {service_point} 在暂停期间（暂停编号 {suspension}）是否用电："
            "{days} 天的区间电量缺失或为估算值",
        ),
        "episode.suspended_load_no_reactive": Template(
            en="Cannot tell whether {service_point} kept to {limit_kw:.1f} kVA"
            " during suspension {suspension}:"
            " active power is below it on {days} days, and reactive power is not measured",
            zh="无法判定用电户 {service_point} 在暂停期间（暂停编号 {suspension}）"
            "是否超过 {limit_kw:.1f} kVA："
            "{days} 天有功功率低于限值，但缺少无功数据",
        ),
        "episode.suspended_load_coarse": Template(
            en="Cannot tell whether {service_point} drew load during suspension {suspension}:"
            " one register step is too large for the limit of {limit_kw:.1f} kW on {days} days",
            zh="无法判定用电户 {service_point} 在暂停期间（暂停编号 {suspension}）是否用电："
            "{days} 天表计分辨率相对限值 {limit_kw:.1f} kW 过粗",
        ),
        "episode.suspended_load_no_meter": Template(
            en="Cannot tell whether {service_point} drew load during suspension {suspension}:"
            " the archive lacks {entry}",
            zh="无法判定用电户 {service_point} 在暂停期间（暂停编号 {suspension}）是否用电：档案缺少 {entry}",
        ),
        "episode.overvoltage": Template(
            en="Supply voltage {phase} over its band: {extreme_v:.1f} V against at most {limit_v:.1f} V"
            " for {minutes} min",
            zh="{phase} 相供电电压越上限：最高 {extreme_v:.1f} V，上限 {limit_v:.1f} V，持续 {minutes} 分钟",
        ),
        "episode.undervoltage": Template(
            en="Supply voltage {phase} under its band: {extreme_v:.1f} V against at least {limit_v:.1f} V"
            " for {minutes} min",
            zh="{phase} 相供电电压越下限：最低 {extreme_v:.1f} V，下限 {limit_v:.1f} V，持续 {minutes} 分钟",
        ),
        "episode.withdrawn": Template(
            en="Withdrawn: with later data {detector} no longer finds this",
            zh="已撤销：补充数据后，{detector} 不再发现该异常",
        ),
        "episode.merged": Template(
            en="Merged: with later data this is part of episode {into}",
            zh="已合并：补充数据后，该异常属于事件 {into}",
        ),
    }
)
"""Every message an episode may carry."""


def render(key: str, parameters: Mapping[str, float | int | str], language: str = "en") -> str:
    """Return the sentence of ``key`` in ``language`` (``zh...`` is Chinese, all else English).

    Raises:
        KeyError: If the key is unknown or a parameter is missing.
    """
    template = MESSAGES[key]
    return (template.zh if language.startswith("zh") else template.en).format(**parameters)


def summary(episode: Episode) -> str:
    """Return the English sentence that says what an episode is about."""
    return render(episode.message, episode.parameters)
