"""The documentation: pages, the pictures in them (docs.tour), what code writes (docs.generate)."""
