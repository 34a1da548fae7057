"""What neurons respond to: drawings and heat maps."""
