"""``proof``: bytes and build time of a three-item proof on every printer of the catalogue, beside
python-escpos and Pillow + segno."""

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from functools import partial
from pathlib import Path

from guitai_agent.escpos import encoders
from guitai_agent.escpos.encoders import Mode
from guitai_agent.knowledge import Profile, profiles
from tests.bench import report
from twinvoice import paper, proof, tax
from twinvoice.document import Buyer, Invoice, Line, Seller

KEY = "FE05F029154F6AA67A78B338ED2F6601"
FONTS = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",)
BYTES_FLOOR = {"hybrid": 4_000, "banded": 17_000}
BUILD_FLOOR_MS = 30.0


def sample(lines: int = 3) -> Invoice:
    """A consumer's invoice of that many lines."""
    names = ("美式咖啡", "肉桂捲", "隨行杯", "鮮奶茶")
    items = tuple(
        Line(names[n % 4], Decimal(1), Decimal(65 + n), Decimal(65 + n), str(n + 1))
        for n in range(lines)
    )
    seller = Seller("12345675", "好日子商行", "臺北市信義區市府路 1 號")
    blank = Invoice(
        number="AB12345678",
        date=date(2026, 11, 21),
        time=time(10, 30),
        seller=seller,
        buyer=Buyer(),
        lines=items,
        totals=tax.totals(items, Buyer()),
        random_code="0482",
        print_mark=True,
    )
    return replace(blank)


def run() -> None:
    """For every profile: bytes against DESIGN §8's floor, and the time to build them beside
    python-escpos and Pillow + segno at the same width, all in one interleaved run."""
    serial = iter(range(10_000_000))
    contenders: dict[str, Callable[[], float]] = {}
    for name, used in profiles().items():
        for mode in modes_of(used):
            contenders[f"{name} {mode}"] = partial(_timed, partial(_ours, serial, used, mode), 10)
    beside: dict[str, Callable[[int], bytes]] = {"pillow": _pillow, "escpos": _python_escpos}
    widths = sorted({used.dots for used in profiles().values()})
    if Path(FONTS[0]).exists():
        for width in widths:
            for name, build in beside.items():
                contenders[f"{name} {width}"] = partial(_timed, partial(build, width), 3)
    found = report.interleaved(contenders)
    sizes = {f"{name} {w}": len(build(w)) for name, build in beside.items() for w in widths
             if f"{name} {w}" in found}  # fmt: skip
    for name, used in profiles().items():
        for mode in modes_of(used):
            _tell(name, mode, used.dots, _ours(serial, used, mode), found, sizes)


def modes_of(used: Profile) -> tuple[Mode, ...]:
    """How a proof may go to that printer, the way that is used first."""
    return ("hybrid", "banded") if used.big5 else ("banded",)


def _tell(
    name: str, mode: Mode, dots: int, data: bytes, found: dict[str, float], sizes: dict[str, int]
) -> None:
    report.line(
        "proof",
        found[f"{name} {mode}"],
        "ms",
        found.get(f"pillow {dots}", BUILD_FLOOR_MS),
        profile=name,
        mode=mode,
        dots=dots,
        bytes=len(data),
        bytes_floor=BYTES_FLOOR[mode],
        limit_is="Pillow + segno, whole page as one picture",
        floor_ms=BUILD_FLOOR_MS,
        pillow_segno_bytes=sizes.get(f"pillow {dots}"),
        python_escpos_ms=round(found.get(f"escpos {dots}", 0), 1),
        python_escpos_bytes=sizes.get(f"escpos {dots}"),
    )


def _timed(build: Callable[[], object], times: int) -> float:
    return report.milliseconds(build, times)


def _ours(serial: Iterator[int], used: Profile, mode: Mode) -> bytes:
    invoice = replace(sample(), number=f"AB{next(serial):08d}")  # no two are the same
    return encoders.encode(paper.proof_copy(invoice, KEY), used, mode).data


def _picture(width: int) -> "object":
    """The page as a general-purpose toolkit draws it: TrueType text and two QR pictures."""
    import segno
    from PIL import Image, ImageDraw, ImageFont

    invoice = sample()
    page = Image.new("1", (width, 700), 1)
    pen = ImageDraw.Draw(page)
    font = ImageFont.truetype(FONTS[0], 24)
    for row, block in enumerate(
        b for b in paper.proof_copy(invoice, KEY) if isinstance(b, paper.Text)
    ):
        pen.text((0, row * 30), block.text, font=font, fill=0)
    for column, data in enumerate(proof.qr_pair(invoice, KEY)):
        code = segno.make(
            data, version=7, error="l", boost_error=False, mode="byte", encoding="utf-8"
        )
        out = io.BytesIO()
        code.save(out, kind="png", scale=4 if width >= 384 else 3, border=0)
        page.paste(Image.open(out), (column * width // 2, 400))
    return page


def _pillow(width: int) -> bytes:
    page = _picture(width)
    data = bytes(b ^ 0xFF for b in page.tobytes())  # type: ignore[attr-defined]
    size = ((width + 7) // 8).to_bytes(2, "little") + (700).to_bytes(2, "little")
    return b"\x1b@\x1dv0\x00" + size + data


def _python_escpos(width: int) -> bytes:
    from escpos.printer import Dummy

    with contextlib.redirect_stdout(io.StringIO()):  # it prints warnings there
        printer = Dummy()
        printer.image(_picture(width), impl="bitImageRaster")
        printer.cut()
    return bytes(printer.output)
