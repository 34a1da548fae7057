"""An edit, from its form to its end."""
