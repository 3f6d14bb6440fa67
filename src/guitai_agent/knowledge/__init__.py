"""What is known of printers and their troubles, as data: read by the agent and by the server.

Imports the standard library and ``guitai_agent.errors`` only (docs/decisions/0010).
"""

from .clock import drift_params
from .printers import DEFAULT, Profile, by_model, by_usb, profile, profiles
from .remedies import Ask, Fix, Remedy, on_linux, picture, remedies, remedy

__all__ = [
    "DEFAULT",
    "Ask",
    "Fix",
    "Profile",
    "Remedy",
    "by_model",
    "by_usb",
    "drift_params",
    "on_linux",
    "picture",
    "profile",
    "profiles",
    "remedies",
    "remedy",
]
