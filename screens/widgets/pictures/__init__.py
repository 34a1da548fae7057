"""Picture renderers: an image becomes rows of terminal cells. A new one is a file here."""
