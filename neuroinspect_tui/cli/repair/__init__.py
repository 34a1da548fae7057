"""Commands that change the model: train, edit, compare, apply, export."""
