"""Images and labels as they lie on disk."""
