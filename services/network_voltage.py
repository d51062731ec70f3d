"""The voltage qualification of a whole network (综合电压合格率) out of a run over its service points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from analysis.power_quality.network_rate import NetworkRate, PointRate, network_rate, point_rate
from pipeline.archive_records import PointClass
from pipeline.registry import Registry
from services.quality import JudgedPoint
from services.settings import Settings, load_settings
from storage.database import connect
from storage.registry import load_registry
from storage.registry_files import read_registry


class NetworkVoltage:
    """Gathers the rates of points as they are judged: their months need not stay in memory."""

    def __init__(self, filed: Mapping[PointClass, int]) -> None:
        """Begin with how many monitoring points of each class the archive has."""
        self._filed = filed
        self._rates: list[PointRate] = []
        self._month: date | None = None

    def add(self, point: JudgedPoint) -> None:
        """Take in a point's month; one without a class, or without voltages, has no rate."""
        rate = point_rate(point.month.point, point.judgements)
        self._month = point.month.month
        if rate is not None:
            self._rates.append(rate)

    @property
    def rate(self) -> NetworkRate | None:
        """What they come to; None where the archive names the class of no point."""
        return network_rate(self._rates, self._filed) if self._filed else None

    def document(self) -> dict[str, object] | None:
        """Return the same as JSON."""
        rate = self.rate
        if rate is None:
            return None
        return {
            "month": None if self._month is None else f"{self._month:%Y-%m}",
            "network_voltage_percent": rate.percent,
            "formula": rate.formula,
            "reference": str(rate.reference),
            "confirmed": rate.reference.confirmed,
            "absent_classes": [each.value for each in rate.absent],
            "classes": [
                {
                    "class": each.point_class.value,
                    "points": each.filed,
                    "judged": each.judged,
                    "percent": each.percent,
                    "coverage": each.coverage,
                }
                for each in rate.classes
            ],
        }

    def rows(self) -> list[dict[str, object]]:
        """Return the same as lines for people: a class each, then the network."""
        rate = self.rate
        if rate is None:
            return []
        rows: list[dict[str, object]] = [
            {
                "class": each.point_class.value,
                "points": f"{each.judged} of {each.filed}",
                "rate": _percent(each.percent),
                "coverage": "" if each.coverage is None else f"{each.coverage:.1%}",
                "how": "" if each.filed else "the archive has no point of this class",
            }
            for each in rate.classes
        ]
        judged, filed = sum(c.judged for c in rate.classes), sum(c.filed for c in rate.classes)
        total = {"class": "network", "points": f"{judged} of {filed}", "rate": _percent(rate.percent)}
        return [*rows, {**total, "coverage": "", "how": f"{rate.formula}; to be confirmed"}]


def network_of_files(registry: Path) -> NetworkVoltage:
    """Return a network whose archive is a file.

    Raises:
        RegistryError: With every problem of the archive.
    """
    return NetworkVoltage(_filed(read_registry(registry)))


def network_stored(settings: Settings | None = None) -> NetworkVoltage:
    """Return the network whose archive the database holds.

    Raises:
        StorageError: If the database is away or refuses.
    """
    settings = settings or load_settings()
    with connect(settings.require_database_url()) as connection:
        return NetworkVoltage(_filed(load_registry(connection)))


def _filed(archive: Registry) -> Mapping[PointClass, int]:
    classes: Sequence[PointClass] = [s.point_class for s in archive.supplies if s.point_class is not None]
    return Counter(classes)


def _percent(percent: float | None) -> str:
    # Cut rather than rounded: 99.9999 % is not 100 %.
    return "-" if percent is None else f"{int(percent * 1000 + 1e-9) / 1000:.3f} %"
