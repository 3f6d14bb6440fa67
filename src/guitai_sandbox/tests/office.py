"""A Turnkey folder with the seller of the sample messages (mof-vectors §9)."""

from __future__ import annotations

import re
from pathlib import Path

from lxml import etree

from guitai_sandbox.tests.desk import Desk, sample
from guitai_sandbox.turnkey.runner import Turnkey

SELLER = "04595257"
PRINTED, MOBILE, DONATED, COMPANY, ZERO = (
    sample(f"mig/F0401-{name}")
    for name in (
        "a-B2C-print",
        "b-B2C-mobile-barcode",
        "c-B2C-donation",
        "d-B2B-print",
        "e-B2B-zero-rate-export",
    )
)
VOID, ANNUL = sample("mig/F0501-void"), sample("mig/F0701-cancel-record")
ALLOW, UNALLOW = sample("mig/G0401-allowance"), sample("mig/G0501-void-allowance")
BRANCH, BLANK = sample("mig/E0401-branch-allocation"), sample("mig/E0402-blank-numbers")


class Office:
    """A Turnkey folder with the sample seller, track AB of 115年01-02月, and a clock."""

    def __init__(self, base: Path, **options) -> None:
        self.root = base / "turnkey"
        self.turnkey = Turnkey(base / "data", self.root, **options)
        self.desk = Desk(base / "data")
        self.desk.sandbox.control.turnkey = self.turnkey
        self.desk.control("POST", "sellers", ban=SELLER, name="測試賣方股份有限公司")
        span = {"track": "AB", "begin": "00000000", "end": "00000499"}
        self.desk.control("POST", "ranges", face="turnkey", seller=SELLER, period="11502", **span)
        self.at("2026-01-16T12:00:00")
        self.count = 0

    def at(self, moment: str) -> None:
        self.desk.control("POST", "clock", now=moment, hold=True)

    def src(self, message: str) -> Path:
        return self.turnkey.folder.upcast(message) / "SRC"

    def send(self, *texts: str) -> list[str]:
        """Drop files, run once, return the codes of the new ProcessResults in order."""
        before = set(self.results())
        for text in texts:
            self.count += 1
            message = re.search(r"eInvoiceMessage:(\w{5}):", text)[1]
            (self.src(message) / f"{self.count:04d}.xml").write_text(text, "utf-8")
        self.turnkey.run_once()
        new = sorted(set(self.results()) - before)
        return [code for file in new for code in codes(file)]

    def results(self, kind: str = "ProcessResult") -> list[Path]:
        return sorted((self.root / "Unpack" / "BAK").glob(f"{kind}/*/*/*.xml"))

    def state(self, number: str, kind: str = "invoice") -> list[str]:
        found = self.desk.control("GET", f"documents?face=turnkey&number={number}&kind={kind}")
        return [one["state"] for one in found["documents"]]

    def errors(self) -> list[Path]:
        return sorted(self.root.glob("UpCast/*/*/ERR/*/*/*"))


def codes(file: Path) -> list[str]:
    return etree.parse(file).xpath("//*[local-name()='Info']/*[local-name()='Code']/text()")


def numbered(text: str, number: int) -> str:
    return re.sub(r"AB\d{8}", f"AB{number:08d}", text)
