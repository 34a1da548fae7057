"""Does the method find and mend a known fault? Measured on generated birds: `make evidence`."""
