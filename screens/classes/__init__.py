"""Classes by accuracy, worst first: the first screen."""
