"""What every value-added centre must pass before it may be registered (providers.md §3.6).

Tests subclass ``CentreContract`` and give it a ``stage``: the real adapter, pointed at a simulator
that can misbehave. Everything goes through the port of ``guitai.invoicing.ports``; no test here
knows a wire format. A centre that answers by files later says so with ``Stage.at_once`` false.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol

import pytest

from guitai.invoicing.ports import Ability, Account, Centre, Exchange, Parcel, Which
from guitai.invoicing.rules import Finding, Kind, Outcome
from guitai.kernel import clock, ids
from twinvoice.document import Buyer, Invoice, Line, Seller, Totals, Void

SELLER = "12345675"
NOW = dt.datetime(2026, 7, 4, 9, 0, tzinfo=clock.TAIPEI)
COMPANY = "04595257"


class ListJournal:
    """A journal that only remembers."""

    def __init__(self) -> None:
        self.seen: list[Exchange] = []

    def record(self, exchange: Exchange) -> None:
        self.seen.append(exchange)


class Stage(Protocol):
    """What a test needs around an adapter."""

    centre: Centre
    account: Account
    journal: ListJournal
    at_once: bool
    """Whether the answer to an upload already carries the centre's judgement."""

    def track(self) -> str:
        """Two letters whose numbers 00000000–00000249 the centre accepts in 115年07-08月."""
        ...

    def fault(self, name: str, **params: Any) -> None:
        """Switches a fault on: ``lose_reply``, ``lose_request``, ``server_error``, ``garbage``,
        ``wrong_charset``, ``too_slow``, ``suspended``. Skips where the centre cannot have it."""
        ...

    def received(self) -> Sequence[dict[str, Any]]:
        """What the other side keeps, after it has worked everything that was handed over."""
        ...

    def verdicts(self) -> Sequence[tuple[Kind, str, Finding]]:
        """Results that came as files: (kind, number, finding); empty where answers come at once."""
        ...


def invoice(track: str, number: int = 36, **changes: Any) -> Invoice:
    """provider-vectors.md §9.1: one latte on a mobile barcode, 105 TWD, 2026-07-03 18:20:11."""
    return replace(
        Invoice(
            number=f"{track}{number:08d}",
            date=dt.date(2026, 7, 3),
            time=dt.time(18, 20, 11),
            seller=Seller(ban=SELLER, name="範例商店有限公司", address="台北市信義區市府路1號"),
            buyer=Buyer(),
            lines=(
                Line(
                    description="拿鐵 大杯",
                    quantity=Decimal(1),
                    unit_price=Decimal(105),
                    amount=Decimal(105),
                    sequence="1",
                    unit="杯",
                ),
            ),
            totals=Totals(105, 0, 0, "1", Decimal("0.05"), 0, 105),
            random_code="4827",
            print_mark=False,
            carrier_type="3J0002",
            carrier_id1="/TRM+O+P",
            carrier_id2="/TRM+O+P",
        ),
        **changes,
    )


def company_invoice(track: str, number: int = 40) -> Invoice:
    """A printed company invoice: two lines without tax, 1,000 + 50."""
    lines = (
        Line("咖啡豆 半磅", Decimal(2), Decimal("400"), Decimal("800"), "1", unit="包"),
        Line("濾紙", Decimal(4), Decimal("50"), Decimal("200"), "2"),
    )
    return invoice(
        track,
        number,
        buyer=Buyer(ban=COMPANY, name="中文公司"),
        lines=lines,
        totals=Totals(1000, 0, 0, "1", Decimal("0.05"), 50, 1050),
        print_mark=True,
        carrier_type="",
        carrier_id1="",
        carrier_id2="",
        random_code="0482",
    )


def void_of(document: Invoice, reason: str = "客戶取消") -> Void:
    return Void(
        number=document.number,
        invoice_date=document.date,
        buyer_ban=document.buyer.ban,
        seller_ban=SELLER,
        void_date=dt.date(2026, 7, 3),
        void_time=dt.time(19, 0, 0),
        reason=reason,
    )


def parcel(document: Invoice | Void) -> Parcel:
    kind = Kind.ISSUE if isinstance(document, Invoice) else Kind.VOID
    return Parcel(ids.new_id(), kind, document, NOW)


@dataclass(frozen=True, slots=True)
class Kept:
    """What must be equal between the document that was sold and what the centre keeps."""

    number: str
    seller: str
    buyer: str
    date: str
    time: str
    random: str
    printed: bool
    carrier: str
    donation: str
    lines: tuple[tuple[str, Decimal, Decimal, Decimal], ...]
    amounts: tuple[int, ...]

    @classmethod
    def sold(cls, document: Invoice) -> "Kept":
        totals = document.totals
        return cls(
            document.number,
            document.seller.ban,
            document.buyer.ban,
            document.date.isoformat(),
            f"{document.time:%H:%M:%S}",
            document.random_code,
            document.print_mark,
            document.carrier_id1,
            document.npoban,
            tuple(
                (one.description, one.quantity, one.unit_price, one.amount)
                for one in document.lines
            ),
            (
                totals.sales,
                totals.free_tax_sales,
                totals.zero_tax_sales,
                totals.tax,
                totals.total,
            ),
        )

    @classmethod
    def there(cls, row: dict[str, Any]) -> "Kept":
        amounts = row["totals"]
        return cls(
            row["number"],
            row["seller"],
            row["buyer"],
            row["date"],
            row["time"],
            row["random"],
            row["print"] == "Y",
            (row["carrier"] or {}).get("id1", ""),
            row["donation"],
            tuple(
                (
                    one["description"],
                    Decimal(one["quantity"]),
                    Decimal(one["unit_price"]),
                    Decimal(one["amount"]),
                )
                for one in row["lines"]
            ),
            tuple(int(amounts[name]) for name in ("sales", "free", "zero", "tax", "total")),
        )


class CentreContract:
    """Subclass in a test module and define the fixture ``stage``."""

    def issued(self, stage: Stage) -> list[dict[str, Any]]:
        return [row for row in stage.received() if row["kind"] == "invoice"]

    def send(self, stage: Stage, one: Parcel) -> Outcome:
        verb = stage.centre.upload_void if one.kind is Kind.VOID else stage.centre.upload_issue
        return verb(stage.account, one).outcome

    def settle_doubt(self, stage: Stage, one: Parcel) -> Outcome:
        """As the engine does: ask where one can ask, else the same bytes once more."""
        if Ability.QUERY_STATUS in stage.centre.abilities:
            status = stage.centre.query(stage.account, one, NOW)
            if status.finding is Finding.THERE:
                return Outcome.OK
            assert status.finding is Finding.ABSENT
        else:
            assert Ability.KEYED_BY_NUMBER in stage.centre.abilities
        return self.send(stage, one)

    @pytest.mark.parametrize("build", [invoice, company_invoice])
    def test_what_arrives_equals_what_was_sold(self, stage: Stage, build: Any) -> None:
        document = build(stage.track())
        assert self.send(stage, parcel(document)) is Outcome.OK
        assert [Kept.there(row) for row in self.issued(stage)] == [Kept.sold(document)]

    @pytest.mark.parametrize(
        "text", ["<咖啡> & \"茶\" 'A'", "😀 奶茶", "＜全形＞", "a  b", "髙橋の珈琲", "C0401]]>"]
    )
    def test_text_arrives_character_by_character(self, stage: Stage, text: str) -> None:
        document = invoice(stage.track())
        line = replace(document.lines[0], description=text)
        document = replace(document, lines=(line,))
        assert self.send(stage, parcel(document)) is Outcome.OK
        assert self.issued(stage)[0]["lines"][0]["description"] == text

    def test_a_character_that_xml_cannot_hold_is_refused_before_it_leaves(
        self, stage: Stage
    ) -> None:
        document = invoice(stage.track())
        line = replace(document.lines[0], description="bell\x07")
        answer = stage.centre.upload_issue(stage.account, parcel(replace(document, lines=(line,))))
        assert answer.outcome is Outcome.INVALID
        assert not stage.journal.seen
        assert not stage.received()

    def test_a_donated_invoice_arrives(self, stage: Stage) -> None:
        document = invoice(
            stage.track(), carrier_type="", carrier_id1="", carrier_id2="", npoban="919"
        )
        assert self.send(stage, parcel(document)) is Outcome.OK
        assert [Kept.there(row) for row in self.issued(stage)] == [Kept.sold(document)]

    def test_a_void_follows_its_issue(self, stage: Stage) -> None:
        document = invoice(stage.track())
        assert self.send(stage, parcel(document)) is Outcome.OK
        stage.received()
        assert self.send(stage, parcel(void_of(document))) is Outcome.OK
        kept = {row["kind"]: row for row in stage.received()}
        assert kept["invoice"]["state"] == "void"
        assert (kept["void"]["reason"], kept["void"]["time"]) == ("客戶取消", "19:00:00")

    def test_a_void_before_its_issue_is_told_apart(self, stage: Stage) -> None:
        one = parcel(void_of(invoice(stage.track())))
        outcome = self.send(stage, one)
        assert not stage.received()
        if stage.at_once:
            assert outcome is Outcome.NOT_FOUND_ORIGINAL
        else:
            assert (one.kind, one.document.number, Finding.REJECTED) in stage.verdicts()  # type: ignore[union-attr]  # a Void

    def test_the_same_parcel_twice_is_there_once(self, stage: Stage) -> None:
        one = parcel(invoice(stage.track()))
        assert self.send(stage, one) is Outcome.OK
        assert self.send(stage, one) is Outcome.DUP_SAME
        assert len(self.issued(stage)) == 1

    def test_the_same_parcel_twice_after_it_was_worked_is_there_once(self, stage: Stage) -> None:
        one = parcel(invoice(stage.track()))
        assert self.send(stage, one) is Outcome.OK
        stage.received()
        assert self.send(stage, one) is Outcome.DUP_SAME
        assert len(self.issued(stage)) == 1

    def test_another_content_under_a_used_number_is_a_conflict(self, stage: Stage) -> None:
        first = invoice(stage.track())
        assert self.send(stage, parcel(first)) is Outcome.OK
        stage.received()
        other = parcel(replace(first, random_code="1111"))
        outcome = self.send(stage, other)
        assert [row["random"] for row in self.issued(stage)] == ["4827"]
        if stage.at_once:
            assert outcome is Outcome.DUP_CONFLICT
        else:
            assert (Kind.ISSUE, first.number, Finding.DIFFERENT) in stage.verdicts()

    @pytest.mark.parametrize("kind", [Kind.ISSUE, Kind.VOID])
    @pytest.mark.parametrize(
        "name", ["lose_reply", "lose_request", "server_error", "garbage", "too_slow"]
    )
    def test_a_doubt_ends_with_the_document_there_once(
        self, stage: Stage, name: str, kind: Kind
    ) -> None:
        document = invoice(stage.track())
        one = parcel(document)
        if kind is Kind.VOID:
            assert self.send(stage, one) is Outcome.OK
            stage.received()
            one = parcel(void_of(document))
        stage.fault(name, times=1)
        assert self.send(stage, one) is Outcome.IN_DOUBT
        assert self.settle_doubt(stage, one) in {Outcome.OK, Outcome.DUP_SAME}
        wanted = "void" if kind is Kind.VOID else "invoice"
        assert [row["number"] for row in stage.received() if row["kind"] == wanted] == [
            document.number
        ]

    def test_a_reply_in_another_charset_is_still_read(self, stage: Stage) -> None:
        stage.fault("wrong_charset", times=2)
        one = parcel(invoice(stage.track()))
        assert self.send(stage, one) is Outcome.OK
        assert self.send(stage, one) is Outcome.DUP_SAME

    def test_a_suspended_account_is_told_apart(self, stage: Stage) -> None:
        one = parcel(invoice(stage.track()))
        stage.fault("suspended")
        assert self.send(stage, one) is Outcome.SUSPENDED
        assert not stage.received()

    def test_a_number_outside_our_ranges_is_told_apart(self, stage: Stage) -> None:
        document = invoice("ZZ")
        outcome = self.send(stage, parcel(document))
        assert not stage.received()
        if stage.at_once:
            assert outcome is Outcome.RANGE_UNKNOWN
        else:
            assert (Kind.ISSUE, document.number, Finding.REJECTED) in stage.verdicts()

    def test_the_key_never_stands_in_the_journal(self, stage: Stage) -> None:
        self.send(stage, parcel(invoice(stage.track())))
        key = stage.account.channel_key.encode()
        for one in stage.journal.seen:
            assert key not in one.request + one.response + one.url.encode()
            assert one.transmission_id is not None

    def test_what_is_missing_in_the_account_is_said(self, stage: Stage) -> None:
        assert stage.centre.faults_of(stage.account) == []
        empty = Account(stage.account.merchant_id, ids.new_id(), stage.centre.key, SELLER)
        assert stage.centre.faults_of(empty)

    # --- numbers, where the centre hands them out

    def _needs(self, stage: Stage, ability: Ability) -> None:
        if ability not in stage.centre.abilities:
            pytest.skip(f"{stage.centre.key} does not {ability}")

    def test_numbers_come_in_whole_books_of_this_period(self, stage: Stage) -> None:
        self._needs(stage, Ability.TAKE_NUMBERS)
        answer = stage.centre.take_numbers(stage.account, Which.CURRENT, NOW)
        assert answer.outcome is Outcome.OK
        for one in answer.ranges:
            assert (one.period_code, one.invoice_type) == ("11508", "07")
            assert int(one.begin) % 50 == 0
            assert int(one.end) % 50 == 49

    def test_numbers_are_never_handed_out_twice_and_the_list_knows_them(self, stage: Stage) -> None:
        self._needs(stage, Ability.LIST_RANGES)
        first = stage.centre.take_numbers(stage.account, Which.CURRENT, NOW).ranges
        second = stage.centre.take_numbers(stage.account, Which.CURRENT, NOW).ranges
        assert {one.begin for one in first}.isdisjoint(one.begin for one in second)
        listed = stage.centre.list_ranges(stage.account, Which.CURRENT, NOW).ranges
        assert {*first, *second} <= set(listed)

    @pytest.mark.parametrize("name", ["lose_reply", "dollar_range"])
    def test_numbers_lost_on_the_way_are_found_by_listing(self, stage: Stage, name: str) -> None:
        self._needs(stage, Ability.LIST_RANGES)
        before = set(stage.centre.list_ranges(stage.account, Which.CURRENT, NOW).ranges)
        stage.fault(name, times=1)
        answer = stage.centre.take_numbers(stage.account, Which.CURRENT, NOW)
        assert answer.outcome in {Outcome.IN_DOUBT, Outcome.INVALID}
        assert answer.ranges == ()
        after = set(stage.centre.list_ranges(stage.account, Which.CURRENT, NOW).ranges)
        assert len(after - before) == 1

    def test_an_exhausted_track_is_told_apart(self, stage: Stage) -> None:
        self._needs(stage, Ability.TAKE_NUMBERS)
        stage.fault("exhausted")
        answer = stage.centre.take_numbers(stage.account, Which.CURRENT, NOW)
        assert (answer.outcome, answer.ranges) == (Outcome.NO_NUMBERS, ())

    def test_the_clock_can_be_compared(self, stage: Stage) -> None:
        self._needs(stage, Ability.SERVER_TIME)
        answer = stage.centre.server_time(stage.account, NOW)
        assert answer.outcome is Outcome.OK
        assert answer.moment is not None
        assert abs(answer.moment - NOW) < dt.timedelta(seconds=5)
