"""Plots of a classifier on its evaluation split."""
