"""The Turnkey program and the tax platform behind it, played over a folder (mof.md §9)."""
