"""Classifiers, their checkpoints, and CLIP."""
