"""A ranking, an edit method and a data reader, found by their entry points."""
