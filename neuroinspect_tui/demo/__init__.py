"""A small generated Waterbirds: a data set with a known shortcut, and the whole workflow on it."""
