"""What is asked and answered: frozen, torch-free records, and the expected failures."""
