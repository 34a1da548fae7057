"""Mistakes -> the neurons to blame for them."""
