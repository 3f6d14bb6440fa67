"""The benchmarks: ``make bench``. Ratios from one interleaved run; machines are noisy."""
