"""Business tax (營業稅) in whole dollars: integers and decimals only, half up.

Source: mof.md §2.3–§2.6 and §14.2, product.md B.10; vectors in mof-vectors.md §3.

A consumer pays the tax-inclusive price: lines are tax-inclusive, the header shows no tax. For a
company the header separates the tax and its lines are tax-exclusive with decimals that close to
the header. ``lines_for`` turns the same prices into either kind of lines, ``totals`` makes the
header from lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from twinvoice.document import Buyer, Line, TaxType, Totals
from twinvoice.faults import Fault

RATE = Decimal("0.05")
"""The general rate (InvoiceType 07)."""

SPECIAL_RATES = (Decimal("0.02"), Decimal("0.05"), Decimal("0.15"), Decimal("0.25"))
"""Rates of InvoiceType 08 (mof.md §2.6)."""

_ZERO = Decimal(0)
_WHOLE = Decimal(1)
_CENTS = Decimal("0.0001")
_PRICE = Decimal("0.0000001")
_MOST_DIGITS = 20
_MIXED_WITH = {"2": "zero-rated", "3": "exempt"}


class Rounding(Enum):
    """Where the whole dollar is found for a company's invoice (both half up, mof.md §2.4).

    ``FROM_TOTAL``: prices include the tax; the total is rounded first, the tax is total × 5 / 105
    and the sales are what is left. For whole exclusive sums it gives the same as ``FROM_SALES``.
    ``FROM_SALES``: prices exclude the tax; the sales are rounded first, the tax is sales × 5 %.
    """

    FROM_TOTAL = "from_total"
    FROM_SALES = "from_sales"


def half_up(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` rounded half up, both integers, numerator not negative."""
    return (2 * numerator + denominator) // (2 * denominator)


def whole(amount: Decimal) -> int:
    """A decimal amount in whole dollars, half up (away from zero).

    Raises ``Fault("TWI-AMOUNT")`` where it is not finite or has more than twenty digits before
    the point, which no message can carry (mof.md §1.4).
    """
    return int(_bounded(amount).quantize(_WHOLE, ROUND_HALF_UP))


def _bounded(value: Decimal) -> Decimal:
    if not value.is_finite() or (value and value.adjusted() >= _MOST_DIGITS):
        raise Fault("TWI-AMOUNT", "Amount", {"value": f"{value:.6g}"})
    return value


def _amount(value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Fault("TWI-AMOUNT", "Amount", {"value": value})
    return value


def tax_of_inclusive(total: int) -> int:
    """Tax inside a tax-inclusive total, whole TWD: total × 5 / 105 half up; no tie is possible."""
    return half_up(_amount(total) * 5, 105)


def tax_of_exclusive(sales: int) -> int:
    """Tax on top of tax-exclusive sales, whole TWD: sales × 5 / 100 half up (10 → 1)."""
    return half_up(_amount(sales) * 5, 100)


def sum_by_type(lines: Iterable[Line]) -> dict[TaxType, Decimal]:
    """Exact sum of the line amounts per tax type, in the order the types appear."""
    sums: dict[TaxType, Decimal] = {}
    for line in lines:
        sums[line.tax_type] = sums.get(line.tax_type, _ZERO) + line.amount
    return sums


def header_tax_type(types: Iterable[TaxType]) -> TaxType:
    """The header's TaxType for the types of its lines (V18); raises ``TWI-TAX-MIX``.

    One type stays itself; taxable with exempt, or taxable with zero-rated, is 9. Exempt with
    zero-rated, or anything with the special rate, needs invoices of its own (mof.md §2.6).
    """
    kinds = sorted(set(types))
    if len(kinds) == 1 and kinds[0] in ("1", "2", "3", "4"):
        return kinds[0]
    if kinds in (["1", "2"], ["1", "3"]):
        return "9"
    raise Fault("TWI-TAX-MIX", "Amount/TaxType", {"types": tuple(kinds)})


def totals(
    lines: Sequence[Line],
    buyer: Buyer,
    *,
    rounding: Rounding = Rounding.FROM_TOTAL,
    special_rate: Decimal | None = None,
) -> Totals:
    """The Amount block for ``lines`` as ``lines_for`` makes them (mof.md §2.3–§2.6).

    Amounts of ``lines`` are tax-inclusive for a consumer and tax-exclusive for a company.
    ``special_rate`` is needed for, and only for, lines of tax type 4. Raises ``TWI-TAX-MIX``,
    ``TWI-TAX-RATE``, or ``TWI-TAX-NEGATIVE`` where discounts exceed what they reduce.
    """
    sums = sum_by_type(lines)
    kind = header_tax_type(sums)
    rate = _rate(kind, special_rate)
    if min(sums.values()) < 0:
        raise Fault("TWI-TAX-NEGATIVE", "Amount", {kind: str(part) for kind, part in sums.items()})
    free, zero = whole(sums.get("3", _ZERO)), whole(sums.get("2", _ZERO))
    taxable = sums.get("1", _ZERO) + sums.get("4", _ZERO)
    sales, tax = whole(taxable), 0
    if buyer.is_business and kind in ("1", "9"):
        sales, tax = _separate(taxable, rounding)
    return Totals(sales, free, zero, kind, rate, tax, sales + free + zero + tax)


def _separate(taxable: Decimal, rounding: Rounding) -> tuple[int, int]:
    if rounding is Rounding.FROM_SALES:
        sales = whole(taxable)
        return sales, tax_of_exclusive(sales)
    total = whole(taxable * (1 + RATE))
    tax = tax_of_inclusive(total)
    return total - tax, tax


def _rate(kind: TaxType, special_rate: Decimal | None) -> Decimal:
    if kind == "4":
        if special_rate not in SPECIAL_RATES:
            raise Fault("TWI-TAX-RATE", "Amount/TaxRate", {"value": special_rate})
        return special_rate
    if special_rate is not None:
        raise Fault("TWI-TAX-RATE", "Amount/TaxRate", {"value": special_rate})
    return RATE if kind in ("1", "9") else _ZERO


@dataclass(frozen=True, slots=True)
class Item:
    """Something sold at a tax-inclusive price, before it becomes a ``Line``.

    ``amount`` is the tax-inclusive amount of the line in whole TWD; left out it is quantity ×
    unit price rounded half up. Discounts are items with a negative price or amount.
    """

    description: str
    unit_price: Decimal
    quantity: Decimal = _WHOLE
    tax_type: TaxType = "1"
    amount: int | None = None
    unit: str = ""
    remark: str = ""
    relate_number: str = ""

    @property
    def whole_amount(self) -> int:
        if self.amount is not None:
            return self.amount
        return whole(_bounded(self.quantity) * _bounded(self.unit_price))


DISCOUNT_NAMES: Mapping[TaxType, str] = {
    "1": "應稅折扣",
    "2": "零稅率折扣",
    "3": "免稅折扣",
    "4": "折扣",
}


def split_discount(discount: int, bases: Mapping[TaxType, int]) -> dict[TaxType, int]:
    """Share a discount (positive TWD) over tax types in proportion to their amounts.

    Largest remainder, so that the shares add up to the discount (product.md B.10.3). Types without
    a positive amount get nothing. Raises ``TWI-TAX-NEGATIVE`` where the discount is larger than
    what there is.
    """
    positive = {kind: base for kind, base in bases.items() if base > 0}
    total = sum(positive.values())
    if _amount(discount) > total:
        raise Fault("TWI-TAX-NEGATIVE", "Amount", {"discount": discount, "total": total})
    if not discount:
        return {}
    shares = {kind: discount * base // total for kind, base in positive.items()}
    left = discount - sum(shares.values())
    for kind in sorted(positive, key=lambda kind: (-(discount * positive[kind] % total), kind))[
        :left
    ]:
        shares[kind] += 1
    return {kind: share for kind, share in shares.items() if share}


def _with_discount(items: Sequence[Item], discount: int) -> list[Item]:
    bases: dict[TaxType, int] = {}
    for item in items:
        bases[item.tax_type] = bases.get(item.tax_type, 0) + item.whole_amount
    shares = split_discount(discount, bases)
    lone = len(shares) == 1
    return [*items] + [
        Item("折扣" if lone else DISCOUNT_NAMES[kind], Decimal(-share), tax_type=kind)
        for kind, share in shares.items()
    ]


def lines_for(buyer: Buyer, items: Sequence[Item], *, discount: int = 0) -> tuple[Line, ...]:
    """The lines of a document from tax-inclusive prices (mof.md §2.3).

    ``discount`` (positive whole TWD, tax-inclusive) on the whole order becomes one line per tax
    type, in proportion. For a consumer amounts stay tax-inclusive whole dollars. For a company
    taxable amounts become tax-exclusive with up to four decimals and add up to the SalesAmount
    that ``totals`` (``Rounding.FROM_TOTAL``) finds from them, less than half a dollar apart and
    exactly wherever the total survives it: the last discount line, or else the largest line,
    takes the difference.
    """
    all_items = _with_discount(items, discount)
    lines = [_line(number, item) for number, item in enumerate(all_items, 1)]
    if buyer.is_business:
        lines = _exclusive(lines)
    return tuple(lines)


def _line(number: int, item: Item) -> Line:
    return Line(
        description=item.description,
        quantity=item.quantity,
        unit_price=item.unit_price,
        amount=Decimal(item.whole_amount),
        sequence=str(number),
        tax_type=item.tax_type,
        unit=item.unit,
        remark=item.remark,
        relate_number=item.relate_number,
    )


def _exclusive(lines: list[Line]) -> list[Line]:
    taxable = [index for index, line in enumerate(lines) if line.tax_type == "1"]
    total = int(sum(lines[index].amount for index in taxable))
    if not taxable or total < 0:
        return lines
    amounts = _without_tax([int(lines[index].amount) for index in taxable])
    closing = _closing(amounts)
    amounts[closing] += _target(total) - sum(amounts)
    changed = list(lines)
    for index, amount in zip(taxable, amounts, strict=True):
        changed[index] = _reprice(lines[index], amount)
    return changed


def _target(total: int) -> Decimal:
    """What tax-exclusive lines add up to: SalesAmount, if the total can be found from it again.

    A total of 10 has 10 sales and no tax, but 10 sales alone mean a tax of 1 (a tie): then the
    lines keep 9.5238, which lies within the tolerance of mof.md §2.3.
    """
    tax = tax_of_inclusive(total)
    sales = total - tax
    if tax_of_exclusive(sales) == tax:
        return Decimal(sales)
    return (Decimal(total * 100) / 105).quantize(_CENTS, ROUND_HALF_UP)


def _without_tax(inclusive: Sequence[int]) -> list[Decimal]:
    """Each amount / 1.05 to four decimals; the rounding is carried on, so it never adds up."""
    amounts, before, running = [], _ZERO, 0
    for amount in inclusive:
        running += amount
        after = (Decimal(running * 100) / 105).quantize(_CENTS, ROUND_HALF_UP)
        amounts.append(after - before)
        before = after
    return amounts


def _closing(amounts: Sequence[Decimal]) -> int:
    """Which line takes the difference: the last discount, or else the largest (mof.md §2.3)."""
    discounts = [index for index, amount in enumerate(amounts) if amount < 0]
    return discounts[-1] if discounts else max(range(len(amounts)), key=amounts.__getitem__)


def _reprice(line: Line, amount: Decimal) -> Line:
    """The tax-exclusive line; the price follows the amount so that quantity × price agrees."""
    price = amount / line.quantity if line.quantity else amount
    if line.quantity * line.unit_price != line.amount:
        # Set by hand or weighed: the line keeps the price of the shelf, less its tax.
        price = line.unit_price * 100 / 105
    return replace(line, amount=_plain(amount), unit_price=_plain(price.quantize(_PRICE)))


def _plain(value: Decimal) -> Decimal:
    """Without trailing zeros and without an exponent: 100.0000 → 100."""
    normal = value.normalize()
    exponent = normal.as_tuple().exponent
    return normal.quantize(_WHOLE) if isinstance(exponent, int) and exponent > 0 else normal
