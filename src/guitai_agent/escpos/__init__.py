"""ESC/POS: our own commands and encoders (printing.md §0, §4)."""
