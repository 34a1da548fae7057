"""Ablation previews: neurons scaled or ablated, nothing trained."""
