"""Does the method find and repair a known shortcut? Measured on drawn birds: `make evidence`."""
