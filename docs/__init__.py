"""What the README shows, made anew: python -m docs.tour."""
