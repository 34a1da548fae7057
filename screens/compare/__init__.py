"""An edit, weighed."""
