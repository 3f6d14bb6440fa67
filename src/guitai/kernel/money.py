"""Money is whole New Taiwan dollars in ``int``. Floating point never touches it."""

from decimal import Decimal, InvalidOperation

MAX_TWD = 4_294_967_295
"""The largest total an invoice's QR code can carry in eight hex digits (mof.md §14.3)."""


def whole_twd(value: object) -> int:
    """``value`` (int, or text of digits) as whole TWD; raises ``ValueError`` for anything else."""
    if isinstance(value, bool | float):
        raise ValueError("money is never a float or a bool")
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not an amount of money") from error
    if amount != amount.to_integral_value():
        raise ValueError(f"{value!r} is not a whole dollar")
    return int(amount)


def shown(amount: int) -> str:
    """1234567 → ``1,234,567``."""
    return f"{amount:,}"
