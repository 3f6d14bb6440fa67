"""The counter agent: runs on the shop's PC, owns the printer, and imports nothing but twinvoice."""

__version__ = "0.1.0"
