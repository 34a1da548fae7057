"""An edit compared with its controls."""
