"""The pile of paper under a printer, read as a person reads it, and the books kept against it."""

import collections
import re
import threading
from dataclasses import dataclass

import numpy as np
import zxingcpp
from PIL import Image

# A proof begins with its seller. The title of a first print is set in the printer's own type; with
# 補印 behind it it is too wide for that and drawn, so it is not among the text.
HEAD = "櫃台示範股份有限公司"
TITLE = "電子發票證明聯"
NUMBER = re.compile(r"^([A-Z]{2})-(\d{8})$", re.MULTILINE)


@dataclass(frozen=True)
class Piece:
    """One piece of paper: ``number`` of the whole proof on it or empty; what its text begins."""

    name: str
    number: str
    begun: tuple[str, ...]
    heads: int
    reprint: bool
    height: int


def proof_number(picture):
    """The number of a proof whose bar code and both QR codes can be read, else empty."""
    for scale in (1, 2):
        grey = np.where(np.pad(picture, 24), 0, 255).astype(np.uint8)
        found = zxingcpp.read_barcodes(np.repeat(np.repeat(grey, scale, 0), scale, 1))
        bars = [code.text for code in found if code.format == zxingcpp.BarcodeFormat.Code39]
        left = [c.text for c in found if bars and c.text.startswith(bars[0][5:15])]
        if len(found) == 3 and left:
            return bars[0][5:15]
    return ""


def piece_of(name, dots, text):
    """The codes alone are no proof: where the lid was opened in the middle and the printer went on
    by itself, a torn piece bears the seller and the number, and another one the codes."""
    begun = tuple(a + b for a, b in NUMBER.findall(text))
    lines = text.splitlines()
    number = proof_number(dots)
    whole = number if number in begun and HEAD in lines else ""
    return Piece(name, whole, begun, lines.count(HEAD), TITLE not in lines, len(dots))


class Pile:
    """Every picture in the printer's folder; each is read once."""

    def __init__(self, folder):
        self._folder, self._pieces, self._lock = folder, {}, threading.Lock()

    def count(self):
        return sum(1 for _ in self._folder.glob("[0-9]*.png"))

    def pieces(self):
        with self._lock:
            for path in sorted(self._folder.glob("[0-9]*.png")):
                if path.name not in self._pieces:
                    self._pieces[path.name] = self._read(path)
            return list(self._pieces.values())

    def whole(self):
        """The numbers of the proofs that lie here complete."""
        return {piece.number for piece in self.pieces() if piece.number}

    @staticmethod
    def _read(path):
        with Image.open(path) as picture:
            dots = np.asarray(picture.convert("L")) < 128
        text = path.with_suffix(".txt")
        return piece_of(path.name, dots, text.read_text("utf-8") if text.exists() else "")


@dataclass(frozen=True)
class Row:
    """A job as the journal has it, with its number."""

    number: str
    copy: str
    state: str
    reason: str


def faults_in_books(pieces, rows, numbers, height):
    """Every way in which paper, journal and a person's word disagree, as sentences."""
    whole = collections.Counter(piece.number for piece in pieces if piece.number)
    begun = collections.Counter(number for piece in pieces for number in piece.begun)
    mine = collections.defaultdict(list)
    for row in rows:
        mine[row.number].append(row)
    found = [f"{number} was never asked for" for number in {*whole, *mine} - set(numbers)]
    for number in numbers:
        found += _faults_of(number, mine[number], whole[number], begun[number])
    marked = {row.number for row in rows if row.state == "done" and row.copy == "reprint"}
    for piece in pieces:
        found += _faults_on(piece, height, piece.number in marked)
    return found


def _faults_of(number, rows, whole, begun):
    done = [row for row in rows if row.state == "done"]
    said_no = [row for row in rows if (row.state, row.reason) == ("cancelled", "NOT_PRINTED")]
    reprints = [row for row in rows if row.copy == "reprint"]
    told = [
        (not rows, "lost: the journal has no job"),
        (len(done) + len(said_no) < len(rows), "has a job without a proper end"),
        (len(done) > 1, f"done {len(done)} times"),
        (not done, "lost: no job is done"),
        (whole == 0, "lost: not whole on any paper"),
        (whole > 1, f"printed {whole} times"),
        (begun > len(rows), f"begun {begun} times for {len(rows)} jobs"),
        (len(reprints) > len(said_no), "reprinted without a person's word"),
    ]
    return [f"{number} {text}" for wrong, text in told if wrong]


def _faults_on(piece, height, marked):
    if not piece.number:
        wrong = len(piece.begun) > 1 or piece.heads > 1
        return [f"{piece.name} holds the pieces of two proofs"] if wrong else []
    found = []
    if piece.height != height or piece.begun != (piece.number,) or piece.heads != 1:
        found.append(f"{piece.name} has something in front of {piece.number}")
    if piece.reprint != marked:
        found.append(f"{piece.name} bears the wrong mark for {piece.number}")
    return found
