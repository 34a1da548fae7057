"""The neurons behind a class's mistakes."""
