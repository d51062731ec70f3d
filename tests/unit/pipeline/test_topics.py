"""Which device a topic names."""

import pytest

from pipeline.topics import TopicTemplate, is_shared, plain_filter, shared_filter, template_of


@pytest.mark.parametrize(
    ("template", "topic", "device"),
    [
        ("tele/{device}/SENSOR", "tele/plug-7/SENSOR", "plug-7"),
        ("tele/{device}/SENSOR", "tele/plug-7/STATE", None),
        ("tele/{device}/SENSOR", "tele/a/b/SENSOR", None),
        ("{meter}/#", "M-1/events/rpc", "M-1"),
        ("+/power.meter-{device}/x", "site/power.meter-3/x", "3"),
        ("+/power.meter-{device}/x", "site/powerXmeter-3/x", None),
        ("a/{device}", "a/", None),
    ],
)
def test_a_template_finds_the_device_in_its_place(template: str, topic: str, device: str | None) -> None:
    assert TopicTemplate(template).device_of(topic) == device


@pytest.mark.parametrize("text", ["", "tele/+/SENSOR", "{device}/{device}", "{name}", "#/{device}", "{"])
def test_a_template_without_exactly_one_device_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\{device\}|'#'"):
        TopicTemplate(text)


def test_without_a_template_the_first_plus_is_the_device() -> None:
    found = template_of("$share/group/tele/+/SENSOR")
    assert found is not None
    assert found.device_of("tele/plug-7/SENSOR") == "plug-7"
    assert template_of("fixed/topic") is None


def test_a_shared_subscription_is_known_and_its_filter_is_what_follows_the_group() -> None:
    assert is_shared("$share/g/a/+")
    assert plain_filter("$share/g/a/+") == "a/+"
    assert plain_filter("a/+") == "a/+"
    assert plain_filter("$share/g") == "$share/g"


def test_a_filter_is_shared_once() -> None:
    assert shared_filter("a/+", "g") == "$share/g/a/+"
    assert shared_filter("$share/own/a/+", "g") == "$share/own/a/+"
