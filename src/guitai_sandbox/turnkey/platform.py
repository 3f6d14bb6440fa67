"""The tax platform's memory: what it accepts, given what it has already (mof.md §4, §5, §9.6)."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import datetime
from decimal import Decimal
from typing import Any

from guitai_sandbox.facts import CONSUMER, half_up, moment_of, period_of, void_deadline
from guitai_sandbox.turnkey.codes import PlatformError
from guitai_sandbox.world import World, is_late

Document = dict[str, Any]
KINDS = {
    "F0401": "invoice",
    "F0501": "void",
    "F0701": "annul",
    "G0401": "allowance",
    "G0501": "allowance_void",
    "E0401": "branch",
    "E0402": "blank",
}


class Platform:
    """Judges and keeps documents inside the caller's transaction; used by one thread at a time."""

    def __init__(self, link: sqlite3.Connection, world: World) -> None:
        self.link, self.world = link, world
        self.ascending = False
        """Refuse invoices whose number and date do not ascend together (E0209); a fault."""

    def accept(self, message: str, document: Document) -> None:
        """Judge one document and keep it; raises :class:`PlatformError` and keeps nothing."""
        content = digest(document)
        now = self.world.clock.now()
        if document["seller"] and self.world.seller_state(document["seller"]) is None:
            self._need_branch(document)
        period, moment = {
            "F0401": self._issue,
            "F0501": self._void,
            "F0701": self._annul,
            "G0401": self._allow,
            "G0501": self._void_allowance,
            "E0401": self._allot_branch,
            "E0402": self._report_blank,
        }[message](document, content, now)
        self._keep(message, document, content, period, moment, now)

    def _need_branch(self, document: Document) -> None:
        """A branch is known by the ranges its head office gave it (E0401) or is about to give."""
        if "head" in document and self.world.seller_state(document["head"]):
            return
        if not self._branch_ranges(document["seller"]):
            raise PlatformError("E0101", "Seller", document["seller"])

    def _keep(
        self,
        message: str,
        document: Document,
        content: str,
        period: str,
        moment: datetime,
        now: datetime,
    ) -> None:
        company = document.get("buyer", CONSUMER) != CONSUMER
        annul = message == "F0701"
        cursor = self.link.execute(
            "INSERT INTO documents (seller, period, kind, number, state, message, posid, "
            "issued_at, content, body, received_at, late, generation) "
            "VALUES (?, ?, ?, ?, 'live', ?, '', ?, ?, ?, ?, ?, ?)",
            (
                document["seller"],
                period,
                KINDS[message],
                document["number"],
                message,
                moment.isoformat(sep=" "),
                content,
                json.dumps(document, ensure_ascii=False),
                now.isoformat(sep=" ", timespec="milliseconds"),
                is_late(moment.date(), now.date(), company),
                -1 if annul else 0,
            ),
        )
        if annul:
            self._retire(document, period, cursor.lastrowid or 0)

    def _retire(self, document: Document, period: str, generation: int) -> None:
        """Take an invoice, its void and this annulment out of force; the number is free again."""
        self.link.execute(
            "UPDATE documents SET generation = ?, state = CASE kind WHEN 'invoice' THEN "
            "'withdrawn' ELSE state END WHERE seller = ? AND period = ? AND number = ? "
            "AND kind IN ('invoice', 'void', 'annul') AND generation IN (0, -1)",
            (generation, document["seller"], period, document["number"]),
        )

    def _find(self, seller: str, kind: str, number: str, period: str = "") -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.link.execute(
            "SELECT * FROM documents WHERE seller = ? AND period = ? AND kind = ? AND number = ? "
            "AND generation = 0",
            (seller, period, kind, number),
        ).fetchone()
        return row

    # -- invoices -----------------------------------------------------------------------------

    def _issue(self, invoice: Document, content: str, now: datetime) -> tuple[str, datetime]:
        moment = _moment(invoice)
        period, number = period_of(moment.date()), invoice["number"]
        if moment.date() > now.date():
            raise PlatformError("E1002", "InvoiceDate", invoice["date"])
        self._check_track(invoice["seller"], period, number, invoice["type"])
        old = self._find(invoice["seller"], "invoice", number, period)
        if old is not None:
            other_consumer = old["content"] != content and invoice["buyer"] == CONSUMER
            raise PlatformError("E1003" if other_consumer else "E0201", "InvoiceNumber", number)
        self._check_reissue(invoice, period, moment)
        if self.ascending:
            self._check_ascending(invoice["seller"], period, number, moment)
        return period, moment

    def _check_track(self, seller: str, period: str, number: str, kind: str) -> None:
        """E0102 no such track for this seller, E0107 only in another period, or reported blank."""
        track, count = number[:2], int(number[2:])
        spans = self._spans_of(seller, period, track, kind)
        if not _inside(count, spans):
            elsewhere = [
                [row["begin"], row["end"]]
                for row in self.world.ranges("turnkey", seller=seller, track=track)
            ]
            code = "E0107" if _inside(count, elsewhere) else "E0102"
            raise PlatformError(code, "InvoiceNumber", number)
        if _inside(count, self._blanks(seller, period, track, kind)):
            raise PlatformError("E0102", "InvoiceNumber", number)

    def _spans_of(self, seller: str, period: str, track: str, kind: str) -> list[list[int]]:
        own = [
            [row["begin"], row["end"]]
            for row in self.world.ranges(
                "turnkey", seller=seller, period=period, track=track, type=kind
            )
        ]
        given = [
            span
            for one in self._branch_ranges(seller)
            if (one["period"], one["track"], one["type"]) == (period, track, kind)
            for span in one["spans"]
        ]
        return own + given

    def _branch_ranges(self, branch: str) -> list[Document]:
        rows = self.link.execute(
            "SELECT body FROM documents WHERE seller = ? AND kind = 'branch' AND generation = 0",
            (branch,),
        )
        return [json.loads(row["body"]) for row in rows]

    def _blanks(self, seller: str, period: str, track: str, kind: str) -> list[list[int]]:
        row = self._find(seller, "blank", f"{seller}-{track}-{kind}", period)
        return json.loads(row["body"])["spans"] if row else []

    def _check_reissue(self, invoice: Document, period: str, moment: datetime) -> None:
        """A withdrawn number comes back with the same date and time only (mof.md §5.3)."""
        row = self.link.execute(
            "SELECT issued_at FROM documents WHERE seller = ? AND period = ? AND kind = 'invoice' "
            "AND number = ? AND state = 'withdrawn' ORDER BY id DESC LIMIT 1",
            (invoice["seller"], period, invoice["number"]),
        ).fetchone()
        if row and row["issued_at"] != str(moment):
            raise PlatformError("E0305", "InvoiceTime", str(moment))

    def _check_ascending(self, seller: str, period: str, number: str, moment: datetime) -> None:
        clash = self.link.execute(
            "SELECT 1 FROM documents WHERE seller = ? AND period = ? AND kind = 'invoice' "
            "AND generation = 0 AND substr(number, 1, 2) = ? AND "
            "((number > ? AND issued_at < ?) OR (number < ? AND issued_at > ?)) LIMIT 1",
            (seller, period, number[:2], number, str(moment), number, str(moment)),
        ).fetchone()
        if clash:
            raise PlatformError("E0209", "InvoiceNumber", number)

    def _original(self, change: Document) -> tuple[sqlite3.Row, Document, str]:
        period = period_of(datetime.fromisoformat(change["invoice_date"]).date())
        row = self._find(change["seller"], "invoice", change["number"], period)
        body = json.loads(row["body"]) if row else {}
        same = (body.get("buyer"), body.get("date")) == (change["buyer"], change["invoice_date"])
        if row is None or not same:
            raise PlatformError("E0202", "InvoiceNumber", change["number"])
        if _moment(change) < _moment(body) or _moment(change).date() > self.world.clock.today():
            raise PlatformError("E0305", "CancelTime", str(_moment(change)))
        if self._allowed(change["seller"], change["number"], change["invoice_date"])[0]:
            raise PlatformError("E0213", "InvoiceNumber", change["number"])
        return row, body, period

    def _void(self, void: Document, content: str, now: datetime) -> tuple[str, datetime]:
        row, _, period = self._original(void)
        if row["state"] == "void":
            raise PlatformError("E0402", "CancelInvoiceNumber", void["number"])
        if now.date() > void_deadline(period) and not void["approval"]:
            raise PlatformError("E0207", "CancelInvoiceNumber", void["number"])
        self._set_state(row["id"], "void")
        return period, _moment(void)

    def _annul(self, annul: Document, content: str, now: datetime) -> tuple[str, datetime]:
        _, _, period = self._original(annul)
        return period, _moment(annul)

    def _set_state(self, document_id: int, state: str) -> None:
        self.link.execute("UPDATE documents SET state = ? WHERE id = ?", (state, document_id))

    # -- allowances ---------------------------------------------------------------------------

    def _allow(self, allowance: Document, content: str, now: datetime) -> tuple[str, datetime]:
        if self._find(allowance["seller"], "allowance", allowance["number"]):
            raise PlatformError("E0201", "AllowanceNumber", allowance["number"])
        moment = datetime.fromisoformat(allowance["date"])
        if moment.date() > now.date():
            raise PlatformError("E1002", "AllowanceDate", allowance["date"])
        wanted = {(line["invoice_number"], line["invoice_date"]) for line in allowance["lines"]}
        for number, day in sorted(wanted):
            self._check_against(allowance, number, day)
        return "", moment

    def _check_against(self, allowance: Document, number: str, day: str) -> None:
        period = period_of(datetime.fromisoformat(day).date())
        row = self._find(allowance["seller"], "invoice", number, period)
        body = json.loads(row["body"]) if row else {}
        if row is None or (body["date"], body["buyer"]) != (day, allowance["buyer"]):
            raise PlatformError("E0229", "OriginalInvoiceNumber", number)
        if row["state"] == "void":
            raise PlatformError("E0403", "OriginalInvoiceNumber", number)
        if allowance["date"] < day:
            raise PlatformError("E0211", "AllowanceDate", allowance["date"])
        mine = [line for line in allowance["lines"] if line["invoice_number"] == number]
        amount, tax = _sum(mine)
        if amount + tax > body["totals"]["total"]:
            raise PlatformError("E0309", "OriginalInvoiceNumber", number)
        _, before, tax_before = self._allowed(allowance["seller"], number, day)
        if not _fits(body["totals"], amount + before, tax + tax_before):
            raise PlatformError("E0221", "OriginalInvoiceNumber", number)

    def _allowed(self, seller: str, number: str, day: str) -> tuple[int, Decimal, Decimal]:
        lines = [
            line
            for row in self.link.execute(
                "SELECT body FROM documents WHERE seller = ? AND period = '' "
                "AND kind = 'allowance' AND state = 'live' AND instr(body, ?)",
                (seller, f'"{number}"'),
            )
            for line in json.loads(row["body"])["lines"]
            if (line["invoice_number"], line["invoice_date"]) == (number, day)
        ]
        return len(lines), *_sum(lines)

    def _void_allowance(
        self, change: Document, content: str, now: datetime
    ) -> tuple[str, datetime]:
        row = self._find(change["seller"], "allowance", change["number"])
        body = json.loads(row["body"]) if row else {}
        same = (body.get("date"), body.get("buyer")) == (change["allowance_date"], change["buyer"])
        if row is None or not same:
            raise PlatformError("E0205", "CancelAllowanceNumber", change["number"])
        if row["state"] == "void" or not body["date"] <= change["date"] <= str(now.date()):
            raise PlatformError("E0218", "CancelAllowanceNumber", change["number"])
        self._set_state(row["id"], "void")
        return "", _moment(change)

    # -- number messages ----------------------------------------------------------------------

    def _allot_branch(self, branch: Document, content: str, now: datetime) -> tuple[str, datetime]:
        ranges = self.world.ranges(
            "turnkey",
            seller=branch["head"],
            period=branch["period"],
            track=branch["track"],
            type=branch["type"],
        )
        if branch["main"] not in [[row["begin"], row["end"]] for row in ranges]:
            raise PlatformError("E0601", "InvoiceBeginNo", f"{branch['main'][0]:08d}")
        branch["number"] += f"-{branch['main'][0]:08d}"
        self._replace("branch", branch)
        for row in self.link.execute(
            "SELECT body FROM documents WHERE kind = 'branch' AND generation = 0 AND period = ?",
            (branch["period"],),
        ).fetchall():
            other = json.loads(row["body"])
            if (other["track"], other["type"]) == (branch["track"], branch["type"]):
                _refuse_overlap(branch["spans"], other["spans"])
        return branch["period"], now

    def _report_blank(self, blank: Document, content: str, now: datetime) -> tuple[str, datetime]:
        seller, period, track = blank["seller"], blank["period"], blank["track"]
        spans = self._spans_of(seller, period, track, blank["type"])
        for begin, end in blank["spans"]:
            if not any(low <= begin and end <= high for low, high in _merge(spans)):
                raise PlatformError("E0613", "InvoiceBeginNo", f"{begin:08d}")
            used = self.link.execute(
                "SELECT number FROM documents WHERE seller = ? AND period = ? AND "
                "kind = 'invoice' AND number BETWEEN ? AND ? LIMIT 1",
                (seller, period, f"{track}{begin:08d}", f"{track}{end:08d}"),
            ).fetchone()
            if used:
                raise PlatformError("E0612", "InvoiceNumber", used["number"])
        self._replace("blank", blank)
        return period, now

    def _replace(self, kind: str, document: Document) -> None:
        """Sending the same head again replaces what was sent before (mof.md §1.8)."""
        self.link.execute(
            "UPDATE documents SET generation = id, state = 'replaced' WHERE seller = ? "
            "AND period = ? AND kind = ? AND number = ? AND generation = 0",
            (document["seller"], document["period"], kind, document["number"]),
        )


def digest(document: Document) -> str:
    """Return a fingerprint of a document's content."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _moment(document: Document) -> datetime:
    moment = moment_of(f"{document['date']} {document['time']}")
    assert moment is not None  # the rules have judged it
    return moment


def _sum(lines: list[Document]) -> tuple[Decimal, Decimal]:
    amount = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    return amount, sum((Decimal(line["tax"]) for line in lines), Decimal(0))


def _fits(totals: Document, amount: Decimal, tax: Decimal) -> bool:
    """Say whether all allowances together stay within the invoice (mof.md §5.4)."""
    if totals["tax"]:
        return bool(amount <= totals["total"] - totals["tax"] and tax <= totals["tax"])
    return half_up(amount + tax) <= int(totals["total"])


def _inside(count: int, spans: list[list[int]]) -> bool:
    return any(begin <= count <= end for begin, end in spans)


def _merge(spans: list[list[int]]) -> list[list[int]]:
    merged: list[list[int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    return merged


def _refuse_overlap(mine: list[list[int]], theirs: list[list[int]]) -> None:
    for begin, end in mine:
        if any(begin <= high and low <= end for low, high in theirs):
            raise PlatformError("E0612", "InvoiceBeginNo", f"{begin:08d}")
