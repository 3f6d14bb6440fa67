"""A slip in plain characters: for terminals, logs of tests and golden files."""

from unicodedata import east_asian_width

from twinvoice.paper.blocks import (
    Block,
    Code39,
    Columns,
    Cut,
    Feed,
    QrPair,
    Rule,
    Ruler,
    Slip,
    Text,
)

DOTS_PER_COLUMN = 12
DOTS_PER_LINE = 30


def as_text(slip: Slip, *, columns: int = 32) -> str:
    """The slip as lines of ``columns`` half-width columns; 32 are 384 dots.

    Big type is set between ``【 】``, codes are written out, a feed is one empty line for every
    full line height. Ends with a newline.
    """
    return "".join(f"{line.rstrip()}\n" for block in slip for line in _lines(block, columns))


def display_width(text: str) -> int:
    """Half-width columns that the text takes: 2 for a Chinese character, 1 for a Latin letter."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _lines(block: Block, columns: int) -> list[str]:
    match block:
        case Text(text=text, scale=scale, align=align):
            shown = f"【{text}】" if scale == 2 else text
            return [_aligned(shown, align, columns)]
        case Columns(left=left, right=right):
            gap = max(1, columns - display_width(left) - display_width(right))
            return [f"{left}{' ' * gap}{right}"]
        case Code39(data=data):
            return [_aligned(f"|||*{data}*|||", "centre", columns)]
        case QrPair(left=left, right=right):
            return [f"[QR] {left}", f"[QR] {right}"]
        case Rule():
            return ["-" * columns]
        case Ruler():
            return ["|....:....|....:....|....:....|"]
        case Feed(dots=dots):
            return [""] * (dots // DOTS_PER_LINE)
        case Cut():
            return ["8<" + "-" * (columns - 2)]


def _aligned(text: str, align: str, columns: int) -> str:
    spare = max(0, columns - display_width(text))
    return " " * {"left": 0, "centre": spare // 2, "right": spare}[align] + text
