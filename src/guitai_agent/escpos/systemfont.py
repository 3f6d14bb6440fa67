"""Rare characters (堃 喆 煊 …) from a font of the system, through FreeType where it is installed.

Linux systems have libfreetype.so.6; without it, or without a Chinese font, the answer is "none"
and the paper shows 〓 (DESIGN §5). Nothing is installed for it. The structures are those of
FreeType's public header, as far as they are read.
"""

import ctypes
import ctypes.util
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

# (file, index of the Traditional Chinese face in a collection)
CANDIDATES = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 3),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", 3),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("C:/Windows/Fonts/msjh.ttc", 0),
)
CELL = 24
BASELINE = 21
RENDER_MONO = 0x4 | (2 << 16)  # FT_LOAD_RENDER | FT_LOAD_TARGET_MONO

Glyph = NDArray[np.bool_]
_long, _pointer, _int = ctypes.c_long, ctypes.c_void_p, ctypes.c_int


class _Bitmap(ctypes.Structure):
    _fields_ = (
        ("rows", ctypes.c_uint),
        ("width", ctypes.c_uint),
        ("pitch", _int),
        ("buffer", ctypes.POINTER(ctypes.c_ubyte)),
        ("num_grays", ctypes.c_ushort),
        ("pixel_mode", ctypes.c_ubyte),
        ("palette_mode", ctypes.c_ubyte),
        ("palette", _pointer),
    )


class _Slot(ctypes.Structure):
    _fields_ = (
        ("heads", _pointer * 3),
        ("glyph_index", ctypes.c_uint),
        ("generic", _pointer * 2),
        ("metrics", _long * 8),
        ("advances", _long * 4),
        ("format", _int),
        ("bitmap", _Bitmap),
        ("left", _int),
        ("top", _int),
    )


class _Face(ctypes.Structure):
    _fields_ = (
        ("counts", _long * 5),
        ("names", _pointer * 2),
        ("num_fixed_sizes", _int),
        ("available_sizes", _pointer),
        ("num_charmaps", _int),
        ("charmaps", _pointer),
        ("generic", _pointer * 2),
        ("bbox", _long * 4),
        ("measures", ctypes.c_short * 8),
        ("glyph", ctypes.POINTER(_Slot)),
    )


def system_glyphs() -> Callable[[str], Glyph | None] | None:
    """A function from a character to its 24 × 24 dots (None: not in the font); None: no font."""
    library_name = ctypes.util.find_library("freetype")
    found = next(((path, at) for path, at in CANDIDATES if Path(path).is_file()), None)
    if library_name is None or found is None:
        log.info("no system font for rare characters")
        return None
    try:
        return SystemFont(ctypes.CDLL(library_name), *found)
    except OSError as error:
        log.warning("system font not usable: %s", error)
        return None


class SystemFont:
    """One face at 24 dots, one bit a dot. FreeType faces serve one thread at a time."""

    def __init__(self, library: ctypes.CDLL, path: str, index: int) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._handle = _pointer()
        self._face = ctypes.POINTER(_Face)()
        library.FT_Load_Char.argtypes = (ctypes.POINTER(_Face), ctypes.c_ulong, ctypes.c_int32)
        library.FT_Get_Char_Index.argtypes = (ctypes.POINTER(_Face), ctypes.c_ulong)
        self._check(library.FT_Init_FreeType(ctypes.byref(self._handle)))
        name = path.encode()
        self._check(library.FT_New_Face(self._handle, name, _long(index), ctypes.byref(self._face)))
        self._check(library.FT_Set_Pixel_Sizes(self._face, CELL, CELL))

    def __call__(self, char: str) -> Glyph | None:
        with self._lock:
            if not self._library.FT_Get_Char_Index(self._face, ord(char)):
                return None
            if self._library.FT_Load_Char(self._face, ord(char), RENDER_MONO):
                return None
            return _in_cell(self._face.contents.glyph.contents)

    @staticmethod
    def _check(error: int) -> None:
        if error:
            raise OSError(f"FreeType error {error}")


def _in_cell(slot: _Slot) -> Glyph:
    """The rendered bitmap at its place in the cell; what sticks out is cut off."""
    bitmap, cell = slot.bitmap, np.zeros((CELL, CELL), np.bool_)
    if not bitmap.rows or not bitmap.width:
        return cell
    raw = np.ctypeslib.as_array(bitmap.buffer, (bitmap.rows * bitmap.pitch,))
    dots = np.unpackbits(raw.reshape(bitmap.rows, bitmap.pitch), axis=1)[:, : bitmap.width]
    top, left = max(0, BASELINE - slot.top), max(0, slot.left)
    seen = dots[: CELL - top, : CELL - left].astype(np.bool_)
    cell[top : top + seen.shape[0], left : left + seen.shape[1]] = seen
    return cell
