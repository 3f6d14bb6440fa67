"""The uniform-invoice lottery (統一發票給獎): which prize a number wins.

Source: mof.md §8.2–§8.4, §14.7; vectors in mof-vectors.md §7. Prizes and amounts come from
``codes/prizes.toml``. Except for cloud prizes the letters of the track do not count.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from twinvoice import codes
from twinvoice.document import Invoice
from twinvoice.faults import Fault
from twinvoice.period import Period

_NUMBER = re.compile(r"(?:[A-Z]{2})?[0-9]{8}")
_EIGHT = re.compile(r"[0-9]{8}")
_THREE = re.compile(r"[0-9]{3}")
_FULL = re.compile(r"[A-Z]{2}[0-9]{8}")
_CLOUD_AMOUNTS = (1_000_000, 2_000, 800, 500)


@dataclass(frozen=True, slots=True)
class Prize:
    """A prize: its code in ``codes/prizes.toml``, its Chinese name, and the amount in TWD."""

    code: str
    name: str
    amount: int


@dataclass(frozen=True, slots=True)
class WinningNumbers:
    """What is drawn for one period: eight digits each, three for the extra sixth prize.

    ``cloud`` maps an amount (1,000,000 · 2,000 · 800 · 500) to full numbers with their track.
    Raises ``Fault("TWI-LOTTERY")`` for another shape.
    """

    period: Period
    special: tuple[str, ...]
    grand: tuple[str, ...]
    first: tuple[str, ...]
    extra_sixth: tuple[str, ...] = ()
    cloud: Mapping[int, Collection[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shapes = (
            ("special", self.special, _EIGHT),
            ("grand", self.grand, _EIGHT),
            ("first", self.first, _EIGHT),
            ("extra_sixth", self.extra_sixth, _THREE),
            *((f"cloud/{amount}", numbers, _FULL) for amount, numbers in self.cloud.items()),
        )
        for path, numbers, shape in shapes:
            if isinstance(numbers, str) or not all(map(shape.fullmatch, numbers)):
                raise Fault("TWI-LOTTERY", path, {"value": str(numbers)[:80]})
        if set(self.cloud) - set(_CLOUD_AMOUNTS):
            raise Fault("TWI-LOTTERY", "cloud", {"value": str(sorted(self.cloud))})


def prize(code: str) -> Prize:
    """The prize of that code in ``codes/prizes.toml``."""
    entry = codes.load("prizes")[code]
    return Prize(code, entry.zh, entry.more["amount"])


def match(number: str, winning: WinningNumbers, *, cloud: bool = False) -> Prize | None:
    """The highest prize that ``number`` (``AB12345678`` or eight digits) wins, or ``None``.

    ``cloud``: the invoice takes part in the cloud prizes (carrier or donation, not printed before
    the draw). Whether an invoice takes part at all is for ``takes_part``. Raises
    ``Fault("TWI-NUMBER")``.
    """
    if not _NUMBER.fullmatch(number):
        raise Fault("TWI-NUMBER", "InvoiceNumber", {"value": number})
    won = _by_digits(number[-8:], winning)
    if cloud and len(number) == 10:
        won += [
            prize(f"cloud_{amount}") for amount, all_of in winning.cloud.items() if number in all_of
        ]
    return max(won, key=lambda one: one.amount, default=None)


def _by_digits(digits: str, winning: WinningNumbers) -> list[Prize]:
    won = []
    if digits in winning.special:
        won.append(prize("special"))
    if digits in winning.grand:
        won.append(prize("grand"))
    for code in ("first", "second", "third", "fourth", "fifth", "sixth"):
        count = codes.load("prizes")[code].more["digits"]
        if digits[-count:] in {drawn[-count:] for drawn in winning.first}:
            won.append(prize(code))
            break
    if digits[-3:] in winning.extra_sixth:
        won.append(prize("extra_sixth"))
    return won


def takes_part(
    invoice: Invoice, *, void: bool = False, government_bans: Collection[str] = ()
) -> bool:
    """Whether an invoice takes part in the draw at all (mof.md §8.4, §14.7).

    Not: void, zero total, zero-rated, a buyer with a BAN, a government buyer.
    """
    buyer = invoice.buyer
    return not (
        void
        or buyer.is_business
        or buyer.ban in government_bans
        or invoice.totals.total <= 0
        or invoice.totals.tax_type == "2"
    )


def takes_part_in_cloud(invoice: Invoice) -> bool:
    """Whether it takes part in the cloud prizes: carrier or donation, and not printed (§8.3)."""
    return not invoice.print_mark and bool(invoice.carrier_type or invoice.is_donated)


def match_invoice(
    invoice: Invoice,
    winning: WinningNumbers,
    *,
    void: bool = False,
    government_bans: Collection[str] = (),
) -> Prize | None:
    """The prize of an invoice of that period; ``None`` where it wins nothing or takes no part."""
    if Period.of(invoice.date) != winning.period:
        return None
    if not takes_part(invoice, void=void, government_bans=government_bans):
        return None
    return match(invoice.number, winning, cloud=takes_part_in_cloud(invoice))
