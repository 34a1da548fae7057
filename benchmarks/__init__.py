"""Benchmarks: ratios from one run."""
