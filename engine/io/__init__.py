"""Reading and writing files: atomic writes, arrays row by row, locks between processes."""
