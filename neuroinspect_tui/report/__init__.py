"""The report: what a workspace knows of a classifier, as one HTML file that needs nothing else."""
