"""Speed, compared with baselines in the same run, on real flowers: `python -m benchmarks`."""
