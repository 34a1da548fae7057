"""Drawings of what activates neurons."""
