"""The Mirle value-added centre as four independent clients see it (provider sheet §2)."""
