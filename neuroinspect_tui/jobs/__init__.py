"""Jobs that outlive the terminal: directories anyone can read, and a detached runner."""
