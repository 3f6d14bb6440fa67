"""One POST to the Mirle centre: read, authenticate, judge, commit, then answer (provider sheet §2).

Everything a message changes is committed before its reply is written, faults included or not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from guitai_sandbox.facts import moment_of, next_period, period_of
from guitai_sandbox.faults import Board
from guitai_sandbox.mirle import change, issue, ledger, reply
from guitai_sandbox.mirle.layout import Call, content_of, read_call, require
from guitai_sandbox.mirle.refusal import Refused
from guitai_sandbox.store import transaction
from guitai_sandbox.wire import Answer, Request
from guitai_sandbox.world import Unusable, World

TYPE_NAMES = {"07": "一般電子發票", "08": "特種電子發票"}
GARBAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_TYPES = ("application/xml", "text/xml", "application/x-www-form-urlencoded")
_TAKES = ("A01", "C01")
INNER = {  # faults that change the judgement itself, and the messages they are about
    "suspended": None,
    "exhausted": _TAKES,
    "range_twice": _TAKES,
    "dollar_range": _TAKES,
    "out_of_order": ("C0401", "A0401"),
}


@dataclass(slots=True)
class Verdict:
    """The reply in words, and what the delivery log keeps."""

    text: str
    accepted: bool
    code: str = ""
    reason: str = ""


class MirleFace:
    """The centre itself; used by one thread."""

    def __init__(self, world: World) -> None:
        self.world, self.link = world, world.link
        self.board = Board(world.link, "mirle")
        self.skew = timedelta()
        self.inner: frozenset[str] = frozenset()

    def answer(self, request: Request) -> Answer:
        """Answer one HTTP request at the centre's address."""
        if request.method != "POST":
            return Answer(status=405, headers={"Allow": "POST"})
        media, _, rest = request.headers.get("content-type", "").lower().partition(";")
        charset = rest.partition("charset=")[2].strip(' "')
        if media.strip() not in _TYPES or charset not in ("", "utf-8", "utf8"):
            return Answer(status=415)
        return self.receive(request.body)

    def receive(self, body: bytes) -> Answer:
        """Work one message, with the faults that are switched on for it."""
        try:
            call: Call | Refused = read_call(body)
        except Refused as refused:
            call = refused
        if not self.board.active:
            return Answer(self._work(call).text.encode())
        return self._misbehave(call)

    def _misbehave(self, call: Call | Refused) -> Answer:
        facts = _facts(call)

        def take(name: str) -> dict[str, Any] | None:
            return self.board.take(name, **facts)

        if take("close_before_commit") is not None:
            return Answer(drop=True)
        storm = take("storm_5xx")
        if storm is not None:
            if storm.get("commit"):
                self._work(call)
            return Answer(GARBAGE, storm.get("status", 503), "text/html")
        garbage = take("garbage")
        if garbage is not None and not garbage.get("commit", True):
            return Answer(GARBAGE)
        self.skew = timedelta(seconds=(take("clock_skew") or {}).get("seconds", 0))
        self.inner = frozenset(
            name
            for name, messages in INNER.items()
            if (messages is None or facts.get("message") in messages) and take(name) is not None
        )
        if take("duplicate") is not None:
            self._work(call)
        text = self._work(call).text
        self.skew, self.inner = timedelta(), frozenset()
        if take("drop_reply") is not None:
            return Answer(drop=True)
        slow = take("slow") or {}
        charset = "cp950" if take("wrong_charset") is not None else "utf-8"
        body = GARBAGE if garbage is not None else text.encode(charset, "replace")
        return Answer(body, delay=slow.get("seconds", 0.0))

    def _work(self, call: Call | Refused) -> Verdict:
        """Judge and store one message in one transaction; refusals are logged as well."""
        now = self.world.clock.now()
        if isinstance(call, Refused):
            unread = Call(call.message, {}, "", "", "")
            verdict = self._refuse(unread, now, call)
            self._log(unread, verdict, now)
            return verdict
        with transaction(self.link):
            try:
                self.link.execute("SAVEPOINT message")
                verdict = self._accept(call, now)
            except Refused as refused:
                self.link.execute("ROLLBACK TO message")
                verdict = self._refuse(call, now, refused)
            self._log(call, verdict, now)
        return verdict

    def _accept(self, call: Call, now: datetime) -> Verdict:
        self._authenticate(call)
        if call.code != "C0401":
            _check_systime(call)
        return Verdict(self._verbs()[call.code](call, now), accepted=True)

    def _verbs(self) -> dict[str, Callable[[Call, datetime], str]]:
        return {
            "A01": self._take_numbers,
            "C01": self._take_numbers,
            "B01": self._report_cursor,
            "Y01": self._tell_time,
            "A02": self._list_ranges,
            "C02": self._list_ranges,
            "A03": self._add_range,
            "C03": self._add_range,
            "C0401": self._issue,
            "A0401": self._issue,
            "C0501": self._void,
            "A0501": self._void,
            "D0401": self._allow,
            "B0401": self._allow,
            "D0501": self._void_allowance,
            "B0501": self._void_allowance,
        }

    def _authenticate(self, call: Call) -> None:
        row = self.link.execute(
            "SELECT s.state, m.possn FROM sellers s JOIN machines m ON m.seller = s.ban "
            "WHERE s.ban = ? AND m.posid = ?",
            (call.seller, call.posid),
        ).fetchone()
        if row is None or row["possn"] != call.possn:
            raise Refused("S201", "統編、機號或通道金鑰不符")
        if row["state"] != "active" or "suspended" in self.inner:
            raise Refused("S202", call.seller)

    # -- numbers ------------------------------------------------------------------------------

    def _take_numbers(self, call: Call, now: datetime) -> str:
        period = _wanted_period(call, now)
        if "exhausted" in self.inner:
            raise Refused("S301")
        grant = None
        if "range_twice" in self.inner:
            grant = ledger.newest_grant(self.link, call.seller, period)
        grant = grant or ledger.hand_out(self.link, call.seller, call.posid, period, now)
        start = f"{grant['begin']:08d}"
        if "dollar_range" in self.inner:
            start = "$$" + start[2:]
        return reply.function_done(
            call.code,
            _who(call),
            now + self.skew,
            (
                ("TAXMONTH", period),
                ("TYPE", grant["type"]),
                ("INVOICEHEADER", grant["track"]),
                ("INVOICESTART", start),
                ("INVOICEEND", f"{grant['end']:08d}"),
            ),
        )

    def _report_cursor(self, call: Call, now: datetime) -> str:
        values = call.values
        begin, end, cursor = (
            int(require(r"\d{8}", values[name], name))
            for name in ("INVOICESTART", "INVOICEEND", "INVOICENUMBER")
        )
        if not begin <= cursor <= end:
            raise Refused("S302", f"INVOICENUMBER＝{cursor:08d}")
        changed = self.link.execute(
            "UPDATE grants SET cursor = ? WHERE seller = ? AND posid = ? AND period = ? "
            'AND track = ? AND begin = ? AND "end" = ? AND COALESCE(cursor, 0) <= ?',
            (
                cursor,
                call.seller,
                call.posid,
                values["TAXMONTH"],
                values["INVOICEHEADER"],
                begin,
                end,
                cursor,
            ),
        ).rowcount
        if not changed:
            raise Refused("S302", f"{values['INVOICEHEADER']}{begin:08d}–{end:08d}")
        return reply.function_done(call.code, _who(call), now + self.skew)

    def _tell_time(self, call: Call, now: datetime) -> str:
        return reply.function_done(call.code, _who(call), now + self.skew)

    def _list_ranges(self, call: Call, now: datetime) -> str:
        period = _wanted_period(call, now)
        rows = ledger.ranges_of(self.link, call.seller, call.posid, period)
        data = [
            (
                ("SELLERID", call.seller),
                ("TYPE", row["type"]),
                ("TYPENAME", TYPE_NAMES[row["type"]]),
                ("TAXMONTH", row["period"]),
                ("INVOICEHEADER", row["track"]),
                ("INVOICESTART", f"{row['begin']:08d}"),
                ("INVOICEEND", f"{row['end']:08d}"),
            )
            for row in rows
        ]
        return reply.ranges(call.code, _who(call), now + self.skew, ("1", "", "OK"), data)

    def _add_range(self, call: Call, now: datetime) -> str:
        data = call.values["INVOICEDATA"]
        if data["SELLERID"] != call.seller:
            raise Refused("S503", "INVOICEDATA/SELLERID")
        if data["TAXMONTH"] != _wanted_period(call, now):
            raise Refused("S304", f"TAXMONTH＝{data['TAXMONTH']}"[:60])
        try:
            self.world.allot(
                "mirle",
                call.seller,
                data["TAXMONTH"],
                data["INVOICEHEADER"],
                data["INVOICESTART"],
                data["INVOICEEND"],
                data["TYPE"],
                "merchant",
                inside=True,
            )
        except Unusable as unusable:
            raise Refused("S302", str(unusable)) from unusable
        return reply.ranges(call.code, _who(call), now + self.skew, ("1", "", "OK"))

    # -- documents ----------------------------------------------------------------------------

    def _issue(self, call: Call, now: datetime) -> str:
        invoice = issue.invoice_of(call)
        moment = issue.issued_at(invoice)
        uploaded = call.values["D4"] if call.code == "C0401" else call.values["SYSTIME"]
        if moment.date() > now.date() or str(moment) > uploaded:
            raise Refused("S305", str(moment))
        period = period_of(moment.date())
        number = invoice["number"]
        begin, end, kind = ledger.holding(self.link, call.seller, call.posid, period, number)
        if kind != invoice["type"]:
            raise Refused("S105", f"類別＝{invoice['type']}")
        key = (call.seller, "invoice", number, period)
        content = _digest(call)
        ledger.refuse_double(self.link, key, content)
        if "out_of_order" in self.inner:
            self._refuse_backwards(call.seller, period, number, begin, end)
        self._keep(call, key, moment, content, invoice, now)
        return self._done(call, now, number, invoice["date"])

    def _refuse_backwards(
        self, seller: str, period: str, number: str, begin: int, end: int
    ) -> None:
        last = self.link.execute(
            "SELECT MAX(number) AS number FROM documents WHERE seller = ? AND period = ? AND "
            "kind = 'invoice' AND number BETWEEN ? AND ?",
            (seller, period, f"{number[:2]}{begin:08d}", f"{number[:2]}{end:08d}"),
        ).fetchone()
        if last["number"] and last["number"] > number:
            raise Refused("S306", number)

    def _void(self, call: Call, now: datetime) -> str:
        void, content = change.void_of(call), _digest(call)
        key = change.judge_void(self.link, void, content, now)
        moment = datetime.fromisoformat(f"{void['date']} {void['time']}")
        self._keep(call, key, moment, content, void, now)
        return self._done(call, now, void["number"], void["invoice_date"])

    def _allow(self, call: Call, now: datetime) -> str:
        allowance, content = change.allowance_of(call), _digest(call)
        key = change.judge_allowance(self.link, allowance, content, now)
        moment = datetime.fromisoformat(allowance["date"])
        self._keep(call, key, moment, content, allowance, now)
        pairs = (("ALLOWANCENUMBER", allowance["number"]),)
        return reply.verdict(call.code, _who(call), now + self.skew, ("1", "", "OK"), pairs)

    def _void_allowance(self, call: Call, now: datetime) -> str:
        void, content = change.allowance_void_of(call), _digest(call)
        key = change.judge_allowance_void(self.link, void, content, now)
        moment = datetime.fromisoformat(f"{void['date']} {void['time']}")
        self._keep(call, key, moment, content, void, now)
        pairs = (("ALLOWANCENUMBER", void["number"]),)
        return reply.verdict(call.code, _who(call), now + self.skew, ("1", "", "OK"), pairs)

    def _keep(
        self,
        call: Call,
        key: tuple[str, str, str, str],
        moment: datetime,
        content: str,
        body: dict[str, Any],
        now: datetime,
    ) -> None:
        ledger.keep(
            self.link,
            key=key,
            message=call.code,
            posid=call.posid,
            moment=moment,
            content=content,
            body=body,
            now=now,
        )

    def _done(self, call: Call, now: datetime, number: str, day: str) -> str:
        document = (("INVOICENUMBER", number), ("INVOICEDATE", day))
        return reply.verdict(call.code, _who(call), now + self.skew, ("1", "", "OK"), document)

    # -- refusals and the log -----------------------------------------------------------------

    def _refuse(self, call: Call, now: datetime, refused: Refused) -> Verdict:
        who, at = _who(call), now + self.skew
        if call.code in ("A01", "C01", "B01", "Y01"):
            text = reply.function_refused(call.code, who, at, refused.code, refused.text)
        elif call.code in ("A02", "C02", "A03", "C03"):
            text = reply.ranges(call.code, who, at, ("0", refused.code, refused.text))
        else:
            text = reply.verdict(call.code, who, at, ("0", refused.code, refused.text))
        return Verdict(text, False, refused.code, refused.text)

    def _log(self, call: Call, verdict: Verdict, now: datetime) -> None:
        self.link.execute(
            "INSERT INTO deliveries (message, seller, posid, number, accepted, code, text, at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                call.code,
                call.seller,
                call.posid,
                number_of(call),
                verdict.accepted,
                verdict.code,
                verdict.reason,
                now.isoformat(sep=" ", timespec="milliseconds"),
            ),
        )


def number_of(call: Call) -> str:
    """Return the number of the document a message is about, or nothing."""
    values = call.values
    names = ("A2", "INVOICE_NUMBER", "ALLOWANCENUMBER", "CANCELALLOWANCENUMBER")
    found = next((values[name] for name in names if name in values), "")
    return (
        found
        or values.get("Main", {}).get("InvoiceNumber")
        or values.get("CancelInvoiceNumber", "")
    )


def _facts(call: Call | Refused) -> dict[str, str]:
    if isinstance(call, Refused):
        return {}
    return {"message": call.code, "number": number_of(call), "seller": call.seller}


def _who(call: Call) -> tuple[str, str, str]:
    return call.seller, call.posid, call.possn


def _digest(call: Call) -> str:
    text = json.dumps(content_of(call), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _wanted_period(call: Call, now: datetime) -> str:
    current = period_of(now.date())
    return next_period(current) if call.code.startswith("C") else current


def _check_systime(call: Call) -> None:
    if not moment_of(call.values["SYSTIME"]):
        raise Refused("S105", f"SYSTIME＝{call.values['SYSTIME']}"[:60])
