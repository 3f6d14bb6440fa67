"""What the agent remembers of each device it has used: name, drawer socket, speed of its line."""

from collections.abc import Mapping
from typing import Any

from ..datadir import SettingsFile

MOST = 50
KEYS = ("name", "profile", "drawer", "line")


class DeviceNotes:
    """Kept in the settings under the device's id; the oldest go when there are more than 50."""

    def __init__(self, settings: SettingsFile) -> None:
        self._settings = settings

    def of(self, device_id: str) -> Mapping[str, Any]:
        return self._settings.now.devices.get(device_id, {})

    def put(self, device_id: str, **facts: object) -> None:
        """Remember; unchanged facts write nothing to disk."""
        unknown = set(facts) - set(KEYS)
        if unknown:
            raise ValueError(unknown)
        known = self.of(device_id)
        if all(known.get(key) == value for key, value in facts.items()):
            return
        with self._settings.changing() as settings:
            notes = settings.devices
            notes[device_id] = {**notes.pop(device_id, {}), **facts}
            for oldest in list(notes)[: max(0, len(notes) - MOST)]:
                del notes[oldest]

    def drawer(self, device_id: str) -> int:
        """Which socket the shop's drawer hangs on: 1 or 2."""
        return int(self.of(device_id).get("drawer", 1))

    def lines(self) -> dict[str, tuple[int, bool]]:
        """The speeds that worked, by device."""
        noted = {key: note.get("line") for key, note in self._settings.now.devices.items()}
        return {key: (int(line[0]), bool(line[1])) for key, line in noted.items() if line}
