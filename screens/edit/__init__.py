"""An edit: its form, its run."""
