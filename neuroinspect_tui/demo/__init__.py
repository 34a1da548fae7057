"""Waterbirds in miniature: a generated data set whose fault is known, and the job done on it."""
