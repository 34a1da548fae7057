"""The neurons to blame."""
