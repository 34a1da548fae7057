"""Ratios from one run, on the real flowers beside the checkout: `python -m benchmarks`."""
