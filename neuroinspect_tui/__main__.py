"""`python -m neuroinspect_tui`."""

from neuroinspect_tui.main import main

main()
