"""Training a whole classifier."""
