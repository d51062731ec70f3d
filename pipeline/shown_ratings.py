"""Ratings of meters (额定参数) on the side of the values that they show: secondary, or primary."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pipeline.model import MeterId
from pipeline.registry import Registry


def as_shown(registry: Registry, primary_profiles: Collection[str]) -> Registry:
    """Return the archive with each meter's ratings on the side of the values that it shows.

    Where a profile gives primary values, CT and PT stand between the plate and the numbers. Of several ratios
    the largest counts: the ratings only say what is possible.
    """
    primary = {i.meter for i in registry.installations if i.profile in primary_profiles}
    ct: dict[MeterId, float] = {}
    pt: dict[MeterId, float] = {}
    for ratio in registry.ratios:
        if ratio.meter in primary:
            ct[ratio.meter] = max(ratio.ct, ct.get(ratio.meter, 0.0))
            pt[ratio.meter] = max(ratio.pt, pt.get(ratio.meter, 0.0))
    meters = [
        replace(
            meter,
            rated_voltage_v=meter.rated_voltage_v * pt[meter.id],
            rated_current_a=meter.rated_current_a * ct[meter.id],
            max_current_a=meter.most_current_a * ct[meter.id],
        )
        if meter.id in ct
        else meter
        for meter in registry.meters
    ]
    return replace(registry, meters=meters)
