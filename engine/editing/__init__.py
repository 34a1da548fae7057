"""Edits of the decision layer, each against its controls."""
