"""``proof``: bytes and build time of a three-item proof, beside python-escpos and Pillow."""

import contextlib
import io
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path

from guitai_agent.escpos import encoders
from guitai_agent.knowledge import profile
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
    """Bytes against DESIGN §8's floor; time against Pillow + segno in the same run."""
    serial = iter(range(10_000_000))
    printer = profile("virtual")

    def ours(mode: str) -> int:
        invoice = replace(sample(), number=f"AB{next(serial):08d}")  # no two are the same
        return len(encoders.encode(paper.proof_copy(invoice, KEY), printer, mode).data)  # type: ignore[arg-type]

    contenders = {
        "hybrid": lambda: report.milliseconds(lambda: ours("hybrid"), 20),
        "banded": lambda: report.milliseconds(lambda: ours("banded"), 20),
    }
    beside = {"pillow_segno": _pillow, "python_escpos": _python_escpos}
    for name, build in beside.items():
        if Path(FONTS[0]).exists():
            contenders[name] = lambda build=build: report.milliseconds(build, 5)
    found = report.interleaved(contenders)
    limit = found.get("pillow_segno", BUILD_FLOOR_MS)
    for mode in ("hybrid", "banded"):
        report.line(f"proof_bytes_{mode}", ours(mode), "bytes", BYTES_FLOOR[mode])
        report.line(
            f"proof_build_{mode}",
            found[mode],
            "ms",
            limit,
            limit_is="Pillow + segno, whole page as one picture",
            floor_ms=BUILD_FLOOR_MS,
            python_escpos_ms=round(found.get("python_escpos", 0), 1),
        )


def _picture() -> "object":
    """The page as a general-purpose toolkit draws it: TrueType text and two QR pictures."""
    import segno
    from PIL import Image, ImageDraw, ImageFont

    invoice = sample()
    page = Image.new("1", (384, 700), 1)
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
        code.save(out, kind="png", scale=4, border=0)
        page.paste(Image.open(out), (column * 200, 400))
    return page


def _pillow() -> bytes:
    page = _picture()
    data = bytes(b ^ 0xFF for b in page.tobytes())  # type: ignore[attr-defined]
    return b"\x1b@\x1dv0\x00" + (48).to_bytes(2, "little") + (700).to_bytes(2, "little") + data


def _python_escpos() -> bytes:
    from escpos.printer import Dummy

    with contextlib.redirect_stdout(io.StringIO()):  # it prints warnings there
        printer = Dummy()
        printer.image(_picture(), impl="bitImageRaster")
        printer.cut()
    return bytes(printer.output)
