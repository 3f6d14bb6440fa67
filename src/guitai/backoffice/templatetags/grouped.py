"""``{{ amount|grouped }}``: whole numbers with a comma every three digits.

Django's own ``intcomma`` groups by four in Traditional Chinese, which no till roll does.
"""

from decimal import Decimal
from typing import Any

from django import template

register = template.Library()


@register.filter
def grouped(value: Any) -> str:
    """1234567 → ``1,234,567``; decimals keep their digits; empty stays empty."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,f}" if isinstance(value, Decimal) else str(value or "")
