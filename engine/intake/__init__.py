"""What `init` decides of a classifier and its data, and how it is checked."""
