"""The feature cache: what one pass over a split leaves on disk."""
