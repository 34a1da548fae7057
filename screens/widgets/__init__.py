"""The widgets of the screens: a table, pictures, curves and bars."""
