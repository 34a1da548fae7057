"""What neurons see: drawings and heat maps."""
