"""The URL by which a meter of the archive is given an order."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from pipeline.errors import ConfigError
from storage.order_meters import OrderPlace


def order_url(place: OrderPlace) -> str:
    """Return the URL of a DL/T 645 meter, as ``kilowatch control`` takes it.

    Raises:
        ConfigError: If the meter hangs on no line, or nothing says how it is spoken to.
    """
    if place.line_url is None or place.address is None or place.profile is None:
        raise ConfigError(
            f"meter {place.meter} has no bus, address or profile in the archive: it cannot be given an order"
        )
    line = urlsplit(place.line_url)
    options = [
        *parse_qsl(line.query),
        ("profile", place.profile),
        *([] if place.wiring is None else [("wiring", place.wiring)]),
        *([] if place.zone is None else [("zone", place.zone)]),
    ]
    path = f"{line.path.rstrip('/')}/{place.address}"
    return f"dlt645+{line.scheme}://{line.netloc}{path}?{urlencode(options)}"
