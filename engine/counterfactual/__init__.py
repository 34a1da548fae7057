"""Counterfactual explanation (paper section 3.1)."""
