"""Mirle behind the port: messages to outcomes (providers.md §2, §3.3)."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guitai.invoicing.ports import (
    Ability,
    Account,
    Answer,
    CentreRange,
    Journal,
    Parcel,
    RangesAnswer,
    Status,
    TimeAnswer,
    Which,
)
from guitai.invoicing.rules import Finding, Outcome
from guitai.kernel.clock import TAIPEI, in_taipei
from guitai.providers import http
from guitai.providers.centres.mirle import codec
from guitai.providers.centres.mirle.refusals import meaning_of
from guitai.providers.centres.mirle.wire import BrokenAnswer, Index, read
from guitai.providers.http import Call, Door, NoAnswer, Reply, Unreachable
from twinvoice.document import Invoice, Void
from twinvoice.faults import Fault
from twinvoice.period import Period

BOOK = 50
_HEADERS = {"Content-Type": "application/xml; charset=utf-8"}
_DIGITS = re.compile(r"[0-9]{8}")
_TRACK = re.compile(r"[A-Z]{2}")


class BadRange(ValueError):
    """The centre's range is not one: never guessed at (the ``$$`` trap, providers.md §2.4)."""


class MirleCentre:
    """One message a POST; no query for a single document exists."""

    key = "mirle"
    name = "盟立 Mirle"
    published = False
    call_limit = http.TOTAL
    abilities = frozenset(
        {
            Ability.TAKE_NUMBERS,
            Ability.TAKE_NEXT_PERIOD,
            Ability.IMPORT_RANGES,
            Ability.LIST_RANGES,
            Ability.REPORT_CURSOR,
            Ability.UPLOAD_ISSUE,
            Ability.UPLOAD_VOID,
            Ability.UPLOADS_BLANK_ITSELF,
            Ability.KEYED_BY_NUMBER,
            Ability.SERVER_TIME,
        }
    )

    def __init__(self, journal: Journal) -> None:
        self.door = Door(journal)

    # --- documents

    def upload_issue(self, account: Account, parcel: Parcel) -> Answer:
        """C0401. ``OK`` only where the reply is whole and names this invoice."""
        assert isinstance(parcel.document, Invoice)
        try:
            body = codec.issue(
                account, parcel.document, parcel.wire_at, codec.Options.of(account.options)
            )
        except Fault as fault:
            return Answer(Outcome.INVALID, fault.code, str(fault))
        return self._upload(account, "C0401", body, parcel.document.number, parcel.transmission_id)

    def upload_void(self, account: Account, parcel: Parcel) -> Answer:
        """C0501."""
        assert isinstance(parcel.document, Void)
        try:
            body = codec.void(
                account, parcel.document, parcel.wire_at, codec.Options.of(account.options)
            )
        except Fault as fault:
            return Answer(Outcome.INVALID, fault.code, str(fault))
        return self._upload(account, "C0501", body, parcel.document.number, parcel.transmission_id)

    def query(self, account: Account, parcel: Parcel, now: datetime) -> Status:
        """The protocol has no question about one document (providers.md §2.8)."""
        return Status(Finding.CANNOT_ASK)

    def _upload(
        self, account: Account, operation: str, body: bytes, number: str, transmission_id: UUID
    ) -> Answer:
        call = Call(
            operation,
            account.base_url,
            body,
            headers=_HEADERS,
            secrets=(account.channel_key,),
            transmission_id=transmission_id,
        )
        try:
            reply = self.door.exchange(account, call)
            refused = _refused_by_status(reply)
            return refused or _answer_of(read(reply.body), number)
        except http.PlainHttpRefused as error:
            return Answer(Outcome.NOT_OPEN, "PLAIN-HTTP", str(error))
        except Unreachable as error:
            return Answer(Outcome.TEMPORARY, "UNREACHABLE", str(error))
        except (NoAnswer, BrokenAnswer) as error:
            return Answer(Outcome.IN_DOUBT, "NO-ANSWER", str(error))

    # --- numbers

    def take_numbers(self, account: Account, which: Which, now: datetime) -> RangesAnswer:
        """A01 / C01: one range. After ``IN_DOUBT`` ask ``list_ranges`` what was handed out."""
        code = "A01" if which is Which.CURRENT else "C01"
        answer = self._ask(account, code, codec.ask(account, code, now), safe=False)
        if isinstance(answer, RangesAnswer):
            return answer
        return _ranges(account, [answer.fields], which, now)

    def list_ranges(self, account: Account, which: Which, now: datetime) -> RangesAnswer:
        """A02 / C02: what this machine holds; asking twice does no harm."""
        code = "A02" if which is Which.CURRENT else "C02"
        answer = self._ask(account, code, codec.ask(account, code, now), safe=True)
        if isinstance(answer, RangesAnswer):
            return answer
        return _ranges(account, answer.ranges, which, now)

    def import_range(
        self, account: Account, which: Which, numbers: CentreRange, now: datetime
    ) -> RangesAnswer:
        """A03 / C03: tells the centre one of the merchant's own ranges; the same again is fine."""
        code = "A03" if which is Which.CURRENT else "C03"
        body = codec.own_range(account, code, numbers, now)
        answer = self._ask(account, code, body, safe=True)
        if isinstance(answer, RangesAnswer):
            return answer
        return RangesAnswer(Outcome.OK, (numbers,))

    def report_cursor(
        self, account: Account, numbers: CentreRange, next_number: str, now: datetime
    ) -> Answer:
        """B01: setting the same cursor twice is the same cursor."""
        body = codec.cursor(account, numbers, next_number, now)
        answer = self._ask(account, "B01", body, safe=True)
        if isinstance(answer, RangesAnswer):
            return Answer(answer.outcome, answer.code, answer.message)
        return Answer(Outcome.OK)

    def server_time(self, account: Account, now: datetime) -> TimeAnswer:
        """Y01: also the connection test."""
        answer = self._ask(account, "Y01", codec.ask(account, "Y01", now), safe=True)
        if isinstance(answer, RangesAnswer):
            return TimeAnswer(answer.outcome, None, answer.code, answer.message)
        try:
            moment = datetime.strptime(answer.get("SYSTIME"), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - Taipei is set in the next line
        except ValueError:
            return TimeAnswer(Outcome.IN_DOUBT, None, "SYSTIME", answer.get("SYSTIME"))
        return TimeAnswer(Outcome.OK, moment.replace(tzinfo=TAIPEI))

    def faults_of(self, account: Account) -> Sequence[str]:
        """What is missing in the account's settings."""
        faults = []
        if not account.base_url.startswith(("https://", "http://")):
            faults.append("請填寫加值中心網址")
        if account.base_url.startswith("http://") and not account.allow_plain_http:
            faults.append("網址沒有加密（http），請改用 https，或勾選「允許未加密連線」")
        if not re.fullmatch(r"[A-Za-z0-9]{1,10}", account.posid):
            faults.append("請填寫機號（POSID）")
        if not re.fullmatch(r"[0-9A-Fa-f]{20}", account.channel_key):
            faults.append("通道金鑰是 20 個十六進位字元")
        return faults

    def _ask(self, account: Account, code: str, body: bytes, *, safe: bool) -> Index | RangesAnswer:
        """Sends an INDEX message; the reply where it was accepted, else what went wrong."""
        call = Call(
            code,
            account.base_url,
            body,
            headers=_HEADERS,
            secrets=(account.channel_key,),
            safe=safe,
        )
        try:
            reply = self.door.exchange(account, call)
            refused = _refused_by_status(reply)
            if refused is not None:
                return RangesAnswer(refused.outcome, (), refused.code, refused.message)
            index = read(reply.body)
        except http.PlainHttpRefused as error:
            return RangesAnswer(Outcome.NOT_OPEN, (), "PLAIN-HTTP", str(error))
        except Unreachable as error:
            return RangesAnswer(Outcome.TEMPORARY, (), "UNREACHABLE", str(error))
        except (NoAnswer, BrokenAnswer) as error:
            return RangesAnswer(Outcome.IN_DOUBT, (), "NO-ANSWER", str(error))
        if index.accepted:
            return index
        meaning = meaning_of(index)
        return RangesAnswer(meaning.outcome, (), meaning.code, meaning.message)


def _refused_by_status(reply: Reply) -> Answer | None:
    """What the HTTP status alone says; ``None`` for 200 (providers.md §3.4: 5xx = in doubt)."""
    status = reply.status
    code = f"HTTP-{status}"
    if status == 200:
        return None
    if status >= 500:
        return Answer(Outcome.IN_DOUBT, code)
    if status == 429:
        return Answer(Outcome.TEMPORARY, code, retry_after=reply.retry_after)
    if status in (401, 403):
        return Answer(Outcome.AUTH, code, "加值中心拒絕連線")
    if status in (301, 302, 303, 307, 308, 404, 405):
        return Answer(Outcome.NOT_OPEN, code, "加值中心網址不正確")
    if 400 <= status < 500:
        return Answer(Outcome.INVALID, code)
    return Answer(Outcome.IN_DOUBT, code)


def _answer_of(index: Index, number: str) -> Answer:
    if not index.accepted:
        return meaning_of(index)
    named = index.get("INVOICENUMBER")
    if named and named != number:
        return Answer(Outcome.IN_DOUBT, "OTHER-NUMBER", f"回覆的是 {named}")
    return Answer(Outcome.OK, index.get("ERROR_CODE"), index.get("MESSAGE"))


def _ranges(
    account: Account, rows: Sequence[dict[str, str]], which: Which, now: datetime
) -> RangesAnswer:
    period = Period.of(in_taipei(now).date())
    expected = period.code if which is Which.CURRENT else period.next().code
    try:
        found = tuple(_range(account, row, expected) for row in rows)
    except BadRange as error:
        return RangesAnswer(Outcome.INVALID, (), "BAD-RANGE", str(error))
    return RangesAnswer(Outcome.OK, found)


def _range(account: Account, row: dict[str, str], period_code: str) -> CentreRange:
    """Validates one range as handed out; anything odd is refused, never repaired."""
    get = row.get
    begin, end = get("INVOICESTART", ""), get("INVOICEEND", "")
    if not _DIGITS.fullmatch(begin) or not _DIGITS.fullmatch(end):
        raise BadRange(f"加值中心回覆的號碼不是八位數字（{begin}–{end}），已拒收")
    if int(begin) % BOOK or (int(end) + 1) % BOOK or int(begin) > int(end):
        raise BadRange(f"加值中心回覆的號碼不是整本（{begin}–{end}），已拒收")
    if not _TRACK.fullmatch(get("INVOICEHEADER", "")):
        raise BadRange(f"加值中心回覆的字軌不正確（{get('INVOICEHEADER')}），已拒收")
    if get("TAXMONTH") != period_code:
        raise BadRange(f"加值中心回覆的期別是 {get('TAXMONTH')}，不是 {period_code}，已拒收")
    if get("TYPE") not in ("07", "08"):
        raise BadRange(f"加值中心回覆的發票類別是 {get('TYPE')}，不是電子發票，已拒收")
    if get("SELLERID", account.seller_ban) != account.seller_ban:
        raise BadRange("加值中心回覆的號碼屬於別的統一編號，已拒收")
    return CentreRange(period_code, row["INVOICEHEADER"], begin, end, row["TYPE"])
