"""財政部 Turnkey: a folder that the platform's own program empties and fills (mof.md §9)."""

from guitai.providers.centres.turnkey.adapter import TurnkeyCentre

__all__ = ["TurnkeyCentre"]
