"""Pictures in real pixels: cells that stand for parts of one, and what draws them."""
