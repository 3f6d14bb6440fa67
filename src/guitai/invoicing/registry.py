"""The centres there are: one line each. Loaded by name, because providers lie above this room."""

from functools import lru_cache
from typing import cast

from django.utils.module_loading import import_string

from guitai.invoicing import rules
from guitai.invoicing.errors import UnknownCentre
from guitai.invoicing.ports import Ability, Centre, CentreClass, Journal

CENTRES = {
    "mirle": "guitai.providers.centres.mirle.MirleCentre",
    "turnkey": "guitai.providers.centres.turnkey.TurnkeyCentre",
}
name_of = rules.centre_name


@lru_cache
def _class_of(key: str) -> CentreClass:
    return cast(CentreClass, import_string(CENTRES[key]))


def open_centre(key: str, journal: Journal) -> Centre:
    """The centre of that key, writing its exchanges to ``journal``. Raises ``UnknownCentre``."""
    if key not in CENTRES:
        raise UnknownCentre(centre=key, field="centre")
    return _class_of(key)(journal)


def abilities_of(key: str) -> frozenset[Ability]:
    """What the centre can do; empty for ``none`` and unknown keys."""
    return _class_of(key).abilities if key in CENTRES else frozenset()


def is_published(key: str) -> bool:
    """False where the screens must say 「規格未公開」 (DESIGN §4)."""
    return key not in CENTRES or _class_of(key).published
