"""Accuracies by class and group, and what an edit changes in them."""
