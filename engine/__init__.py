"""The engine: questions about a trained image classifier, answered. Knows nothing of terminals."""
