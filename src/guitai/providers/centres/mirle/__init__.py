"""盟立 Mirle: reconstructed from the clients that exist (providers.md §2), not published."""

from guitai.providers.centres.mirle.adapter import MirleCentre

__all__ = ["MirleCentre"]
