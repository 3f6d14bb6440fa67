"""The fonts on paper: twinvoice's baked ones, and for what they lack a font of the system."""

from functools import cache

from twinvoice.fonts import Fonts

from .systemfont import system_glyphs


@cache
def paper_fonts() -> Fonts:
    """One cache of glyphs for the life of the agent."""
    return Fonts(system_glyphs())
