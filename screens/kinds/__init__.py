"""Both ends of the images of a class: the two kinds, and the cut between them."""
