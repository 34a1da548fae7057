"""What neurons see."""
