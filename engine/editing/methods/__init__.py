"""One file for each edit method."""
