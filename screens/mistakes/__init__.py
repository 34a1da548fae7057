"""The mistakes of a class."""
