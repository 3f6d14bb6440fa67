"""The law, arithmetic and formats of Taiwan's electronic invoices, usable without any framework.

Nothing in this package reads a clock, a file, a socket or a setting: every function is a pure
function of its arguments. Amounts are whole New Taiwan dollars (``int``); quantities and unit
prices are ``Decimal``; dates and times are those of Asia/Taipei.
"""

__version__ = "0.1.0"
