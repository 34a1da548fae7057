"""neuroinspect-tui: find, see and mend the neurons behind a classifier's mistakes."""
