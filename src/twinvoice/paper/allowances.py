"""The slip of an allowance: 銷貨退回、進貨退出或折讓證明單 (mof.md §5.4)."""

from twinvoice.document import Allowance, AllowanceLine, Seller
from twinvoice.paper.blocks import Block, Columns, Cut, Feed, Rule, Slip, Text
from twinvoice.paper.invoices import clean, hyphenated, money, tax_type_name
from twinvoice.proof import plain_decimal

TITLE = ("電子發票銷貨退回、", "進貨退出或折讓證明單證明聯")


def allowance_slip(
    allowance: Allowance, *, store_name: str = "", reprint: bool = False, signature: bool = True
) -> Slip:
    """The allowance as the buyer gets it, ending with a cut.

    Amounts of lines and ``allowance.total`` are tax-exclusive, the last sum is what is paid back.
    ``signature`` leaves a line for the consent of the buyer (mof.md §5.2), ``reprint`` marks 補印.
    """
    return (
        Text(clean(store_name or allowance.seller.name), bold=True, align="centre"),
        *(Text(line, bold=True, align="centre") for line in TITLE),
        *((Text("補印", bold=True, align="centre"),) if reprint else ()),
        Text(f"{allowance.date:%Y-%m-%d}", align="centre"),
        Text(f"折讓單號 {clean(allowance.number)}"),
        *_parties(allowance),
        Rule(),
        *(block for line in allowance.lines for block in _line_blocks(line)),
        Rule(),
        Columns("金額合計(未稅)", f"{allowance.total:,}"),
        Columns("營業稅額合計", f"{allowance.tax:,}"),
        Columns("退還總額", f"{allowance.total + allowance.tax:,}", bold=True),
        *((Feed(24), Text("簽收人"), Feed(48), Rule()) if signature else ()),
        Cut(),
    )


def _parties(allowance: Allowance) -> tuple[Block, ...]:
    found: list[Block] = [
        Text(f"賣方 {allowance.seller.ban}"),
        Text(f"  {clean(allowance.seller.name)}"),
        *_address(allowance.seller),
    ]
    if allowance.buyer.is_business:
        found.append(Text(f"買方 {allowance.buyer.ban}"))
        if allowance.buyer.name not in ("", "0000", allowance.buyer.ban):
            found.append(Text(f"  {clean(allowance.buyer.name)}"))
    return tuple(found)


def _address(seller: Seller) -> tuple[Block, ...]:
    return (Text(f"  {clean(seller.address)}"),) if seller.address else ()


def _line_blocks(line: AllowanceLine) -> tuple[Block, ...]:
    quantity = f"  {plain_decimal(line.quantity)}{clean(line.unit)} x {money(line.unit_price)}"
    return (
        Columns(hyphenated(line.original_number), f"{line.original_date:%Y-%m-%d}"),
        Text(clean(line.original_description)),
        Columns(quantity, money(line.amount)),
        Columns(f"  {tax_type_name(line.tax_type)}", f"稅額 {line.tax:,}"),
    )
