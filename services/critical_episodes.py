"""Critical episodes (严重异常) that nobody outside was told of yet."""

from __future__ import annotations

from collections.abc import Callable

from services.settings import load_settings
from services.wiring import utc_now
from storage.database import connect
from storage.told_episodes import CriticalEpisode, mark_told, untold_critical


def tell_critical(tell: Callable[[CriticalEpisode], object]) -> int:
    """Tell each critical episode that is new, and return how many; what fails is told the next time.

    Raises:
        StorageError: If the database is away.
    """
    with connect(load_settings().require_database_url()) as connection:
        episodes = untold_critical(connection)
        for episode in episodes:
            tell(episode)
            # One by one: if the next one fails, this one is not told again.
            mark_told(connection, [episode.id], utc_now())
    return len(episodes)
