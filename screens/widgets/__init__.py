"""What the screens are made of: a table, pictures, curves and bars; nothing of the engine."""
