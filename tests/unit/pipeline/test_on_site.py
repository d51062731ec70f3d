"""Whoever is sent out is told what to look at, in both languages."""

from detectors.catalogue import detectors
from pipeline.on_site import ON_SITE


def test_every_detector_says_what_to_look_at() -> None:
    assert sorted(ON_SITE) == sorted(detectors.all())
    assert all(text.en and text.zh and text.en != text.zh for text in ON_SITE.values())
