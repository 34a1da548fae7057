"""Words for neurons and for a class's mistakes, from CLIP. No torch."""
