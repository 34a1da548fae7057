"""Predictions -> accuracies by class and group."""
