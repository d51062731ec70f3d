"""The pages that stand at the top of every page, in the order of a metering engineer's day."""

from __future__ import annotations

from typing import NamedTuple

from dashboard.words import marked


class Entry(NamedTuple):
    """One page that can be gone to from everywhere."""

    path: str
    title: str
    """A marked word."""

    def is_here(self, path: str) -> bool:
        """Tell whether an address is of this page or of one below it."""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))


NAVIGATION: tuple[Entry, ...] = (
    Entry("/", marked("Overview")),
    Entry("/meters", marked("Meters")),
    Entry("/incidents", marked("Incidents")),
    Entry("/episodes", marked("Episodes")),
    Entry("/cases", marked("Cases")),
    Entry("/quality", marked("Power quality")),
    Entry("/load", marked("Load")),
    Entry("/forecasts", marked("Forecasts")),
    Entry("/losses", marked("Line loss")),
    Entry("/customers", marked("Customers")),
    Entry("/bills", marked("Bills")),
    Entry("/collectors", marked("Collectors")),
    Entry("/orders", marked("Orders")),
    Entry("/flows", marked("Flows")),
    Entry("/settings", marked("Settings")),
)
