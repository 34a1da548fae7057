"""Requests, records and errors: frozen, torch-free values."""
