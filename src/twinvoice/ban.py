"""統一編號 (BAN): the eight digits of a Taiwanese business.

Source: mof.md §10.1, vectors in mof-vectors.md §5. Since 2023-04-01 the sum must be a multiple of
five; numbers valid under the older rule (multiples of ten) stay valid.
"""

import re

from twinvoice.faults import Fault

_WEIGHTS = (1, 2, 1, 2, 1, 2, 4, 1)
_SHAPE = re.compile(r"[0-9]{8}")
_DIGIT_SUM = tuple(value // 10 + value % 10 for value in range(37))


def is_valid(text: str) -> bool:
    """Whether ``text`` is eight ASCII digits that pass the checksum (mod 5, mof.md §10.1).

    ``00000000`` passes the arithmetic and is refused by policy. Blanks are not trimmed: that is
    the business of the field that took the text.
    """
    if not isinstance(text, str) or not _SHAPE.fullmatch(text) or text == "00000000":
        return False
    total = sum(
        _DIGIT_SUM[int(digit) * weight] for digit, weight in zip(text, _WEIGHTS, strict=True)
    )
    if text[6] == "7":
        # 7 × 4 = 28, 2 + 8 = 10, which may count as 1 or as 0.
        without = total - 10
        return without % 5 == 0 or (without + 1) % 5 == 0
    return total % 5 == 0


def check(text: str, *, path: str = "Identifier") -> str:
    """Return ``text`` unchanged, or raise ``Fault("TWI-BAN")`` where it is no BAN."""
    if not is_valid(text):
        raise Fault("TWI-BAN", path, {"value": text})
    return text
