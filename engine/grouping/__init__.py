"""Groupings: images of one class told apart without group labels, or by a file. No torch."""
