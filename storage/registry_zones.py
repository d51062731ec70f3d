"""In which zone the local dates of an archive file are: that of the area where a thing is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pipeline.registry import DEFAULT_ZONE
from storage.cell_values import CellError
from storage.registry_cells import convert
from storage.registry_entries import Entry
from storage.registry_filed import Filed
from storage.registry_tables import TABLE_BY_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """Where everything is that the file and the archive have."""

    of_area: Mapping[str, ZoneInfo]
    areas: Mapping[str, str | None]
    """Of each service point."""
    points: Mapping[tuple[str, str], str | None]
    """Of each meter and tariff."""
    is_whole: bool
    """Whether the file alone is the archive: what it only names has no area then."""

    def zone_of(self, place: str, name: object) -> ZoneInfo | None:
        """Return the zone of a service point, meter, tariff or area, the default one where it has no area.

        None: it is neither in the file nor in the archive, which has places of its own.
        """
        text = str(name)
        if place == "area":
            return self.of_area.get(text, self._elsewhere())
        if place != "service_point":
            point = self.points.get((place, text))
            return DEFAULT_ZONE if point is None else self.zone_of("service_point", point)
        if text not in self.areas:
            return self._elsewhere()
        return self.of_area.get(self.areas[text] or "", DEFAULT_ZONE)

    def _elsewhere(self) -> ZoneInfo | None:
        return DEFAULT_ZONE if self.is_whole else None


def zones_of(entries: Mapping[str, Sequence[Entry]], filed: Filed) -> Zones:
    """Return where everything is; what the file says goes before what is filed."""
    here: dict[tuple[str, str], str | None] = {}
    for kind, table in (("meter", "installation"), ("tariff", "contract")):
        for entry in entries.get(table, []):
            if "service_point" in entry.values and kind in entry.values:
                here.setdefault((kind, str(entry.values[kind])), str(entry.values["service_point"]))
    return Zones(
        of_area={**filed.area_zones, **_area_zones(entries.get("area", []))},
        areas={**filed.point_areas, **_point_areas(entries.get("service_point", []))},
        points={
            **{("meter", meter): point for meter, point in filed.meter_points.items()},
            **{("tariff", tariff): point for tariff, point in filed.tariff_points.items()},
            **here,
        },
        is_whole=not filed.point_areas,
    )


def _area_zones(entries: Sequence[Entry]) -> dict[str, ZoneInfo]:
    zones: dict[str, ZoneInfo] = {}
    for entry in entries:
        try:
            zone = convert(TABLE_BY_NAME["area"].record, "zone", entry.values.get("zone", DEFAULT_ZONE.key))
        except CellError:
            continue  # said where the entry itself is read
        if isinstance(zone, ZoneInfo):
            zones[str(entry.values.get("id"))] = zone
    return zones


def _point_areas(entries: Sequence[Entry]) -> dict[str, str | None]:
    areas = ((entry, entry.values.get("area")) for entry in entries)
    return {str(entry.values.get("id")): None if area is None else str(area) for entry, area in areas}
