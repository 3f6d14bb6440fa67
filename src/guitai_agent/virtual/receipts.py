"""Writes what the virtual printer cuts off into a folder: one picture and one text a receipt."""

import threading
from collections.abc import Callable
from pathlib import Path

from .device import Receipt
from .interpreter import Dots

Png = Callable[[Dots], bytes]


class ReceiptFolder:
    """``0001.png`` and, where the printer's own font was used, ``0001.txt``; torn pieces are
    ``0002-torn.png``. Numbers go on where an earlier run stopped."""

    def __init__(self, folder: Path, png: Png) -> None:
        self.folder, self._png = folder, png
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._number = max((int(path.name[:4]) for path in folder.glob("[0-9]*.png")), default=0)

    def __call__(self, receipt: Receipt) -> None:
        """Never half a file: written beside, then renamed."""
        with self._lock:
            self._number += 1
            stem = f"{self._number:04}{'-torn' if receipt.torn else ''}"
            if receipt.text:
                (self.folder / f"{stem}.txt").write_text(receipt.text + "\n", "utf-8")
            half = self.folder / f".{stem}.png"
            half.write_bytes(self._png(receipt.page))
            half.rename(self.folder / f"{stem}.png")
