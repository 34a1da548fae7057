"""What scaling neurons would do."""
